"""The hooks open, move and close bars in the same way, however they are drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kerastorch.lightning as pl
from kerastorch.lightning.callbacks.bars import Bars
from tests.lightning import parity


class Telling(Bars):
    def __init__(self, leave: bool = False) -> None:
        super().__init__(1, leave)
        self.told: list[Any] = []

    def open(self, name: str, total: int | None, inner: bool = False) -> Any:
        self.told.append(("open", name, total, inner))
        return name

    def move(self, bar: Any, done: int) -> bool:
        self.told.append((bar, done))
        return done == 2

    def show(self, bar: Any, figures: dict[str, Any], now: bool = False) -> None:
        self.told.append(("show", bar, sorted(figures), now))

    def close(self, bar: Any, leave: bool) -> None:
        self.told.append(("close", bar, leave))


def test_the_order(tmp_path: Path) -> None:
    bars = Telling()
    parity.run(
        pl, parity.classifier, tmp_path, parity.data(16), parity.data(8), max_epochs=2, enable_progress_bar=True,
        callbacks=[lambda lib: bars], num_sanity_val_steps=0,
    )  # fmt: skip
    first = [
        ("open", "Epoch 0", 2, False), ("Epoch 0", 1), ("Epoch 0", 2),
        ("show", "Epoch 0", ["loss_step", "v_num"], False),
        ("open", "Validation", 1, True), ("Validation", 1), ("close", "Validation", False),
        ("Epoch 0", 2), ("show", "Epoch 0", ["loss_epoch", "loss_step", "v_num"], True), ("close", "Epoch 0", False),
    ]  # fmt: skip
    assert bars.told[:10] == first
    assert bars.told[10] == ("open", "Epoch 1", 2, False)
    assert bars.told[-1] == ("close", "Epoch 1", True)


def test_an_error_closes_them(tmp_path: Path) -> None:
    bars = Telling()

    def fail(*args: Any) -> None:
        raise KeyboardInterrupt

    parity.run(
        pl, parity.classifier, tmp_path, parity.data(16), parity.data(8), max_epochs=2, enable_progress_bar=True,
        callbacks=[lambda lib: bars, lambda lib: lib.callbacks.LambdaCallback(on_validation_batch_start=fail)],
        num_sanity_val_steps=0,
    )  # fmt: skip
    assert bars.told[-2:] == [("close", "Validation", False), ("close", "Epoch 0", True)]
