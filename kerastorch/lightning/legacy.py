"""What tutorials of earlier years write: older hooks, `optimizer_idx`, dict returns, truncated backpropagation."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from kerastorch.lightning.callbacks import Callback
from kerastorch.lightning.deprecations import log_returned, tell
from kerastorch.lightning.hooks import ModelHooks, overridden
from kerastorch.lightning.moving import apply
from kerastorch.lightning.step import LightningManualStep

# older method -> what to write today
OLD = {
    "training_epoch_end": "`on_train_epoch_end(self)`; keep what you need in a list of your own",
    "validation_epoch_end": "`on_validation_epoch_end(self)`; keep what you need in a list of your own",
    "test_epoch_end": "`on_test_epoch_end(self)`; keep what you need in a list of your own",
    "validation_end": "`on_validation_epoch_end(self)`, or `self.log` in `validation_step`",
    "test_end": "`on_test_epoch_end(self)`, or `self.log` in `test_step`",
    "on_epoch_start": "`on_train_epoch_start(self)`",
    "on_epoch_end": "`on_train_epoch_end(self)`",
    "on_batch_start": "`on_train_batch_start(self, batch, batch_idx)`",
    "on_batch_end": "`on_train_batch_end(self, outputs, batch, batch_idx)`",
    "tng_dataloader": "`train_dataloader(self)`",
}
# older hook -> today's, beside which a method of the older name is the module's own affair
_TODAY = {
    "on_epoch_start": "on_train_epoch_start", "on_epoch_end": "on_train_epoch_end",
    "tng_dataloader": "train_dataloader", "on_batch_start": "on_train_batch_start",
    "on_batch_end": "on_train_batch_end", "validation_end": "on_validation_epoch_end",
    "test_end": "on_test_epoch_end",
}  # fmt: skip
_SPECIAL = ("log", "progress_bar", "hiddens")


def data_loader(method: Callable[..., Any]) -> Callable[..., Any]:
    """The decorator of 2019, `@pl.data_loader`: not needed any more.

    Example:
        >>> import warnings
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     data_loader(len) is len
        True
    """
    tell(method, f"`@data_loader` of {getattr(method, '__name__', 'a method')} is not needed today: leave it out.")
    return method


def old_hooks(module: Any) -> list[Callback]:
    """What calls a module's older hooks, with a line that names today's for each; empty where it has none."""
    names = [name for name in OLD if callable(getattr(module, name, None)) and not _is_own(module, name)]
    for name in names:
        tell(getattr(module, name), f"`{name}` of {type(module).__name__}: write {OLD[name]} today.")
    if "tng_dataloader" in names:
        module.__dict__["train_dataloader"] = module.tng_dataloader
    for step in (module.training_step, module.validation_step, module.test_step, module.predict_step):
        if "batch_nb" in inspect.signature(step).parameters:
            tell(step, f"`batch_nb` of {step.__name__}: write `batch_idx` today.")
    by_optimizer = "optimizer_idx" in inspect.signature(module.training_step).parameters
    if by_optimizer:
        today = "set `self.automatic_optimization = False` and step `self.optimizers()` by yourself"
        tell(module.training_step, f"`optimizer_idx` of training_step: {today} today.")
    return [OldHooks(names)] if names or by_optimizer else []


def _is_own(module: Any, name: str) -> bool:
    return name in _TODAY and overridden(module, _TODAY[name], ModelHooks) is not None


class OldHooks(Callback):
    """Calls the older hooks of a module, and logs the dicts that they return.

    Args:
        names: The hooks that it has.
    """

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.outputs: dict[str, list[Any]] = {"training": [], "validation": [], "test": []}

    def _call(self, module: Any, name: str, *args: Any) -> Any:
        return getattr(module, name)(*args) if name in self.names else None

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        self._call(pl_module, "on_epoch_start")

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        self._call(pl_module, "on_batch_start", *_wanted(pl_module, "on_batch_start", batch))

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if "training_epoch_end" in self.names:
            self.outputs["training"].append(apply(outputs, _detached))
        self._call(pl_module, "on_batch_end")

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self._end(pl_module, "training", ("training_epoch_end",))
        self._call(pl_module, "on_epoch_end")

    def on_validation_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, *args: Any) -> None:
        self.outputs["validation"].append(outputs)

    def on_test_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, *args: Any) -> None:
        self.outputs["test"].append(outputs)

    def on_validation_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self._end(pl_module, "validation", ("validation_epoch_end", "validation_end"))

    def on_test_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self._end(pl_module, "test", ("test_epoch_end", "test_end"))

    def _end(self, module: Any, kind: str, names: tuple[str, ...]) -> None:
        outputs, self.outputs[kind] = self.outputs[kind], []
        for name in names:
            found = self._call(module, name, outputs)
            if isinstance(found, Mapping):
                log_returned(module, found, {key: value for key, value in found.items() if _is_figure(key, value)})


def _is_figure(name: str, value: Any) -> bool:
    return name not in _SPECIAL and isinstance(value, (Tensor, float))


def _detached(leaf: Any) -> Any:
    return leaf.detach() if isinstance(leaf, Tensor) else leaf


def _wanted(module: Any, name: str, *args: Any) -> tuple[Any, ...]:
    method = getattr(module, name, None)
    return args[: len(inspect.signature(method).parameters)] if method is not None else ()


def is_old(module: Any, options: Any) -> bool:
    """Whether a module's `training_step` is called once for each optimizer, or for each part of a sequence."""
    by_optimizer = "optimizer_idx" in inspect.signature(module.training_step).parameters
    return bool(by_optimizer or _parts(module, options)) and module.automatic_optimization


