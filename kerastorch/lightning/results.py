"""What `self.log` collects: figures that stay on the device until somebody shows them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors
from kerastorch.engine.logs import fetch
from kerastorch.lightning.hooks import EPOCH_ONLY, LEVELS
from kerastorch.lightning.moving import apply, rows
from kerastorch.runtime.device import exact_dtype
from kerastorch.runtime.strategy import SingleDevice

_HELD = ("loader", "step", "total", "weight")
_SHOWN = ("callback", "logged", "bar")
_EMPTY = {"mean": 0.0, "sum": 0.0, "max": float("-inf"), "min": float("inf")}
_REDUCTIONS = {**{name: name for name in _EMPTY}, "avg": "mean"}
_FUNCTIONS: dict[Any, str] = {
    torch.mean: "mean", torch.sum: "sum", torch.max: "max", torch.min: "min", sum: "sum", max: "max", min: "min"
}  # fmt: skip


def _check_single(name: str, value: Any) -> None:
    if isinstance(value, Tensor) and value.numel() != 1:
        raise errors.value_error(
            f"The value of `self.log({name!r}, ...)`", expected="a tensor with one number", received=value
        )


def in_order(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Figures on the host, in the order in which they were logged.

    Example:
        >>> in_order({"loss": torch.tensor(0.5), "accuracy": torch.tensor(1.0)})
        {'loss': 0.5, 'accuracy': 1.0}
    """
    fetched = fetch(figures)
    return {name: fetched[name] for name in figures}


def reduction(wanted: Any) -> str:
    """The name of a reduction: "mean", "sum", "max" or "min".

    Raises:
        ValueError: It is another one.

    Example:
        >>> reduction(torch.max), reduction("avg")
        ('max', 'mean')
    """
    found = _REDUCTIONS.get(wanted.lower()) if isinstance(wanted, str) else _FUNCTIONS.get(wanted)
    if found is None:
        raise errors.value_error(
            "`reduce_fx` of self.log",
            expected='"mean", "sum", "max" or "min"',
            received=wanted,
            remedy="Log a torchmetrics object to reduce in another way.",
        )
    return found


class Entry:
    """One logged name.

    Args:
        options: (on_step, on_epoch, prog_bar, logger, reduction, sync_dist), which may not change within an epoch.
        name: Its name.
        suffix: What several dataloaders add to it.
        strategy: Where the ranks are.
    """

    def __init__(self, options: tuple[Any, ...], name: str, suffix: str, strategy: SingleDevice) -> None:
        self.options = options
        self.on_step, self.on_epoch, self.prog_bar, self.logger, self.reduce, self.sync = options
        forked = self.on_step and self.on_epoch
        self.name = name + suffix
        self.step_name = f"{name}_step{suffix}" if forked else self.name
        self.epoch_name = f"{name}_epoch{suffix}" if forked else self.name
        self.strategy = strategy
        self.loader: int | None = None
        self.metric: Any = None
        self.step: Tensor | None = None
        self.total: Any = None
        self.weight = 0
        self._epoch: Any = None

    def state(self) -> dict[str, Any]:
        """What it holds of the epoch so far, but for a metric."""
        return {name: getattr(self, name) for name in _HELD}

    def add(self, value: Tensor, size: Callable[[int | None], int], batch_size: int | None) -> None:
        """Take in a value of a batch."""
        value, self._epoch = value.detach(), None
        if self.on_step:
            self.step = self._shared(value.clone()) if self.sync else value.clone()
        if not self.on_epoch:
            return
        if self.total is None:
            self.total = torch.full_like(value, _EMPTY[self.reduce], dtype=exact_dtype(value.device))
        if self.reduce == "mean":
            rows = size(batch_size)
            self.total.add_(value, alpha=rows)
            self.weight += rows
        elif self.reduce == "sum":
            self.total.add_(value)
        else:
            self.total = getattr(torch, f"{self.reduce}imum")(self.total, value)

    def take(self, metric: Any) -> None:
        """Remember a torchmetrics object: its value is asked for when it is due."""
        self.metric, self._epoch = metric, None
        self.step = getattr(metric, "_forward_cache", None)

    def at_epoch(self) -> Any:
        """The value over the epoch so far; None where there is none."""
        if self._epoch is None:
            self._epoch = self._computed() if self.metric is None else self.metric.compute()
        return self._epoch

    def _computed(self) -> Tensor | None:
        if self.total is None:
            return None
        if self.sync and self.strategy.world_size > 1 and self.reduce in ("max", "min"):
            gathered = torch.stack(self.strategy.gather(self.total))
            return getattr(torch, f"a{self.reduce}")(gathered, 0).to(self.total.device, torch.get_default_dtype())  # type: ignore[no-any-return]
        total, weight = self.total.clone(), torch.tensor(float(self.weight), dtype=self.total.dtype)
        if self.sync:
            self.strategy.sum_([total, weight := weight.to(total.device)])
        return (total / weight if self.reduce == "mean" else total).to(torch.get_default_dtype())

    def _shared(self, value: Tensor) -> Tensor:
        self.strategy.sum_([value])
        return value / self.strategy.world_size if self.reduce == "mean" else value

    def reset(self) -> None:
        """The epoch is over: a metric starts again."""
        if self.metric is not None:
            self.metric.reset()


