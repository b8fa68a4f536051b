"""Flags: real Lightning's names and defaults, older names, and what follows from what."""

from __future__ import annotations

import inspect
from datetime import timedelta
from typing import Any

import pytest

from kerastorch.lightning.older_flags import NEEDLESS, REFUSED, RENAMED, TUNED
from kerastorch.lightning.options import Options
from tests.lightning import parity


def test_every_flag_of_lightning_is_known() -> None:
    _, real = parity.both()
    flags = [name for name in inspect.signature(real.Trainer.__init__).parameters if name != "self"]
    known = set(Options.__dataclass_fields__)
    assert set(flags) <= known and known - set(flags) == {"truncated_bptt_steps", *TUNED}
    assert not known & {*RENAMED, *REFUSED, *NEEDLESS}


def test_defaults_are_lightnings() -> None:
    _, real = parity.both()
    with parity.quiet():
        trainer = real.Trainer(accelerator="cpu", logger=False)
    own = Options.make({})
    for name in (
        "limit_train_batches", "limit_val_batches", "overfit_batches", "val_check_interval", "check_val_every_n_epoch",
        "num_sanity_val_steps", "log_every_n_steps", "accumulate_grad_batches", "gradient_clip_val", "max_steps",
        "reload_dataloaders_every_n_epochs",
    ):  # fmt: skip
        assert getattr(own, name) == getattr(trainer, name), name


def test_what_follows() -> None:
    fast = Options.make({"fast_dev_run": 3, "logger": True})
    assert (fast.max_steps, fast.max_epochs, fast.limit_val_batches, fast.logger) == (3, 1, 3, False)
    assert Options.make({"overfit_batches": 0.5}).limit_train_batches == 0.5
    assert Options.make({"min_steps": 3}).min_epochs == 1
    assert not Options.make({"barebones": True}).enable_checkpointing
    assert Options.make({"log_every_n_steps": 0}).log_every_n_steps > 10**9


def test_times_and_epochs() -> None:
    for wanted in ("01:02:03:04", timedelta(days=1, hours=2, minutes=3, seconds=4), {"hours": 26, "seconds": 184}):
        assert Options.make({"max_time": wanted}).seconds == 93784.0
    with pytest.warns(UserWarning, match="1000 epochs"):
        assert Options.make({}).epochs == 1000
    assert Options.make({"max_steps": 3}).epochs > 10**9 < Options.make({"max_epochs": -1}).epochs


def test_the_plan() -> None:
    plan = Options.make(
        {"accelerator": "cpu", "precision": "bf16-mixed", "accumulate_grad_batches": 3, "gradient_clip_val": 0.5}
    ).plan()
    assert plan.settings() == {
        "device": "cpu", "strategy": "auto", "devices": 1, "precision": "bf16-mixed", "accumulate_grad_batches": 3
    }  # fmt: skip
    assert Options.make({"accelerator": "cpu", "devices": "0,1"}).plan().strategy.ranks == 2
    assert Options.make({"accelerator": "cpu", "strategy": "ddp_find_unused_parameters_true", "devices": 2}).plan()


@pytest.mark.parametrize("flags", [{"plugins": ["one"]}, {"model_registry": "models"}], ids=str)
def test_what_is_not_here_yet_is_refused(flags: dict[str, Any]) -> None:
    (name,) = flags
    with pytest.raises(ValueError, match=f"`{name}` of Trainer: expected None"):
        Options.make(flags)
