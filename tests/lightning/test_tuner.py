"""The Tuner finds what real Lightning's finds, and leaves the module as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import torch

import kerastorch.lightning as pl
from kerastorch.runtime import memory
from tests.lightning import parity


@pytest.fixture(autouse=True)
def _no_collection() -> Iterator[None]:
    """Python's garbage is not collected after each trial, which takes a third of a second."""
    with mock.patch("gc.collect"):
        yield


def trainer(lib: Any, folder: Path) -> Any:
    with parity.quiet():
        return lib.Trainer(
            max_epochs=1, logger=False, accelerator="cpu", enable_progress_bar=False, enable_model_summary=False,
            enable_checkpointing=False, default_root_dir=folder,
        )  # fmt: skip


def test_a_learning_rate_as_lightnings(tmp_path: Path) -> None:
    found = []
    for lib in parity.both():
        with parity.quiet():
            from lightning.pytorch.tuner import Tuner as Real

        torch.manual_seed(3)
        module = parity.classifier(lib)()
        before = {name: value.clone() for name, value in module.state_dict().items()}
        kind = pl.Tuner if lib is pl else Real
        with parity.quiet():
            result = kind(trainer(lib, tmp_path)).lr_find(module, parity.data(800), num_training=60, max_lr=10.0)
        assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
        rates = result.lr if lib is pl else result.results["lr"]
        assert module.hparams.lr == result.suggestion() != 0.05
        found.append(float(rates[-1]))
    assert 0.5 < found[0] / found[1] < 2.0, "the loss diverges at the same rate"


def test_a_module_without_a_rate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'lr' or 'learning_rate'"):
        pl.Tuner(trainer(pl, tmp_path)).lr_find(parity.autoencoder(pl)(), parity.data())
    with pytest.raises(ValueError, match="automatic optimization"):
        module = parity.gan(pl)()
        module.lr = 0.1
        pl.Tuner(trainer(pl, tmp_path)).lr_find(module, parity.data())


def sized(most: int, lib: Any = pl) -> Any:
    class Sized(parity.autoencoder(lib)):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.batch_size = 4

        def train_dataloader(self) -> Any:
            return parity.data(100, self.batch_size)

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            if len(batch[0]) > most:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return super().training_step(batch, batch_idx)

    return Sized()


@pytest.mark.parametrize(("mode", "most", "wanted"), [("power", 20, 16), ("binsearch", 20, 19), ("power", 999, 128)])
def test_a_batch_size(mode: str, most: int, wanted: int, tmp_path: Path) -> None:
    module = sized(most)
    with mock.patch.object(memory, "give_back") as given:
        assert pl.Tuner(trainer(pl, tmp_path)).scale_batch_size(module, mode=mode) == wanted == module.batch_size
    assert given.called == (most < 999)


def test_other_errors_are_not_swallowed(tmp_path: Path) -> None:
    module = sized(50)
    module.encoder = None
    with pytest.raises(TypeError):
        pl.Tuner(trainer(pl, tmp_path)).scale_batch_size(module)
    with pytest.raises(ValueError, match="`train_dataloader`"):
        pl.Tuner(trainer(pl, tmp_path)).scale_batch_size(module, parity.data())
    with pytest.raises(ValueError, match="'size'"):
        pl.Tuner(trainer(pl, tmp_path)).scale_batch_size(module, batch_arg_name="size")


def flagged(folder: Path, told: list[str], **flags: Any) -> Any:
    """A Trainer made with older flags, each of which is told of once."""
    with pytest.warns(DeprecationWarning) as warned:
        made = pl.Trainer(
            max_epochs=1, logger=False, accelerator="cpu", enable_progress_bar=False, enable_model_summary=False,
            enable_checkpointing=False, default_root_dir=folder, **flags,
        )  # fmt: skip
    assert ["Tuner(trainer)." + name in str(one.message) for name, one in zip(told, warned, strict=True)] == [True] * 2
    return made


