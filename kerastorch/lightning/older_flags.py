"""Flags of earlier years in today's words."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from kerastorch.base import errors
from kerastorch.engine import micro_batch
from kerastorch.lightning.callbacks import EarlyStopping, GradientAccumulationScheduler, TQDMProgressBar

# older flag -> today's, with the same value
RENAMED = {
    "max_nb_epochs": "max_epochs",
    "min_nb_epochs": "min_epochs",
    "nb_gpu_nodes": "num_nodes",
    "nb_sanity_val_steps": "num_sanity_val_steps",
    "check_val_every_n_epochs": "check_val_every_n_epoch",
    "gradient_clip": "gradient_clip_val",
    "row_log_interval": "log_every_n_steps",
    "add_row_log_interval": "log_every_n_steps",
    "experiment": "logger",
    "default_save_path": "default_root_dir",
    "show_progress_bar": "enable_progress_bar",
    "replace_sampler_ddp": "use_distributed_sampler",
    "terminate_on_nan": "detect_anomaly",
}
# older flags that need not be said today
NEEDLESS = (
    *("process_position", "flush_logs_every_n_steps", "log_save_interval", "log_gpu_memory", "move_metrics_to_cpu"),
    *("amp_backend", "amp_level", "prepare_data_per_node", "auto_select_gpus", "print_nan_grads"),
)
_CPU_OR_GPU = "This library runs on CPUs and GPUs."
# older flag -> its plain values, and what to do for others
REFUSED: dict[str, tuple[tuple[Any, ...], str]] = {
    "tpu_cores": ((None, 0), _CPU_OR_GPU),
    "ipus": ((None, 0), _CPU_OR_GPU),
    "resume_from_checkpoint": ((None,), "Use `trainer.fit(module, ckpt_path=...)`."),
    "weights_save_path": ((None,), "Use `ModelCheckpoint(dirpath=...)` in `callbacks`."),
    "track_grad_norm": (
        (None, -1),
        "Write `self.log_dict(grad_norm(self, norm_type=2))` in `on_before_optimizer_step` of the module.",
    ),
    "automatic_optimization": ((None, True), "Set `self.automatic_optimization = False` in the module."),
    "multiple_trainloader_mode": ((None, "max_size_cycle"), 'Use `CombinedLoader(loaders, mode="min_size")`.'),
    "stochastic_weight_avg": ((None, False), "Use `StochasticWeightAveraging(swa_lrs=...)` in `callbacks`."),
}
# older flags that have a method today, which they call -> the values that they take
TUNED: dict[str, tuple[str, Any]] = {
    "auto_lr_find": ("lr_find", lambda value: isinstance(value, (bool, str))),
    "auto_scale_batch_size": ("scale_batch_size", lambda value: isinstance(value, bool) or value in micro_batch.MODES),
}
_BACKENDS = ("dp", "ddp", "ddp2", "ddp_spawn", "ddp_cpu")


def _gpus(value: Any) -> dict[str, Any]:
    return {"accelerator": "cpu"} if value in (0, []) else {"devices": value, "accelerator": "gpu"}


def _backend(value: Any) -> dict[str, Any]:
    if value not in _BACKENDS:
        return {"accelerator": value}
    return {"strategy": "ddp", **({"accelerator": "cpu"} if value == "ddp_cpu" else {})}


def _fraction(today: str) -> Callable[[Any], dict[str, Any]]:
    return lambda value: {today: float(value)}


def _listed(default: Callable[[], Any] | None, flag: str | None) -> Callable[[Any], dict[str, Any]]:
    """A callback that had a flag of its own: True for the default one, or the callback."""

    def turned(value: Any) -> dict[str, Any]:
        if not isinstance(value, bool):
            return {"callbacks": [value]}
        if flag is not None:
            return {flag: value}
        return {"callbacks": [default()]} if value and default is not None else {}

    return turned


# flags whose value says more, or another thing, today; those of today that come back as they are need no word
TURNED: dict[str, Callable[[Any], dict[str, Any]]] = {
    "gpus": _gpus,
    "num_processes": lambda value: {} if value == 1 else {"devices": value},
    "train_percent_check": _fraction("limit_train_batches"),
    "val_percent_check": _fraction("limit_val_batches"),
    "test_percent_check": _fraction("limit_test_batches"),
    "overfit_pct": _fraction("overfit_batches"),
    "use_amp": lambda value: {"precision": "16-mixed"} if value else {},
    "weights_summary": lambda value: {"enable_model_summary": bool(value)},
    "reload_dataloaders_every_epoch": lambda value: {"reload_dataloaders_every_n_epochs": int(value)},
    "progress_bar_refresh_rate": lambda value: (
        {"callbacks": [TQDMProgressBar(value)]} if value else {"enable_progress_bar": False}
    ),
    "checkpoint_callback": _listed(None, "enable_checkpointing"),
    "early_stop_callback": _listed(lambda: EarlyStopping("val_loss"), None),
    "distributed_backend": _backend,
    "accelerator": _backend,
    "accumulate_grad_batches": lambda value: (
        {"callbacks": [GradientAccumulationScheduler(value)]}
        if isinstance(value, dict)
        else {"accumulate_grad_batches": value}
    ),
    "profiler": lambda value: {"profiler": "simple" if value is True else value or None},
}
_NONE_SAYS = ("weights_summary",)  # elsewhere None is "as by default"


def today(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Flags under today's names, with a warning for each older one.

    Args:
        flags: The flags as the user wrote them.

    Raises:
        TypeError: One has no counterpart.
        ValueError: One is there under both of its names.

    Example:
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     sorted(today({"gpus": 2, "max_nb_epochs": 3, "deterministic": True}).items())
        [('accelerator', 'gpu'), ('deterministic', True), ('devices', 2), ('max_epochs', 3)]
    """
    given: dict[str, Any] = {}
    more: list[Any] = []
    for name, value in flags.items():
        turned = _turned(name, value)
        if turned != {name: value}:
            _tell(name, value, turned, flags)
        more += turned.pop("callbacks", []) if name != "callbacks" else []
        given = {**given, **turned} if name in turned else {**turned, **given}
    if more:
        own = given.get("callbacks") or []
        given["callbacks"] = [*(own if isinstance(own, (list, tuple)) else [own]), *more]
    return given


