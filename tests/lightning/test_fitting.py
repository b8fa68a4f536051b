"""What happens between batches and epochs of a fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import kerastorch.lightning as pl
from tests.lightning import parity


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        ({}, [5, 5]),
        ({"val_check_interval": 2}, [2, 4, 2, 4]),
        ({"val_check_interval": 0.4}, [2, 4, 2, 4]),
        ({"val_check_interval": 3, "check_val_every_n_epoch": None}, [3, 1, 4]),
        ({"check_val_every_n_epoch": 2}, [5]),
        ({"limit_val_batches": 0}, []),
        ({"limit_train_batches": 3}, [3, 3]),
    ],
    ids=str,
)
def test_when_there_is_a_validation(flags: dict[str, Any], wanted: list[int], tmp_path: Path) -> None:
    seen = []

    class Seeing(pl.Callback):
        def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
            self.batches = batch_idx + 1

        def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
            if not trainer.sanity_checking:
                seen.append(self.batches)

    parity.run(
        pl, parity.classifier, tmp_path, parity.data(40), parity.data(8), max_epochs=2,
        callbacks=[lambda lib: Seeing()], **flags,
    )  # fmt: skip
    assert seen == wanted


@pytest.mark.parametrize("at", ["on_train_batch_end", "on_train_epoch_end", "on_validation_end"])
@pytest.mark.parametrize("least", [{}, {"min_epochs": 2}, {"min_steps": 7}], ids=str)
def test_a_wish_to_stop(at: str, least: dict[str, Any], tmp_path: Path) -> None:
    found = []
    for number, lib in enumerate(parity.both()):

        def hook(self: Any, trainer: Any, pl_module: Any, *args: Any) -> None:
            trainer.should_stop = trainer.should_stop or not trainer.sanity_checking

        stopping = type("Stopping", (lib.Callback,), {at: hook})
        _, trainer, logger = parity.run(
            lib, parity.classifier, tmp_path / str(number), parity.data(40), parity.data(8), max_epochs=4,
            callbacks=[lambda lib, s=stopping: s()], **least,
        )  # fmt: skip
        found.append((trainer.global_step, trainer.current_epoch, [(step, sorted(row)) for step, row in logger.rows]))
    assert found[0] == found[1]