def test_older_flags_are_the_tuner(tmp_path: Path) -> None:
    class Rated(type(sized(20))):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.rate = 0.5

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters(), lr=self.rate)

    found = []
    for way in ("flags", "fit", "tuner"):
        torch.manual_seed(5)
        module = Rated()
        if way == "tuner":
            tuner = pl.Tuner(trainer(pl, tmp_path))
            tuner.scale_batch_size(module, mode="binsearch")
            tuner.lr_find(module, attr_name="rate", num_training=100)
        else:
            names = ["lr_find", "scale_batch_size"]
            held = flagged(tmp_path, names, auto_lr_find="rate", auto_scale_batch_size="binsearch")
            if way == "flags":
                told = held.tune(module)
                assert told["scale_batch_size"] == 19 and told["lr_find"].suggestion() == module.rate
            before = (module.batch_size, module.rate)
            held.fit(module)
            assert (before == (4, 0.5)) == (way == "fit") and held.global_step == 6
        found.append((module.batch_size, module.rate))
    assert found[0] == found[1] == found[2] and found[0][0] == 19 and found[0][1] != 0.5


def test_tune_without_flags_only_tells(tmp_path: Path) -> None:
    module = sized(20)
    with pytest.warns(DeprecationWarning, match=r"Tuner\(trainer\)") as told:
        assert trainer(pl, tmp_path).tune(module) == {}
    assert len(told) == 1 and module.batch_size == 4


def test_no_size_is_larger_than_max_val(tmp_path: Path) -> None:
    module = sized(1000)
    for mode in ("power", "binsearch"):
        found = pl.Tuner(trainer(pl, tmp_path)).scale_batch_size(module, mode=mode, max_val=19, margin=0)
        assert found == 19 == module.batch_size


def test_the_margin_is_lightnings(tmp_path: Path) -> None:
    with parity.quiet():
        from lightning.pytorch.tuner import Tuner as Real
    for margin in (0.05, 0.3):
        sizes = []
        for lib, kind in zip(parity.both(), (pl.Tuner, Real), strict=True):
            with parity.quiet():
                how = {"mode": "binsearch", "margin": margin}
                sizes.append(kind(trainer(lib, tmp_path)).scale_batch_size(sized(20, lib), **how))
        assert sizes[0] == sizes[1] == int(20 * (1 - margin))


@pytest.mark.parametrize("method", ["validate", "test", "predict"])
def test_a_batch_size_of_an_evaluation(method: str, tmp_path: Path) -> None:
    class Judged(parity.classifier(pl)):  # type: ignore[misc]
        batch_size, batches = 4, 0

        def val_dataloader(self) -> Any:
            return parity.data(100, self.batch_size)

        test_dataloader = predict_dataloader = val_dataloader

        def forward(self, x: Any) -> Any:
            if len(x) > 20:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            self.batches += 1
            return super().forward(x)

        def predict_step(self, batch: Any, batch_idx: int) -> Any:
            return self(batch[0])

    module, held = Judged(), trainer(pl, tmp_path)
    assert pl.Tuner(held).scale_batch_size(module, method=method) == 16 == module.batch_size
    assert module.batches == 0 and module.trainer is held, "all is put back, and nothing is evaluated"
    with pytest.raises(ValueError, match="`method`"):
        pl.Tuner(held).scale_batch_size(module, method="tune")
    with pytest.raises(ValueError, match="`method`"):
        pl.Tuner(held).lr_find(module, method=method)


def test_a_trainer_is_afterwards_what_it_was(tmp_path: Path) -> None:
    held, module = trainer(pl, tmp_path), parity.classifier(pl)()
    before = dict(vars(held))
    pl.Tuner(held).lr_find(module, parity.data(), num_training=5, update_attr=False)
    assert vars(held) == before and held.state.status == "initializing" and module.trainer is held


def test_the_finding_is_drawn_where_it_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    found = pl.tuner.LRFinder([10.0**i for i in range(-20, 0)], [20.0 - i for i in range(20)])
    shown: list[bool] = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(True))
    _, axes = plt.subplots()
    assert found.plot(suggest=True, show=True, ax=axes) is axes.figure and shown == [True]
    assert list(axes.lines[0].get_ydata()) == found.results["loss"]
    plt.close("all")
