"""The flags of a Trainer: checked once, then frozen."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any

from kerastorch.base import errors
from kerastorch.lightning import older_flags
from kerastorch.lightning.callbacks.timer import seconds
from kerastorch.lightning.profilers import (
    AdvancedProfiler,
    PassThroughProfiler,
    Profiler,
    PyTorchProfiler,
    SimpleProfiler,
)
from kerastorch.runtime.plan import Plan
from kerastorch.runtime.strategies import StrategyOptions

_ELSEWHERE = {
    "plugins": 'Say `precision="16-mixed"` and the like, `strategy="ddp"`, `sync_batchnorm=True`; a launcher such as '
    "torchrun or SLURM is found by its environment.",
    "model_registry": "Give a logger that keeps models, as `MLFlowLogger(log_model=True)`.",
}
_LIMITS = ("limit_train_batches", "limit_val_batches", "limit_test_batches", "limit_predict_batches")
_COUNTS = {
    "max_epochs": -1, "min_epochs": 0, "max_steps": -1, "min_steps": 0, "check_val_every_n_epoch": 1,
    "num_sanity_val_steps": -1, "log_every_n_steps": 0, "reload_dataloaders_every_n_epochs": 0, "num_nodes": 1,
    "accumulate_grad_batches": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Options:
    """The flags of a Trainer; see there."""

    accelerator: Any = "auto"
    strategy: Any = "auto"
    devices: Any = "auto"
    num_nodes: int = 1
    precision: Any = None
    logger: Any = None
    callbacks: Any = None
    fast_dev_run: int | bool = False
    max_epochs: int | None = None
    min_epochs: int | None = None
    max_steps: int = -1
    min_steps: int | None = None
    max_time: Any = None
    limit_train_batches: int | float = 1.0
    limit_val_batches: int | float = 1.0
    limit_test_batches: int | float = 1.0
    limit_predict_batches: int | float = 1.0
    truncated_bptt_steps: int | None = None
    overfit_batches: int | float = 0.0
    val_check_interval: Any = 1.0
    check_val_every_n_epoch: int | None = 1
    num_sanity_val_steps: int = 2
    log_every_n_steps: int = 50
    enable_checkpointing: bool = True
    enable_progress_bar: bool = True
    enable_model_summary: bool = True
    accumulate_grad_batches: int = 1
    gradient_clip_val: float | None = None
    gradient_clip_algorithm: str | None = None
    deterministic: Any = None
    benchmark: bool | None = None
    inference_mode: bool = True
    use_distributed_sampler: bool = True
    profiler: Any = None
    detect_anomaly: bool = False
    barebones: bool = False
    plugins: Any = None
    sync_batchnorm: bool = False
    reload_dataloaders_every_n_epochs: int = 0
    default_root_dir: str | os.PathLike[str] | None = None
    enable_autolog_hparams: bool = True
    model_registry: str | None = None
    auto_lr_find: bool | str = False
    auto_scale_batch_size: bool | str = False

    @classmethod
    def make(cls, flags: Mapping[str, Any]) -> Options:
        """Check flags, those of earlier years too.

        Raises:
            TypeError: A flag is unknown.
            ValueError: A value is wrong, or two flags contradict each other.

        Example:
            >>> Options.make({"max_epochs": 3, "limit_val_batches": None}).limit_val_batches
            1.0
        """
        known = [field.name for field in fields(cls)]
        given = older_flags.today(flags)
        unknown = [name for name in given if name not in known]
        if unknown:
            raise errors.unexpected_keywords("Trainer", unknown, known)
        options = cls(**{name: value for name, value in given.items() if value is not None or name in _MAY_BE_NONE})
        options.check()
        return options._settled()

    def check(self) -> None:
        """Refuse wrong values, and flags that contradict each other.

        Raises:
            ValueError: There are such.
        """
        for name, least in _COUNTS.items():
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < least):
                raise errors.value_error(f"`{name}` of Trainer", expected=f"an integer >= {least}", received=value)
        timed, _ = self.validation_seconds is not None, self.seconds
        for name in (*_LIMITS, "overfit_batches", *(() if timed else ("val_check_interval",))):
            _check_limit(name, getattr(self, name))
        if self.check_val_every_n_epoch is None and isinstance(self.val_check_interval, float):
            raise errors.value_error(
                "`val_check_interval` of Trainer, with check_val_every_n_epoch=None",
                expected="a number of batches, or a time",
                received=self.val_check_interval,
            )
        for low, high in (("min_epochs", "max_epochs"), ("min_steps", "max_steps")):
            least, most = getattr(self, low), getattr(self, high)
            if least is not None and most not in (None, -1) and least > most:
                raise errors.value_error(f"`{low}` of Trainer", expected=f"at most {high}={most}", received=least)
        for name, remedy in _ELSEWHERE.items():
            if getattr(self, name):
                raise errors.value_error(
                    f"`{name}` of Trainer", expected="None", received=getattr(self, name), remedy=remedy
                )
        if self.barebones and (self.logger or self.fast_dev_run or self.profiler):
            raise errors.value_error(
                "`barebones` of Trainer", expected="False beside `logger`, `fast_dev_run` or `profiler`", received=True
            )

    def _settled(self) -> Options:
        """The flags that follow from others."""
        changed: dict[str, Any] = {}
        if self.fast_dev_run:
            count = int(self.fast_dev_run)
            changed.update(dict.fromkeys(_LIMITS, count), max_steps=count, max_epochs=1, num_sanity_val_steps=0)
            changed |= {"val_check_interval": 1.0, "check_val_every_n_epoch": 1, "logger": False}
            changed |= {"enable_checkpointing": False}
        if self.overfit_batches:
            changed |= dict.fromkeys(("limit_train_batches", "limit_val_batches"), self.overfit_batches)
        if self.barebones:
            names = ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")
            changed |= dict.fromkeys(names, False) | {"num_sanity_val_steps": 0, "log_every_n_steps": 0}
        if self.min_epochs is None and self.min_steps is not None:
            changed["min_epochs"] = 1
        settled = replace(self, **changed)
        return replace(settled, log_every_n_steps=settled.log_every_n_steps or 1 << 62)

    def profiling(self) -> Profiler:
        """The profiler: the one that is given, that of a name, or one that does nothing."""
        wanted = self.profiler or PassThroughProfiler()
        if not isinstance(wanted, str):
            if callable(getattr(wanted, "profile", None)):
                return wanted  # type: ignore[no-any-return]
            raise errors.type_error("`profiler` of Trainer", expected="a profiler or the name of one", received=wanted)
        if wanted.lower() not in _PROFILERS:
            raise errors.unknown_name("`profiler` of Trainer", wanted, _PROFILERS)
        return _PROFILERS[wanted.lower()]()

    @property
    def seconds(self) -> float | None:
        """`max_time` in seconds."""
        return seconds(self.max_time)

    @property
    def validation_seconds(self) -> float | None:
        """`val_check_interval` in seconds, where it is a time."""
        timed = isinstance(self.val_check_interval, (str, dict, timedelta))
        return seconds(self.val_check_interval) if timed else None

    @property
    def epochs(self) -> int:
        """The epoch to end before."""
        if self.max_epochs == -1:
            return 1 << 62
        if self.max_epochs is not None:
            return self.max_epochs
        if self.max_steps != -1 or self.max_time is not None:
            return 1 << 62
        warnings.warn("`max_epochs` is not set: training ends after 1000 epochs.", stacklevel=3)
        return 1000

    def plan(self) -> Plan:
        """Where and in which numbers: the plan that `compile` makes too."""
        kind = None if self.accelerator == "auto" else self.accelerator
        if isinstance(kind, str) and kind.lower() in ("tpu", "xla", "ipu", "hpu"):
            raise errors.value_error(
                "`accelerator` of Trainer", expected='"auto", "cpu", "gpu", "cuda" or "mps"', received=kind
            )
        aliases = {"32-true": "32", "64-true": "64", "16": "16-mixed", "ddp_spawn": "ddp", "ddp_notebook": "ddp"}
        strategy = aliases.get(self.strategy, self.strategy) if isinstance(self.strategy, str) else self.strategy
        if strategy == "ddp_find_unused_parameters_true":
            strategy = StrategyOptions("ddp", {"find_unused_parameters": True})
        precision = aliases.get(self.precision, self.precision) if isinstance(self.precision, str) else self.precision
        devices = self.devices
        if isinstance(devices, str) and "," in devices:
            devices = [int(index) for index in devices.split(",") if index.strip()]
        plan = Plan.make(
            device=kind,
            devices=None if devices == "auto" and kind == "cpu" else devices,
            strategy=strategy,
            num_nodes=None if self.num_nodes == 1 else self.num_nodes,
            precision=precision,
            accumulate_grad_batches=self.accumulate_grad_batches,
            gradient_clip_val=self.gradient_clip_val or None,
            gradient_clip_algorithm=self.gradient_clip_algorithm,
        )
        if self.sync_batchnorm and plan.strategy.ranks > 1 and plan.device.type == "cpu":
            raise errors.value_error(
                "`sync_batchnorm` of Trainer", expected="False on CPUs: torch counts over GPUs only", received=True
            )
        return plan


_PROFILERS: dict[str, Any] = {"simple": SimpleProfiler, "advanced": AdvancedProfiler, "pytorch": PyTorchProfiler}
_MAY_BE_NONE = ("check_val_every_n_epoch",)


def _check_limit(name: str, value: Any) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not (whole and value >= 0) and not (isinstance(value, float) and 0.0 <= value <= 1.0):
        raise errors.value_error(
            f"`{name}` of Trainer", expected="a number of batches, or a fraction in [0.0, 1.0]", received=value
        )
