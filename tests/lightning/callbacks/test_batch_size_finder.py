"""A batch size is found as real Lightning finds it."""

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

ROWS = 100


@pytest.fixture(autouse=True)
def _no_collection() -> Iterator[None]:
    """Python's garbage is not collected after each trial, which takes a third of a second."""
    with mock.patch("gc.collect"):
        yield


def sized(lib: Any, most: int) -> Any:
    """A class of modules that runs out of memory by batches of more than `most` rows."""

    class Sized(parity.classifier(lib)):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.batch_size = 4
            self.made: list[int] = []
            self.net[2].p = 0.0

        def _loader(self) -> Any:
            self.made.append(self.batch_size)
            return parity.data(ROWS, self.batch_size)

        train_dataloader = val_dataloader = test_dataloader = predict_dataloader = _loader

        def forward(self, x: Any) -> Any:
            if len(x) > most:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return super().forward(x)

        def predict_step(self, batch: Any, batch_idx: int) -> Any:
            return self(batch[0])

    return Sized


def run(
    lib: Any, most: int, folder: Path, method: str = "fit", callback: Any = None, epochs: int = 1, **options: Any
) -> Any:
    """A run with a finder: (the size found, that of the module, batches of the run)."""
    torch.manual_seed(7)
    module = sized(lib, most)()
    search = (callback or lib.callbacks.BatchSizeFinder)(**options)
    with parity.quiet():
        trainer = lib.Trainer(
            max_epochs=epochs, logger=False, accelerator="cpu", enable_progress_bar=False, enable_model_summary=False,
            enable_checkpointing=False, default_root_dir=folder, callbacks=[search], limit_val_batches=2,
        )  # fmt: skip
        getattr(trainer, method)(module)
    counts = {"fit": "num_training_batches", "test": "num_test_batches", "predict": "num_predict_batches"}
    count = getattr(trainer, counts.get(method, "num_val_batches"))
    return (search.optimal_batch_size, module.batch_size, count), module


@pytest.mark.parametrize(
    ("method", "most", "options"),
    [
        ("fit", 20, {}),
        ("fit", 999, {"steps_per_trial": 1}),
        ("fit", 20, {"max_trials": 3}),
        ("fit", 20, {"mode": "binsearch"}),
        ("test", 20, {"mode": "binsearch", "margin": 0.0}),
        ("fit", 999, {"mode": "binsearch", "margin": 0.3}),
        ("fit", 999, {"mode": "binsearch", "max_val": 19}),
        ("fit", 20, {"mode": "binsearch", "max_trials": 4}),
        ("validate", 1, {"mode": "binsearch", "init_val": 9}),
        ("predict", 20, {"init_val": 45}),
        ("test", 20, {"mode": "binsearch", "init_val": 45}),
    ],
)
def test_the_size_is_lightnings(method: str, most: int, options: dict[str, Any], tmp_path: Path) -> None:
    own, real = (run(lib, most, tmp_path, method, **options)[0] for lib in parity.both())
    assert own == real


def test_where_lightning_goes_beyond_memory(tmp_path: Path) -> None:
    """In a fit Lightning tries nothing more once the first size has failed, and doubles beyond `max_val`."""
    assert run(pl, 20, tmp_path, init_val=45)[0] == (11, 11, 10)
    assert run(pl, 20, tmp_path, init_val=45, mode="binsearch", margin=0)[0] == (20, 20, 5)
    assert run(pl, 20, tmp_path, init_val=64, mode="power")[0] == (16, 16, 7)
    assert run(pl, 999, tmp_path, max_val=19)[0] == (19, 19, 6)


def at_epoch(lib: Any, epoch: int) -> Any:
    class AtEpoch(lib.callbacks.BatchSizeFinder):  # type: ignore[misc]
        def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
            """Not yet."""

        def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
            if trainer.current_epoch == epoch:
                self.scale_batch_size(trainer, pl_module)

    return AtEpoch


@pytest.mark.parametrize("epoch", [0, 2])
def test_amid_a_fit_the_dataloaders_are_asked_for_anew(epoch: int, tmp_path: Path) -> None:
    (found, size, count), module = run(pl, 20, tmp_path, callback=at_epoch(pl, epoch), epochs=3)
    assert (found, size, count, module.made[-2:]) == (16, 16, 7, [16, 16])
    assert len(module.losses) == 25 * epoch + 7 * (3 - epoch)

    class Known(pl.Callback):
        """Sets the size without looking for it."""

        optimal_batch_size = 16

        def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
            if trainer.current_epoch == epoch:
                pl_module.batch_size = 16
                trainer.reload()

    assert run(pl, 20, tmp_path, callback=Known, epochs=3)[1].losses == module.losses


def test_a_module_that_updates_by_itself(tmp_path: Path) -> None:
    class Manual(parity.gan(pl)):  # type: ignore[misc]
        batch_size = 3

        def train_dataloader(self) -> Any:
            return parity.data(ROWS, self.batch_size)

    search = pl.callbacks.BatchSizeFinder(max_val=30)
    module, trainer, _ = parity.run(
        pl, lambda lib: Manual, tmp_path, None, callbacks=[lambda lib: search], max_epochs=1
    )
    assert module.batch_size == 30 and len(module.losses) == 2 * 4


def test_a_size_that_a_datamodule_keeps(tmp_path: Path) -> None:
    class Rows(pl.LightningDataModule):
        def __init__(self, batch_size: int = 3) -> None:
            super().__init__()
            self.save_hyperparameters()

        def train_dataloader(self) -> Any:
            return parity.data(ROWS, self.hparams.batch_size)

    search, rows = pl.callbacks.BatchSizeFinder(), Rows()
    parity.run(pl, parity.classifier, tmp_path, rows, callbacks=[lambda lib: search], max_epochs=1)
    assert rows.hparams.batch_size == search.optimal_batch_size == 128


def test_memory_is_given_back_and_other_errors_are_not_swallowed(tmp_path: Path) -> None:
    with mock.patch.object(memory, "give_back") as given:
        run(pl, 20, tmp_path)
    assert given.call_count == 1
    with pytest.raises(RuntimeError, match="other"), mock.patch.object(memory, "is_out_of_memory", lambda error: False):
        with mock.patch.object(torch, "OutOfMemoryError", lambda text: RuntimeError("other")):
            run(pl, 20, tmp_path)


def test_what_is_wrong(tmp_path: Path) -> None:
    for wrong in ({"mode": "square"}, {"max_trials": 0}, {"margin": 1.0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            pl.callbacks.BatchSizeFinder(**wrong)
    search = pl.callbacks.BatchSizeFinder(batch_arg_name="size")
    with pytest.raises(ValueError, match="'size'"):
        run(pl, 20, tmp_path, batch_arg_name="size")
    with pytest.raises(ValueError, match="`train_dataloader`"):
        parity.run(pl, parity.classifier, tmp_path, parity.data(), callbacks=[lambda lib: search], max_epochs=1)
    trainer = mock.Mock(world_size=2)
    with pytest.raises(ValueError, match="2 devices"):
        search.setup(trainer, None, "fit")
    trainer = pl.Trainer(
        fast_dev_run=True, accelerator="cpu", callbacks=[pl.callbacks.BatchSizeFinder()], default_root_dir=tmp_path,
        enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    with pytest.warns(UserWarning, match="fast_dev_run"):
        trainer.fit(sized(pl, 20)())
    assert trainer.callbacks[0].optimal_batch_size is None