def _parts(module: Any, options: Any) -> int:
    return int(options.truncated_bptt_steps or getattr(module, "truncated_bptt_steps", 0) or 0)


class OldStep(LightningManualStep):
    """A batch is trained on once for each optimizer, and for each part of its sequence; each time with an update."""

    def __call__(self, batch: Any) -> None:
        if not self.begins(batch):
            return
        hiddens = None
        for part in self._split(batch):
            for number, optimizer in self._turn(batch.index):
                with self._alone(optimizer), self.precision.context():
                    found = self._train(part, batch.index, number, hiddens)
                    loss = found.get("loss") if isinstance(found, Mapping) else found
                    if loss is None:
                        continue
                    optimizer.zero_grad()
                    self.backward(loss)
                    self.update_by(optimizer, None)
                self.program.extra = found if isinstance(found, Mapping) else {"loss": found.detach()}
                hiddens = apply(self.program.extra.get("hiddens"), _detached)

    def _turn(self, index: int) -> list[tuple[int, torch.optim.Optimizer]]:
        """The optimizers of a batch with their numbers: all, or the one whose turn it is."""
        numbered, turns = list(enumerate(self.program.optimizers)), self.module.trainer.optimizer_frequencies
        if not turns:
            return numbered
        place = index % sum(turns)
        return [numbered[next(i for i in range(len(turns)) if place < sum(turns[: i + 1]))]]

    def _split(self, batch: Any) -> list[Any]:
        """The batch in parts of its second dimension, where there is truncated backpropagation."""
        steps = _parts(self.module, self.module.trainer.options)
        if not steps:
            return [batch.x]
        own = getattr(self.module, "tbptt_split_batch", None)
        if own is not None:
            return list(own(batch.x, steps))
        length = max(leaf.shape[1] for leaf in _leaves(batch.x) if leaf.ndim > 1)
        return [apply(batch.x, _cut(start, steps, length)) for start in range(0, length, steps)]

    def _train(self, part: Any, index: int, number: int, hiddens: Any) -> Any:
        given = {"batch_idx": index, "batch_nb": index, "optimizer_idx": number, "hiddens": hiddens}
        names = list(inspect.signature(self.module.training_step).parameters)[1:]
        self.record.fx = "training_step"
        found = self.module.training_step(part, *(given.get(name, index) for name in names))
        if isinstance(found, dict):
            self.program.log_returned(found)
        self.record.fx = None
        return found

    @contextmanager
    def _alone(self, optimizer: torch.optim.Optimizer) -> Iterator[None]:
        """Only the parameters of one optimizer take gradients, where there are several."""
        if len(self.program.optimizers) == 1:
            yield
            return
        self.module.toggle_optimizer(optimizer)
        yield
        self.module.untoggle_optimizer(optimizer)

    def clip(self, optimizer: torch.optim.Optimizer) -> None:
        self.module.configure_gradient_clipping(optimizer)


def _leaves(batch: Any) -> list[Tensor]:
    found: list[Tensor] = []
    apply(batch, found.append)
    return found


def _cut(start: int, steps: int, length: int) -> Callable[[Any], Any]:
    return lambda leaf: leaf[:, start : start + steps] if leaf.ndim > 1 and leaf.shape[1] == length else leaf