def metric_states(module: Any, left_out: Collection[str | None] = ()) -> dict[str, Any]:
    """The states of the torchmetrics objects in a module, by their names in it.

    Args:
        module: The module.
        left_out: Names of those that are left out.
    """
    found = {}
    for name, part in module.named_modules():
        if hasattr(part, "_compute_groups_create_state_ref"):
            part.items(keep_base=True, copy_state=False)  # a collection lets those of a group have the same state
        if hasattr(part, "_defaults") and hasattr(part, "_update_count") and name not in left_out:
            found[name] = {key: getattr(part, key) for key in (*part._defaults, "_update_count")}
    return found


def load_metric_states(module: Any, states: Mapping[str, Any]) -> None:
    """Put back what `metric_states` gave; a metric that is not there any more is passed over."""
    parts = dict(module.named_modules())
    for name in states.keys() & parts.keys():
        part: Any = parts[name]
        for key, value in apply(states[name], lambda leaf, part=part: leaf.to(part.device)).items():  # type: ignore[misc]
            setattr(part, key, value)


class Record:
    """All that is logged in a run, and what callbacks, loggers and progress bars get of it.

    Args:
        strategy: Where the ranks are.

    Attributes:
        fx: The hook that runs now, which decides how `self.log` logs; None outside of hooks that may log.
        on_step: Whether a batch was begun and its pass is not over: figures are those of the batch.
        loader: The number of the dataloader, where there are several.
    """

    def __init__(self, strategy: SingleDevice) -> None:
        self.strategy = strategy
        self.training: dict[tuple[Any, ...], Entry] = {}
        self.evaluation: dict[tuple[Any, ...], Entry] = {}
        self.active: dict[tuple[Any, ...], Entry] | None = None
        self.names: set[str] = set()  # all that was ever logged
        self.fx: str | None = None
        self.on_step = False
        self.batch: Any = None
        self.rows: int | None = None
        self.loader: int | None = None
        self.callback: dict[str, Any] = {}
        self.logged: dict[str, Any] = {}
        self.bar: dict[str, Any] = {}

    def begin_batch(self, batch: Any, loader: int | None = None) -> None:
        """A batch comes: what is logged now is its."""
        self.batch, self.rows, self.loader, self.on_step = batch, None, loader, True

    def log(self, name: str, value: Any, *, batch_size: int | None = None, **how: Any) -> None:
        """Take in a value; see `LightningModule.log`."""
        key = (self.fx, name, self.loader if how["add_dataloader_idx"] else None)
        if self.active is None or key[0] not in LEVELS:
            raise errors.value_error(
                f"`self.log({name!r}, ...)`",
                expected="a call within training_step, validation_step, test_step or a hook of batches or epochs",
                received=errors.Said("one outside of a run" if self.fx is None else f"one within {self.fx}"),
                remedy="Use `self.logger.log_metrics` there.",
            )
        entry = self.active.get(key)
        options = self._options(name, how)
        if entry is None:
            _check_single(name, value)
            suffix = "" if key[2] is None else f"/dataloader_idx_{key[2]}"
            entry = self.active[key] = Entry(options, name, suffix, self.strategy)
            entry.loader = self.loader
            self.names.update((entry.name, entry.step_name, entry.epoch_name))
        elif entry.loader != self.loader:
            raise errors.value_error(
                f"`self.log({name!r}, ..., add_dataloader_idx=False)` in {self.fx}",
                expected="a name of its own for each dataloader",
                received=errors.Said(f"the same for dataloaders {entry.loader} and {self.loader}"),
            )
        elif entry.options != options:
            raise errors.value_error(
                f"`self.log({name!r}, ...)` in {self.fx}",
                expected="the same options at every call",
                received=errors.Said(f"{options} after {entry.options}"),
            )
        if isinstance(value, Tensor):
            entry.add(value, self._rows, batch_size)
        elif isinstance(value, Real):
            entry.add(torch.tensor(float(value), device=self.strategy.device), self._rows, batch_size)
        elif hasattr(value, "compute") and hasattr(value, "reset"):
            entry.take(value)
        else:
            raise errors.type_error(
                f"The value of `self.log({name!r}, ...)`", expected="a number, a tensor or a metric", received=value
            )

    def _options(self, name: str, how: dict[str, Any]) -> tuple[Any, ...]:
        on_step, on_epoch = LEVELS[self.fx or ""]
        on_step = on_step if how["on_step"] is None else how["on_step"]
        on_epoch = on_epoch if how["on_epoch"] is None else how["on_epoch"]
        if not (on_step or on_epoch) or (self.fx in EPOCH_ONLY and (on_step or not on_epoch)):
            raise errors.value_error(
                f"`on_step` and `on_epoch` of self.log({name!r}, ...) in {self.fx}",
                expected="on_epoch alone" if self.fx in EPOCH_ONLY else "one of them at least",
                received=(on_step, on_epoch),
            )
        logger = True if how["logger"] is None else how["logger"]
        return on_step, on_epoch, how["prog_bar"], logger, reduction(how["reduce_fx"]), how["sync_dist"]

    def _rows(self, batch_size: int | None) -> int:
        if batch_size is not None:
            return batch_size
        if self.rows is None:
            self.rows = 1 if self.batch is None else rows(self.batch)
        return self.rows

    # -- figures ----------------------------------------------------------------------------------------------------

    def note(self, loader: int | None = None) -> dict[str, Any]:
        """Put the figures of now where callbacks and bars find them; returns those for loggers."""
        logged: dict[str, Any] = {}
        for entry in self._valid(loader):
            value = entry.step if self.on_step else entry.at_epoch()
            if not isinstance(value, Tensor):
                continue
            name = entry.step_name if self.on_step else entry.epoch_name
            if entry.logger:
                logged[name] = value
            if self.active is self.training or not self.on_step:
                self.callback[entry.name] = self.callback[name] = value
            if entry.prog_bar:
                self.bar[name] = value
        self.logged.update(logged)
        return logged

    def _valid(self, loader: int | None) -> Iterator[Entry]:
        for entry in (self.active or {}).values():
            if entry.loader == loader and (entry.on_step if self.on_step else entry.on_epoch):
                yield entry

    def reset(self) -> None:
        """An epoch or a validation is over."""
        for entry in (self.active or {}).values():
            entry.reset()
        (self.active if self.active is not None else {}).clear()
        self.on_step, self.batch, self.rows, self.loader = False, None, None, None

    def forget(self) -> None:
        """Another run begins."""
        self.training, self.evaluation, self.on_step = {}, {}, False
        self.callback, self.logged, self.bar = {}, {}, {}

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Around a validation, which may be within a training epoch."""
        self.note(self.loader)
        before = (self.active, self.on_step, self.batch, self.rows, self.loader)
        self.active, self.on_step, self.batch, self.loader = self.evaluation, False, None, None
        try:
            yield
        finally:
            self.active, self.on_step, self.batch, self.rows, self.loader = before

    # -- cut and taken up ---------------------------------------------------------------------------------------------

    def state_dict(self, module: Any, over: bool) -> dict[str, Any]:
        """The figures of the epoch so far, and the states of all metrics in a module: plain values.

        Args:
            module: The module, whose parts the metrics are.
            over: Whether the epoch is over, so that the next one begins without figures.
        """
        names = {id(part): name for name, part in module.named_modules()}
        kept = {} if over else self.training
        entries = [
            (key, entry.name, entry.options, names.get(id(entry.metric)), entry.state()) for key, entry in kept.items()
        ]
        starting = [*self.evaluation.values(), *(self.training.values() if over else ())]
        left_out = {names.get(id(entry.metric)) for entry in starting}
        shown = {name: dict(getattr(self, name)) for name in _SHOWN}
        return {"entries": entries, "metrics": metric_states(module, left_out), **shown}

    def load_state_dict(self, state: dict[str, Any], module: Any) -> None:
        """Take back what `state_dict` gave.

        Args:
            state: The state.
            module: The module of now.
        """
        parts, device = dict(module.named_modules()), self.strategy.device
        for (fx, name, loader), shown, options, metric, held in state["entries"]:
            entry = Entry(options, name, shown.removeprefix(name), self.strategy)
            vars(entry).update(apply(held, lambda leaf: leaf.to(device)))
            entry.metric = parts.get(metric)
            self.training[fx, name, loader] = entry
        load_metric_states(module, state["metrics"])
        for kind in _SHOWN:
            setattr(self, kind, apply(state[kind], lambda leaf: leaf.to(device)))

    def floats(self) -> dict[str, float]:
        """What progress bars show, as floats."""
        self.note(self.loader)
        return in_order(self.bar)
