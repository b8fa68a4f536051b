"""What happens between batches and epochs of a fit."""

from __future__ import annotations

import time
from datetime import timedelta
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


def test_a_time_between_two_validations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each batch takes ten seconds, of the clock that both look at; validations begin when 25 have passed."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def make(lib: Any) -> Any:
        class Slow(parity.classifier(lib)):  # type: ignore[misc]
            told: Any = ()

            def training_step(self, batch: Any, batch_idx: int) -> Any:
                now[0] += 10.0
                return super().training_step(batch, batch_idx)

            def on_validation_end(self) -> None:
                self.told += ((self.trainer.current_epoch, self.trainer.global_step),)

        return Slow

    for interval in ("00:00:00:25", timedelta(seconds=25), {"seconds": 25}):
        for every in (1, None, 2):
            flags: Any = {"val_check_interval": interval, "check_val_every_n_epoch": every, "max_epochs": 3}
            flags["num_sanity_val_steps"] = 0
            own, real = parity.run_both(make, tmp_path, parity.data, lambda: parity.data(12, seed=1), **flags)
            parity.check_equal(own, real)
            assert own[0].told == real[0].told and len(own[0].told) == (2 if every == 2 else 6)
