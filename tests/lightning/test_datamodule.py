"""A datamodule stands in the place of dataloaders, and is told of a run in real Lightning's order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import kerastorch.lightning as pl
from tests.lightning import parity


def telling(lib: Any, log: list[str]) -> Any:
    class Data(lib.LightningDataModule):  # type: ignore[misc]
        def __init__(self, rows: int = 20) -> None:
            super().__init__()
            self.save_hyperparameters()

        def prepare_data(self) -> None:
            log.append("prepare_data")

        def setup(self, stage: str) -> None:
            log.append(f"setup {getattr(stage, 'value', stage)}")

        def teardown(self, stage: str) -> None:
            log.append(f"teardown {getattr(stage, 'value', stage)}")

        def train_dataloader(self) -> Any:
            log.append("train")
            return parity.data(self.hparams.rows, shuffle=True)

        def val_dataloader(self) -> Any:
            log.append("val")
            return parity.data(8)

        test_dataloader = predict_dataloader = val_dataloader

        def state_dict(self) -> dict[str, Any]:
            return {"seen": 3}

        def load_state_dict(self, state_dict: dict[str, Any]) -> None:
            self.seen = state_dict["seen"]

    return Data


def test_a_run_with_a_datamodule(tmp_path: Path) -> None:
    logs: list[list[str]] = []
    losses = []
    for number, lib in enumerate(parity.both()):
        logs.append([])
        data = telling(lib, logs[-1])()
        module, trainer, _ = parity.run(lib, parity.classifier, tmp_path / str(number), data, max_epochs=2)
        with parity.quiet():
            trainer.validate(module, datamodule=data, verbose=False)
            trainer.test(module, datamodule=data, verbose=False)
            trainer.predict(module, datamodule=data)
            trainer.save_checkpoint(tmp_path / f"{number}.ckpt")
        losses.append(module.losses)
    assert logs[0] == logs[1] and losses[0] == losses[1]
    for lib, number in zip(parity.both(), (1, 0), strict=True):
        again = telling(lib, []).load_from_checkpoint(tmp_path / f"{number}.ckpt", weights_only=True)
        assert (again.seen, again.hparams.rows) == (3, 20)


def test_of_datasets() -> None:
    dataset = parity.data().dataset
    made = pl.LightningDataModule.from_datasets(
        dataset, [dataset, dataset], predict_dataset={"a": dataset}, batch_size=4
    )
    assert len(made.train_dataloader()) == 11 and len(made.val_dataloader()) == 2
    assert list(made.predict_dataloader()) == ["a"] and made.test_dataloader() is None


def test_arguments_of_earlier_years() -> None:
    with pytest.warns(DeprecationWarning, match="`train_transforms`, `dims` of"):
        made = pl.LightningDataModule(len, dims=(1, 28, 28))
    assert made.train_transforms is len and made.val_transforms is None
    assert made.size() == (1, 28, 28) and made.size(-1) == 28
    with pytest.raises(TypeError, match="transforms"):
        pl.LightningDataModule(transform=1)
