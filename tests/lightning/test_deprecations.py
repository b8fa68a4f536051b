"""Older spellings are told where the user wrote them, and what steps of 2019 return is logged."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import kerastorch.lightning as pl
from kerastorch.lightning.deprecations import log_returned, tell
from tests.lightning import parity


def test_told_at_the_line_of_the_method_and_once() -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("default")
        for _ in range(2):
            tell(test_told_at_the_line_of_the_method_and_once, "write something else")
    assert [(str(one.message), one.filename, one.lineno) for one in told] == [
        ("write something else", __file__, test_told_at_the_line_of_the_method_and_once.__code__.co_firstlineno)
    ]
    with pytest.warns(DeprecationWarning, match="no code of its own"):
        tell(len, "no code of its own")


def test_each_name_is_logged_where_it_was_returned() -> None:
    told: list[Any] = []

    class Module:
        def log(self, name: str, value: float, **how: Any) -> None:
            told.append((name, value, how["prog_bar"], how["logger"]))

    log_returned(Module(), {"loss": 9.0, "log": {"a": 1.0, "b": 2.0}, "progress_bar": {"b": 3.0, "c": 4.0}}, {"d": 5.0})
    assert told == [("d", 5.0, False, False), ("b", 2.0, True, True), ("c", 4.0, True, False), ("a", 1.0, False, True)]


@pytest.mark.parametrize("by_optimizer", [False, True])
def test_a_step_returns_figures(tmp_path: Path, by_optimizer: bool) -> None:
    class Module(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.parts = nn.ModuleList([nn.Linear(10, 1), nn.Linear(10, 1)])

        def configure_optimizers(self) -> Any:
            return [torch.optim.SGD(part.parameters(), lr=0.01) for part in self.parts[: 1 + by_optimizer]]

        def returned(self, batch: Any, number: int = 0) -> Any:
            loss = self.parts[number](batch[0]).square().mean()
            return {"loss": loss, "progress_bar": {f"loss_{number}": loss}, "log": {f"loss_{number}": loss}}

    class Plain(Module):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return self.returned(batch)

    class Numbered(Module):
        def training_step(self, batch: Any, batch_idx: int, optimizer_idx: int) -> Any:
            return self.returned(batch, optimizer_idx)

    logger = parity.recording_logger(pl, tmp_path)
    trainer = pl.Trainer(
        max_epochs=2, logger=logger, log_every_n_steps=1, accelerator="cpu", default_root_dir=tmp_path,
        enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False,
    )  # fmt: skip
    with pytest.warns(DeprecationWarning) as told:
        trainer.fit((Numbered if by_optimizer else Plain)(), parity.data())
    assert ["training_step returns" in str(one.message) for one in told].count(True) == 1
    names = {"loss_0", "loss_1"} if by_optimizer else {"loss_0"}
    assert len(logger.rows) == 12 and all(set(row) == {*names, "epoch"} for _, row in logger.rows)
    assert set(trainer.progress_bar_metrics) == names


def trained(module: Any, folder: Path, **flags: Any) -> pl.Trainer:
    quiet = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
    trainer = pl.Trainer(max_epochs=1, accelerator="cpu", default_root_dir=folder, **quiet, **flags)
    trainer.fit(module, parity.data(16), parity.data(8))
    return trainer


def test_hooks_with_arguments_of_earlier_years(tmp_path: Path) -> None:
    told: list[Any] = []

    class Old(parity.classifier(pl)):  # type: ignore[misc]
        def optimizer_step(
            self, epoch: Any, batch_idx: Any, optimizer: Any, optimizer_idx: Any, closure: Any, on_tpu: bool = True,
            using_lbfgs: Any = None,
        ) -> None:  # fmt: skip
            told.append(("step", batch_idx, optimizer_idx, on_tpu))
            optimizer.step(closure=closure)

        def on_train_batch_start(self, batch: Any, batch_idx: Any, dataloader_idx: Any) -> None:
            told.append(("start", batch_idx, dataloader_idx))

        def transfer_batch_to_device(self, batch: Any, device: Any) -> Any:
            return batch

        def on_validation_batch_end(self, outputs: Any, batch: Any, batch_idx: Any, dataloader_idx: Any) -> None:
            told.append(("end", batch_idx, dataloader_idx))

    class Watching(pl.Callback):
        def on_train_batch_end(
            self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, index: int, dataloader_idx: Any
        ) -> None:
            told.append(("callback", index, dataloader_idx))

    with pytest.warns(DeprecationWarning) as warned:
        trained(Old(), tmp_path, num_sanity_val_steps=0, callbacks=Watching())
    one = [("start", 0, 0), ("step", 0, 0, True), ("callback", 0, 0)]
    assert told == [*one, *((name, 1, *rest) for name, _, *rest in one), ("end", 0, 0)]
    assert {str(text.message).rpartition(" of ")[2] for text in warned} == {
        f"{name}: leave it out today." for name in ("optimizer_step", "on_train_batch_start", "on_train_batch_end")
    }


def test_steps_with_an_end(tmp_path: Path) -> None:
    class Old(parity.classifier(pl)):  # type: ignore[misc]
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return {"parts": nn.functional.cross_entropy(self(batch[0]), batch[1], reduction="none")}

        def training_step_end(self, outputs: Any) -> Any:
            return outputs["parts"].mean()

        def validation_step(self, batch: Any, batch_idx: int) -> Any:
            return batch[1]

        def validation_step_end(self, outputs: Any) -> Any:
            self.log("labels", outputs.float().mean())

    with pytest.warns(DeprecationWarning, match="_step_end` of Old"):
        trainer = trained(Old(), tmp_path)
    assert trainer.global_step == 2
    labels = next(iter(parity.data(8)))[1]
    assert float(trainer.callback_metrics["labels"]) == pytest.approx(float(labels.float().mean()))


def test_older_names_of_data(tmp_path: Path) -> None:
    module = parity.classifier(pl)()
    trainer = pl.Trainer(
        max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, default_root_dir=tmp_path,
    )  # fmt: skip
    with pytest.warns(DeprecationWarning, match="`train_dataloader` of fit: write `train_dataloaders`") as told:
        trainer.fit(module, train_dataloader=parity.data(16))
    assert told[0].filename == __file__ and trainer.global_step == 2
    with pytest.warns(DeprecationWarning, match="`test_dataloaders` of test"):
        trainer.test(module, test_dataloaders=parity.data(16), verbose=False)
    with pytest.raises(TypeError, match="validate"):
        trainer.validate(module, loaders=parity.data(16))
