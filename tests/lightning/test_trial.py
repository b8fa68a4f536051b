"""A trial leaves nothing behind, whether it ends well or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import kerastorch.lightning as pl
from kerastorch.lightning import trial
from tests.lightning import parity


class Trying(pl.Callback):
    """Tries one batch before the second epoch."""

    def __init__(self, **flags: Any) -> None:
        self.flags, self.other, self.seen = flags, None, []

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        if trainer.current_epoch != 1:
            return
        state, drawn = [p.clone() for p in pl_module.parameters()], torch.get_rng_state()
        losses, figures = list(pl_module.losses), dict(trainer.callback_metrics)
        momentum = [s["momentum_buffer"].clone() for s in trainer.optimizers[0].state.values()]
        try:
            self.other = trainer.try_out([self.Watching(self)], **self.flags)
        finally:
            assert all(torch.equal(a, b) for a, b in zip(state, pl_module.parameters(), strict=True))
            assert torch.equal(drawn, torch.get_rng_state()) and losses == pl_module.losses
            now = [s["momentum_buffer"] for s in trainer.optimizers[0].state.values()]
            assert all(torch.equal(a, b) for a, b in zip(momentum, now, strict=True))
            assert pl_module.trainer is trainer and figures == trainer.callback_metrics
            assert trainer.global_step == 6 and trainer.fitting.done == 6

    class Watching(pl.Callback):
        def __init__(self, owner: Any) -> None:
            self.owner = owner

        def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
            assert pl_module.trainer is trainer and trainer.loggers == [] and trainer.lr_scheduler_configs == []
            self.owner.seen.append((trainer.current_epoch, trainer.global_step))


def test_a_trial_in_the_middle_of_a_fit(tmp_path: Path) -> None:
    trying = Trying(limit_train_batches=2, max_epochs=2)
    whole, *_, logger = parity.run(
        pl, parity.classifier, tmp_path, parity.data(), parity.data(), [lambda pl: trying], max_epochs=3
    )
    plain, *_, other = parity.run(pl, parity.classifier, tmp_path, parity.data(), parity.data(), max_epochs=3)
    assert trying.seen == [(1, 7), (1, 8)] and trying.other.dataloaders["train"] is not None
    assert whole.losses == plain.losses and logger.rows == other.rows


def test_a_trial_that_fails(tmp_path: Path) -> None:
    def make(pl: Any) -> Any:
        class Failing(parity.classifier(pl)):  # type: ignore[misc]
            def training_step(self, batch: Any, batch_idx: int) -> Any:
                if self.global_step == 7:
                    raise RuntimeError("no more")
                return super().training_step(batch, batch_idx)

        return Failing

    with pytest.raises(RuntimeError, match="no more"):
        parity.run(pl, make, tmp_path, parity.data(), callbacks=[lambda pl: Trying(max_epochs=2)], max_epochs=3)


def test_a_sibling_changes_nothing_of_its_trainer(tmp_path: Path) -> None:
    trainer = pl.Trainer(max_epochs=3, logger=True, callbacks=[pl.callbacks.Timer()], default_root_dir=tmp_path)
    before = (list(trainer.callbacks), list(trainer.loggers), trainer.options)
    made = trial.sibling(trainer, max_epochs=1)
    assert (made.callbacks, made.loggers, made.max_epochs, made.plan) == ([], [], 1, trainer.plan)
    assert made.record is not trainer.record and made.state is not trainer.state
    assert (list(trainer.callbacks), list(trainer.loggers), trainer.options) == before and trainer.max_epochs == 3
