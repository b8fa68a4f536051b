"""Flags of earlier years: what they are today, with a line each; and those that have no counterpart."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import kerastorch.lightning as pl
from kerastorch.lightning.callbacks import EarlyStopping, GradientAccumulationScheduler, ModelCheckpoint
from kerastorch.lightning.older_flags import today
from kerastorch.lightning.options import Options


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        ({"gpus": 2}, {"devices": 2, "accelerator": "gpu"}),
        ({"gpus": 0}, {"accelerator": "cpu"}),
        ({"gpus": 2, "accelerator": "ddp"}, {"devices": 2, "accelerator": "gpu", "strategy": "ddp"}),
        (
            {"distributed_backend": "ddp_cpu", "num_processes": 2},
            {"strategy": "ddp", "devices": 2, "accelerator": "cpu"},
        ),
        ({"num_processes": 1}, {}),
        ({"nb_gpu_nodes": 3}, {"num_nodes": 3}),
        ({"use_amp": True, "amp_level": "O2"}, {"precision": "16-mixed"}),
        ({"max_nb_epochs": 4}, {"max_epochs": 4}),
        ({"train_percent_check": 1}, {"limit_train_batches": 1.0}),
        ({"experiment": False}, {"logger": False}),
        ({"reload_dataloaders_every_epoch": True}, {"reload_dataloaders_every_n_epochs": 1}),
        ({"progress_bar_refresh_rate": 0}, {"enable_progress_bar": False}),
        ({"weights_summary": None}, {"enable_model_summary": False}),
        ({"checkpoint_callback": False}, {"enable_checkpointing": False}),
        ({"profiler": True}, {"profiler": "simple"}),
        ({"flush_logs_every_n_steps": 3}, {}),
    ],
    ids=str,
)
def test_older_names(flags: dict[str, Any], wanted: dict[str, Any]) -> None:
    with pytest.warns(DeprecationWarning) as told:
        options = Options.make(flags)
    assert len(told) == len(flags)
    assert {name: getattr(options, name) for name in wanted} == wanted
    changed = {name for name in Options.__dataclass_fields__ if getattr(options, name) != getattr(Options(), name)}
    assert changed <= set(wanted)


def test_callbacks_that_had_flags() -> None:
    saving, stopping = ModelCheckpoint(monitor="a"), EarlyStopping("b")
    flags = {"checkpoint_callback": saving, "early_stop_callback": stopping, "accumulate_grad_batches": {2: 4}}
    with pytest.warns(DeprecationWarning) as told:
        trainer = pl.Trainer(**flags, callbacks=pl.callbacks.Timer(), progress_bar_refresh_rate=7, logger=False)
    assert all(one.filename == __file__ for one in told)
    assert [str(one.message).partition(" ")[0] for one in told] == [
        *(f"`Trainer({name}=...)`" for name in flags), "`Trainer(progress_bar_refresh_rate=...)`"
    ]  # fmt: skip
    assert trainer.checkpoint_callbacks == [saving] and trainer.early_stopping_callbacks == [stopping]
    assert trainer.progress_bar_callback.refresh_rate == 7
    kinds = [type(one) for one in trainer.callbacks]
    assert GradientAccumulationScheduler in kinds and pl.callbacks.Timer in kinds
    with pytest.warns(DeprecationWarning, match="early_stop"):
        assert pl.Trainer(early_stop_callback=True, logger=False).early_stopping_callback.monitor == "val_loss"


def test_what_says_nothing_is_taken_silently() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        flags = {"gpus": None, "tpu_cores": None, "track_grad_norm": -1, "accelerator": "cpu", "profiler": None}
        assert today(flags) == {"accelerator": "cpu"}


def test_old_and_new_together_are_refused() -> None:
    with pytest.raises(ValueError, match="`max_epochs` alone"):
        Options.make({"max_nb_epochs": 1, "max_epochs": 2})
    with pytest.warns(DeprecationWarning):
        assert Options.make({"gpus": 0, "accelerator": "cpu"}).accelerator == "cpu"


@pytest.mark.parametrize("name", ["tpu_cores", "resume_from_checkpoint", "weights_save_path", "stochastic_weight_avg"])
def test_what_has_no_counterpart_says_what_to_do(name: str) -> None:
    with pytest.raises(TypeError, match=rf"`{name}` of Trainer: expected one of today's flags.* (Use|This)"):
        Options.make({name: "x"})
