"""What `configure_optimizers` returns, read and checked before training; and the optimizers that modules hold."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from kerastorch.base import errors

_FORMS = (
    "an optimizer, a list of optimizers, two lists (optimizers, schedulers), "
    'a dict {"optimizer": ..., "lr_scheduler": ...}, a tuple of such dicts, or None'
)


@dataclass
class LRSchedulerConfig:
    """A scheduler and when it is stepped.

    Attributes:
        scheduler: The scheduler.
        name: What LearningRateMonitor calls it.
        interval: "epoch" or "step".
        frequency: Epochs or updates between two of its steps.
        reduce_on_plateau: Whether it is given a figure.
        monitor: The figure's name.
        strict: Whether a missing figure is an error.
    """

    scheduler: Any
    name: str | None = None
    interval: str = "epoch"
    frequency: int = 1
    reduce_on_plateau: bool = False
    monitor: str | None = None
    strict: bool = True

    def __post_init__(self) -> None:
        where = "The lr_scheduler of `configure_optimizers`"
        if not callable(getattr(self.scheduler, "state_dict", None)) or not hasattr(self.scheduler, "step"):
            raise errors.type_error(where, expected="a scheduler of torch", received=self.scheduler)
        if self.interval not in ("step", "epoch"):
            raise errors.value_error(f'{where}, "interval"', expected='"step" or "epoch"', received=self.interval)
        if not isinstance(self.frequency, int) or self.frequency < 1:
            raise errors.value_error(f'{where}, "frequency"', expected="an integer >= 1", received=self.frequency)
        self.reduce_on_plateau = self.reduce_on_plateau or isinstance(self.scheduler, ReduceLROnPlateau)


class NoOptimizer(Optimizer):
    """Stands where `configure_optimizers` returned None: nothing is updated."""

    def __init__(self) -> None:
        super().__init__([torch.zeros(1)], {})

    def step(self, closure: Any = None) -> Any:  # type: ignore[override]
        """Run the closure."""
        return None if closure is None else closure()

    def state_dict(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def load_state_dict(self, state_dict: Any) -> None:
        """Nothing."""


def configured(module: Any) -> tuple[list[Optimizer], list[LRSchedulerConfig], list[int]]:
    """Call a module's `configure_optimizers`, and read what it returns.

    Returns:
        The optimizers, the schedulers, and for how many batches in turn each optimizer is used, where they take turns.

    Raises:
        TypeError: It returned something else.
        ValueError: Something in it contradicts the rest.
    """
    given = module.configure_optimizers()
    optimizers, schedulers, monitor = ([NoOptimizer()], [], None) if given is None else _read(given)
    configs = [_config(one, monitor) for one in schedulers]
    for config in configs:
        if module.automatic_optimization and config.reduce_on_plateau and config.monitor is None:
            raise errors.value_error(
                '"monitor" of a ReduceLROnPlateau in `configure_optimizers`',
                expected="the name of a logged figure",
                received=None,
                remedy='Return {"optimizer": ..., "lr_scheduler": {"scheduler": ..., "monitor": "val_loss"}}.',
            )
        if not any(getattr(config.scheduler, "optimizer", None) is one for one in optimizers):
            raise errors.value_error(
                "A scheduler of `configure_optimizers`",
                expected="one of an optimizer that is returned too",
                received=errors.Said("one of another optimizer"),
            )
    dicts = [one for one in given if isinstance(one, dict)] if isinstance(given, (list, tuple)) else []
    return optimizers, configs, [one["frequency"] for one in dicts if "frequency" in one]


def _read(given: Any) -> tuple[list[Any], list[Any], str | None]:
    """(optimizers, schedulers, monitor) in any of the documented forms."""
    if isinstance(given, (Optimizer, LightningOptimizer)):
        return [_plain(given)], [], None
    if isinstance(given, dict):
        return _read_dicts([given])
    if isinstance(given, (list, tuple)) and given:
        if len(given) == 2 and isinstance(given[0], (list, tuple)):
            optimizers, schedulers = given
            _check(optimizers)
            listed = isinstance(schedulers, (list, tuple))
            return list(map(_plain, optimizers)), list(schedulers) if listed else [schedulers], None
        if all(isinstance(one, dict) for one in given):
            return _read_dicts(given)
        _check(given)
        return list(map(_plain, given)), [], None
    raise errors.type_error("`configure_optimizers`", expected=_FORMS, received=given)


def _check(optimizers: Any) -> None:
    for one in optimizers:
        if not isinstance(one, (Optimizer, LightningOptimizer)):
            raise errors.type_error("`configure_optimizers`", expected=_FORMS, received=one)


def _read_dicts(given: Sequence[dict[str, Any]]) -> tuple[list[Any], list[Any], str | None]:
    optimizers, schedulers, monitor = [], [], None
    for one in given:
        unknown = set(one) - {"optimizer", "lr_scheduler", "monitor", "frequency"}
        if unknown:
            name = sorted(unknown)[0]
            raise errors.unknown_name(
                "key in a dict of `configure_optimizers`", name, ["optimizer", "lr_scheduler", "monitor"]
            )
        _check([one.get("optimizer")])
        optimizers.append(_plain(one["optimizer"]))
        if one.get("lr_scheduler") is not None:
            schedulers.append(one["lr_scheduler"])
        monitor = one.get("monitor", monitor)
    return optimizers, schedulers, monitor


def _config(scheduler: Any, monitor: str | None) -> LRSchedulerConfig:
    if not isinstance(scheduler, dict):
        return LRSchedulerConfig(scheduler, monitor=monitor)
    known = {field.name for field in fields(LRSchedulerConfig)}
    for name in scheduler:
        if name not in known:
            raise errors.unknown_name("key in an lr_scheduler of `configure_optimizers`", name, known)
    if "scheduler" not in scheduler:
        raise errors.value_error(
            "An lr_scheduler dict of `configure_optimizers`", expected='the key "scheduler"', received=sorted(scheduler)
        )
    return LRSchedulerConfig(**{"monitor": monitor, **scheduler})


class Schedulers:
    """Steps the schedulers of a run when they are due.

    Args:
        configs: The schedulers.
        step: The module's own `lr_scheduler_step`, or None.
        figures: Tells the monitored figures.
    """

    def __init__(self, configs: Sequence[LRSchedulerConfig], step: Any, figures: Callable[[], dict[str, Any]]) -> None:
        self.configs, self.own, self.figures = configs, step, figures
        self.steps = 0

    def __call__(self, interval: str, number: int, plateau: bool) -> None:
        """Step those of an interval.

        Args:
            interval: "epoch" or "step".
            number: Which epoch, or batch of the epoch, from 1.
            plateau: Whether those that monitor a figure are meant, or the others.
        """
        for config in self.configs:
            if config.interval != interval or config.reduce_on_plateau != plateau or number % config.frequency:
                continue
            value = self._monitored(config) if plateau else None
            if plateau and value is None:
                continue
            self.steps += 1
            if self.own is not None:
                self.own(config.scheduler, value)
            else:
                config.scheduler.step() if value is None else config.scheduler.step(value)

    def _monitored(self, config: LRSchedulerConfig) -> Any:
        figures = self.figures()
        value = figures.get(config.monitor or "")
        if value is None:
            text = errors.message(
                '"monitor" of a ReduceLROnPlateau',
                expected=f"one of the logged figures ({', '.join(figures)})",
                received=config.monitor,
                remedy=errors.did_you_mean(str(config.monitor), figures),
            )
            if config.strict:
                raise ValueError(text)
            warnings.warn(text, RuntimeWarning, stacklevel=2)
        return value


def parameters_of(optimizer: Optimizer) -> list[torch.Tensor]:
    """The parameters that an optimizer changes.

    Example:
        >>> len(parameters_of(torch.optim.SGD(torch.nn.Linear(1, 1).parameters())))
        2
    """
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def needs_closure(optimizer: Optimizer) -> bool:
    """Whether an optimizer may want to run the step itself: LBFGS, and those that are not torch's or ours."""
    home = type(optimizer).__module__
    return isinstance(optimizer, torch.optim.LBFGS) or not home.startswith(("torch.optim.", "kerastorch."))


def _plain(optimizer: Any) -> Any:
    return optimizer.optimizer if isinstance(optimizer, LightningOptimizer) else optimizer


class LightningOptimizer:
    """An optimizer as `self.optimizers()` gives it: its `step` calls hooks and is counted.

    Args:
        optimizer: The optimizer; its attributes are this one's too.
        update: Does the update: `update(optimizer, closure, **kwargs)`.
        toggling: `(toggle, untoggle)` of the module.
    """

    def __init__(self, optimizer: Optimizer, update: Callable[..., Any], toggling: tuple[Any, Any]) -> None:
        self.optimizer, self._update, self._toggling = optimizer, update, toggling

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["optimizer"], name)

    def step(self, closure: Callable[[], Any] | None = None, **kwargs: Any) -> Any:
        """Update the parameters.

        Args:
            closure: Computes loss and gradients first.
            **kwargs: More for the optimizer's `step`.
        """
        return self._update(self.optimizer, closure, **kwargs)

    @contextmanager
    def toggle_model(self, sync_grad: bool = True) -> Iterator[None]:
        """Within it only this optimizer's parameters take gradients."""
        toggle, untoggle = self._toggling
        toggle(self)
        yield
        untoggle(self)
