"""What is logged: names, weights, reductions, metrics, and no waiting for the device."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import kerastorch.lightning as pl
from benchmarks import probe
from kerastorch.lightning.results import Record, in_order, reduction
from kerastorch.runtime.strategy import SingleDevice
from tests.lightning import parity

HOW = {
    "prog_bar": False, "logger": None, "on_step": None, "on_epoch": None, "reduce_fx": "mean", "sync_dist": False,
    "add_dataloader_idx": True,
}  # fmt: skip


def record(fx: str = "training_step") -> Record:
    made = Record(SingleDevice(torch.device("cpu")))
    made.active, made.fx = made.training, fx
    return made


def test_means_are_weighted_by_rows_and_exact() -> None:
    held = record()
    for rows, value in ((8, 1.0), (8, 2.0), (4, 4.0)):
        held.begin_batch(torch.zeros(rows, 2))
        held.log("loss", torch.tensor(value), **{**HOW, "on_epoch": True})
    assert held.note() == {"loss_step": torch.tensor(4.0)}
    held.on_step = False
    assert held.note() == {"loss_epoch": torch.tensor(2.0)}
    assert held.callback["loss"] == 2.0 and held.callback["loss_step"] == 4.0


@pytest.mark.parametrize(("how", "wanted"), [("sum", 6.0), ("min", 1.0), ("max", 3.0), (torch.mean, 2.0)])
def test_reductions(how: Any, wanted: float) -> None:
    held = record("validation_step")
    for value in (2.0, 1.0, 3.0):
        held.begin_batch(torch.zeros(2))
        held.log("a", value, **{**HOW, "reduce_fx": how})
    held.on_step = False
    assert held.note()["a"] == wanted


def test_wrong_uses_are_refused() -> None:
    with pytest.raises(ValueError, match="reduce_fx"):
        reduction("median")
    with pytest.raises(ValueError, match="outside of a run"):
        Record(SingleDevice(torch.device("cpu"))).log("a", 1.0, **HOW)
    with pytest.raises(ValueError, match="on_fit_start"):
        record("on_fit_start").log("a", 1.0, **HOW)
    with pytest.raises(ValueError, match="on_epoch alone"):
        record("on_train_epoch_end").log("a", 1.0, **{**HOW, "on_step": True})
    with pytest.raises(ValueError, match="one of them"):
        record().log("a", 1.0, **{**HOW, "on_step": False})
    with pytest.raises(TypeError, match="a number"):
        record().log("a", "one", **HOW)
    held = record()
    held.log("a", 1.0, **HOW)
    with pytest.raises(ValueError, match="the same options"):
        held.log("a", 1.0, **{**HOW, "prog_bar": True})
    with pytest.raises(ValueError, match="batch_size=n"):
        held.begin_batch("text")
        held.log("b", 1.0, **{**HOW, "on_epoch": True})


def metered(lib: Any) -> Any:
    from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score

    class Metered(parity.classifier(lib)):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.accuracy, self.f1 = MulticlassAccuracy(3), MulticlassF1Score(3)

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            logits = self(batch[0])
            loss = nn.functional.cross_entropy(logits, batch[1])
            self.losses.append(float(loss))
            self.accuracy(logits, batch[1])
            self.log("accuracy", self.accuracy, on_step=True, on_epoch=True, prog_bar=True)
            self.log("weighted", loss, on_step=False, on_epoch=True, batch_size=batch_idx + 1)
            self.log("top", loss, on_step=False, on_epoch=True, reduce_fx=max, logger=False)
            return loss

        def validation_step(self, batch: Any, batch_idx: int) -> None:
            self.f1.update(self(batch[0]), batch[1])
            self.log("f1", self.f1)

        def on_validation_epoch_end(self) -> None:
            self.log("twice", 2.0)

        def on_train_epoch_end(self) -> None:
            self.log("step", float(self.current_epoch * 100))
            self.log("late", 3)

        def on_train_start(self) -> None:
            self.log("early", 1.5)

    return Metered


def test_metrics_and_hooks_log_as_in_lightning(tmp_path: Path) -> None:
    own, real = parity.run_both(
        metered, tmp_path, lambda: parity.data(shuffle=True), lambda: parity.data(20, 6, seed=1), max_epochs=3
    )
    parity.check_equal(own, real)


def test_a_step_waits_for_nothing(tmp_path: Path) -> None:
    class Silent(parity.classifier(pl)):  # type: ignore[misc]
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            loss = nn.functional.cross_entropy(self(batch[0]), batch[1])
            self.log("loss", loss, on_epoch=True, prog_bar=True)
            return loss

    counts = []
    for rows in (80, 160):
        with probe.waits() as waited:
            parity.run(
                pl, lambda lib: Silent, tmp_path, parity.data(rows), max_epochs=1, log_every_n_steps=1000,
                gradient_clip_val=1.0,
            )  # fmt: skip
        counts.append(sum(waited.values()))
    assert counts[0] == counts[1], "the number of waits must not depend on the number of batches"


def test_one_name_for_two_dataloaders_is_refused(tmp_path: Path) -> None:
    def make(lib: Any) -> Any:
        class Same(parity.classifier(lib)):  # type: ignore[misc]
            def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
                self.log("same", 1.0, add_dataloader_idx=False)

        return Same

    for lib in parity.both():
        with pytest.raises(Exception, match="same"):
            parity.run(lib, make, tmp_path, parity.data(8), [parity.data(8), parity.data(8)], max_epochs=1)


def test_numbers_of_numpy_and_tensors_of_several_numbers(tmp_path: Path) -> None:
    class Module(parity.classifier(pl)):  # type: ignore[misc]
        wrong: Any = 0.0

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            self.log("z", np.float32(0.5))
            self.log("a", np.int64(2), prog_bar=True)
            self.log("wrong", self.wrong)
            return super().training_step(batch, batch_idx)

    _, trainer, _ = parity.run(pl, lambda lib: Module, tmp_path, parity.data(16), max_epochs=1)
    assert (float(trainer.callback_metrics["z"]), float(trainer.callback_metrics["a"])) == (0.5, 2.0)
    assert list(in_order({"z": 1, "a": 2})) == ["z", "a"]
    Module.wrong = torch.zeros(2)
    with pytest.raises(ValueError, match="a tensor with one number"):
        parity.run(pl, lambda lib: Module, tmp_path, parity.data(16), max_epochs=1)
