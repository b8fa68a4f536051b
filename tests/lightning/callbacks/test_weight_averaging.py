"""Averages, the figures of validations and checkpoints are real Lightning's, bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

import kerastorch.lightning as pl
from tests.lightning import parity


def make(lib: Any) -> Any:
    class Normed(parity.classifier(lib)):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Sequential(nn.Linear(10, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))

    return Normed


def averaging(when: str) -> Any:
    def build(lib: Any) -> Any:
        class Averaging(lib.callbacks.WeightAveraging):  # type: ignore[misc,name-defined]
            def should_update(self, step_idx: Any = None, epoch_idx: Any = None) -> bool:
                if when == "steps":
                    return step_idx is not None and step_idx >= 3
                return epoch_idx is not None

        return lib.callbacks.WeightAveraging() if when == "always" else Averaging(use_buffers=when == "steps")

    return build


def check_same(found: Any, wanted: Any) -> None:
    assert sorted(found) == sorted(wanted)
    for name in found:
        assert torch.equal(torch.as_tensor(found[name]), torch.as_tensor(wanted[name])), name


@pytest.mark.parametrize("when", ["always", "steps", "epochs"])
def test_the_same_averages(when: str, tmp_path: Path) -> None:
    savings, found = [], []

    def saving(lib: Any) -> Any:
        savings.append(lib.callbacks.ModelCheckpoint(every_n_train_steps=5, save_top_k=-1))
        return savings[-1]

    own, real = parity.run_both(
        make, tmp_path, lambda: parity.data(40), lambda: parity.data(16), max_epochs=3, enable_checkpointing=True,
        callbacks=[averaging(when), saving], accumulate_grad_batches=2 if when == "always" else 1,
    )  # fmt: skip
    parity.check_equal(own, real)
    check_same(own[0].state_dict(), real[0].state_dict())
    for one in savings:
        found.append(torch.load(one.best_model_path, weights_only=True))
    assert found[0]["callbacks"].keys() == found[1]["callbacks"].keys()
    for key in ("state_dict", "current_model_state", "averaging_state"):
        check_same(found[0][key], found[1][key])


@pytest.mark.parametrize(("writer", "reader"), [(0, 0), (0, 1), (1, 0)], ids=["own", "own to real", "real to own"])
def test_it_goes_on(writer: int, reader: int, tmp_path: Path) -> None:
    whole, _, _ = parity.run(
        pl, make, tmp_path, parity.data(40), parity.data(8), max_epochs=4, callbacks=[averaging("always")]
    )
    lib, other = parity.both()[writer], parity.both()[reader]
    saving = lib.callbacks.ModelCheckpoint(tmp_path / "kept", save_top_k=-1)
    parity.run(
        lib, make, tmp_path, parity.data(40), parity.data(8), max_epochs=2, enable_checkpointing=True,
        callbacks=[averaging("always"), lambda lib: saving],
    )  # fmt: skip
    path = saving.best_model_path
    module = make(other)()
    with parity.quiet():
        trainer = other.Trainer(
            max_epochs=4, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
            enable_model_summary=False, callbacks=averaging("always")(other),
        )  # fmt: skip
        trainer.fit(module, parity.data(40), parity.data(8), ckpt_path=path)
        check_same(module.state_dict(), whole.state_dict())
        trainer.validate(module, parity.data(8), verbose=False)  # the average, which it has already, takes its place
    check_same(module.state_dict(), whole.state_dict())


def test_a_checkpoint_without_an_average(tmp_path: Path) -> None:
    saving = pl.callbacks.ModelCheckpoint(tmp_path)
    module, _, _ = parity.run(
        pl, make, tmp_path, parity.data(16), max_epochs=1, enable_checkpointing=True, callbacks=[lambda lib: saving]
    )
    one = pl.callbacks.WeightAveraging(device="cpu")
    trainer = pl.Trainer(
        max_epochs=2, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, callbacks=one,
    )  # fmt: skip
    with pytest.warns(RuntimeWarning, match="no averaged weights"):
        trainer.fit(make(pl)(), parity.data(16), ckpt_path=saving.best_model_path)
    assert one.average is not None and int(one.average.n_averaged) == 2
    one.average = None
    checkpoint = {"state_dict": module.state_dict()}
    one.on_save_checkpoint(trainer, module, checkpoint)
    assert list(checkpoint) == ["state_dict"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["EMAWeightAveraging", "StochasticWeightAveraging"])
def test_two_ranks(kind: str, tmp_path: Path) -> None:
    """They end with the average that one process has of their batches together."""
    options = {"decay": 0.5} if kind == "EMAWeightAveraging" else {"swa_lrs": 0.02, "swa_epoch_start": 2}
    dataset, modules = parity.data(32).dataset, []
    both = [[8 * i + r for r in (*range(0, 8, 2), *range(1, 8, 2))] for i in range(4)]
    for devices, loader in ((1, DataLoader(dataset, batch_sampler=both)), (2, DataLoader(dataset, batch_size=4))):
        module, trainer, _ = parity.run(
            pl, lambda lib: type("Own", (parity.classifier(lib),), {"configure_optimizers": plain}), tmp_path, loader,
            max_epochs=3, devices=devices, logger=False,
            callbacks=[lambda lib: getattr(lib.callbacks, kind)(**options)],
        )  # fmt: skip
        assert trainer.global_step == 12
        modules.append(module)
    for found, wanted in zip(modules[1].parameters(), modules[0].parameters(), strict=True):
        assert torch.allclose(found, wanted, atol=1e-6)


def plain(self: Any) -> Any:
    self.net[2].p = 0.0  # no chance
    return torch.optim.SGD(self.parameters(), lr=0.1)