def _turned(name: str, value: Any) -> dict[str, Any]:
    """A flag in today's words."""
    if name in REFUSED:
        plain, remedy = REFUSED[name]
        if not any(value is one or value == one for one in plain):
            raise errors.type_error(
                f"`{name}` of Trainer", expected="one of today's flags", received=value, remedy=remedy
            )
        return {}
    if name in TUNED and value:
        _check_tuned(name, value)
    if name in NEEDLESS:
        return {}
    if name in RENAMED:
        return {RENAMED[name]: value}
    if name not in TURNED:
        return {name: value}
    return TURNED[name](value) if value is not None or name in _NONE_SAYS else {}


def _tell(name: str, value: Any, turned: Mapping[str, Any], flags: Mapping[str, Any]) -> None:
    """Say what is written today; not where the flag says what is so by default.

    Raises:
        ValueError: That is written too.
    """
    if not turned and (name in REFUSED or value is None):
        return
    first = next(iter(turned), name)
    if first not in (name, "callbacks") and first in flags and flags[first] != turned[first]:
        raise errors.value_error(f"`{name}` of Trainer", expected=f"`{first}` alone", received=value)
    called = " and ".join(f"`{one}`" for one in turned)
    text = f"is called {called} today" if called else "is not needed today: leave it out"
    warnings.warn(f"`Trainer({name}=...)` {text}.", DeprecationWarning, stacklevel=5)


def _check_tuned(name: str, value: Any) -> None:
    method, takes = TUNED[name]
    if not takes(value):
        kinds = "True or the name of the rate" if name == "auto_lr_find" else 'True, "power" or "binsearch"'
        raise errors.value_error(f"`{name}` of Trainer", expected=kinds, received=value)
    called = f"`Tuner(trainer).{method}(module)` before `trainer.fit(module)`"
    warnings.warn(f"`Trainer({name}=...)`: write {called} today.", DeprecationWarning, stacklevel=6)
