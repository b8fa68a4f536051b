"""What loaders, datasets, generators and PyDatasets share: batches that come one by one."""

from __future__ import annotations

import sys
import warnings
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from kerastorch.base import chance, errors, nested
from kerastorch.data.batch import Batch, unpack
from kerastorch.data.blame import item_of
from kerastorch.data.convert import to_tensor
from kerastorch.data.source import DataSource, promise, ran_out
from kerastorch.data.watchdog import Watchdog

_END = object()


class StreamSource(DataSource):
    """Batches from passes over something that can be iterated.

    Without `steps` an epoch is one pass. With `steps` an epoch takes so many batches, the next one goes on in the
    same pass, and a new pass follows when it ends; a pass that is shorter than an epoch ends it with one warning.

    After a restart a pass that cannot be entered in its middle is opened with the random numbers that it was opened
    with before, and what was taken from it is fetched again and dropped.

    Args:
        kind: What errors call the data ("DataLoader").
        device: Where batches shall be.
        steps: Batches in an epoch, or None for a pass.
        transform: Applied to every batch before it moves to the device (class weights).
    """

    one_shot = False  # whether there is but one pass, over all epochs
    by_epoch = False  # whether passes differ by their number

    def __init__(
        self,
        kind: str,
        *,
        device: torch.device | str,
        steps: int | None,
        transform: Callable[[Batch, str], Batch] | None = None,
    ) -> None:
        self.kind, self.steps, self.device = kind, steps, torch.device(device)
        self.promised = promise(steps)
        self._transform = transform
        self._items: Iterator[Any] | None = None  # the open pass
        self._watchdog: Watchdog | None = None  # looks after its workers
        self._at = (0, 0)  # (number of the open pass, batches taken from it)
        self._head: Batch | None = None  # peeked, still to be given
        self._structure: Any = None
        self._started = self._warned = False
        self._generators: Sequence[torch.Generator] = ()  # beside those of the process
        self._opened: dict[str, Any] | None = None  # the random numbers that the open pass was opened with
        self._replay: dict[str, Any] | None = None  # what an earlier process had taken

    @abstractmethod
    def _open(self, number: int, start: int) -> Iterator[Any]:
        """Start pass `number` (from 0) at batch `start` of it."""

    def _begin_epoch(self) -> None:
        """Called before an epoch's first batch is fetched."""

    def _end_epoch(self) -> None:
        """Called after an epoch's last batch."""

    @property
    def _pass_batches(self) -> int | None:
        """Batches in a pass, where that is known and passes can be entered anywhere."""
        return None

    def peek(self, epoch: int = 0) -> Batch:
        if self._head is None:
            self._begin_epoch()
            self._seek(epoch, 0)
            item = self._next(0)
            if item is _END:
                raise self._empty()
            self._head, self._at = self._ready(item, 0), (self._at[0], self._at[1] - 1)
        return self._head

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        if self._head is None:
            self._begin_epoch()
        try:
            yield from self._epoch(epoch, start)
        finally:
            self._end_epoch()

    def _epoch(self, epoch: int, start: int) -> Iterator[Batch]:
        number, began_here = start, self._seek(epoch, start)
        while self.steps is None or number < self.steps:
            item = self._next(number)
            if item is not _END:
                self._started = True
                yield self._ready(item, number)
                number += 1
                continue
            self._close_pass()
            if self.steps is None or began_here or self.one_shot:
                break
            self._enter(self._at[0] + 1, 0)
            began_here = True
        self._check_count(number)

    def _seek(self, epoch: int, start: int) -> bool:
        """Open the pass in which a batch lies, or stay in it. Returns whether that pass begins with this epoch."""
        length = self._pass_batches
        if length is not None:
            if self.steps is None or self.steps > length:
                target = (epoch, start)
            else:
                target = divmod(epoch * self.steps + start, length)
            if self._items is None or self._at != target:
                self._close_pass()
                self._enter(*target)
            return target[1] == start
        if self._replayed():
            return self._at[1] == start
        fresh = self._items is None or self._at[1] == 0
        stays = self.one_shot or self.steps is not None or (fresh and self._at[0] == epoch)
        if self._items is None or not (stays or (fresh and not self.by_epoch)):
            self._close_pass()
            self._enter(epoch, 0)
        self._skip(start)
        return fresh

    def _skip(self, count: int) -> None:
        """Fetch and drop the batches of this epoch that are already done."""
        for number in range(count):
            self._next(number)

    def _enter(self, number: int, start: int) -> None:
        self._opened = self._drawn()
        self._items, self._at = self._open(number, start), (number, start)
        self._watchdog = Watchdog(self._items)
        if start:  # opening a pass at its beginning has drawn already what this has drawn now
            self._draw_from(self._opened)

    def _drawn(self) -> dict[str, Any]:
        return {"process": chance.state(), "own": [generator.get_state() for generator in self._generators]}

    def _draw_from(self, known: dict[str, Any]) -> None:
        chance.restore(known["process"])
        for generator, state in zip(self._generators, known["own"], strict=True):
            generator.set_state(state)

    def state_dict(self) -> dict[str, Any]:
        taken = {"pass": self._at[0], "taken": self._at[1], "open": self._items is not None, "opened": self._opened}
        return {**taken, "own": self._drawn()["own"]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._replay = state

    def _replayed(self) -> bool:
        """Bring the pass to where an earlier process had it; False where there is nothing to bring back."""
        state, self._replay = self._replay, None
        if state is None:
            return False
        now = {"process": chance.state(), "own": state["own"]}
        goes_on = bool(state["open"] or self.one_shot)
        if not self.one_shot:
            self._close_pass()
            if goes_on:
                self._draw_from(state["opened"])
                self._enter(state["pass"], 0)
        if goes_on:
            self._skip(state["taken"] - self._at[1])
        self._draw_from(now)
        return goes_on

    def _next(self, number: int) -> Any:
        """The next item of the open pass, a peeked batch first; `_END` after the last."""
        if self._head is not None:
            head, self._head = self._head, None
            self._at = (self._at[0], self._at[1] + 1)
            return head
        if self._items is None:
            return _END
        try:
            item = next(self._items, _END)
        except Exception as error:
            fate = "" if self._watchdog is None else self._watchdog.fate_after(error)
            self._close_pass()
            if fate:
                raise self._died(number, fate) from error
            where = f"Raised by the {self.kind} while making batch {number} of the epoch (counted from 0)."
            annotate(error, f"{where} {item_of(error.__traceback__)}".rstrip())
            raise
        if item is not _END:
            self._at = (self._at[0], self._at[1] + 1)
        return item

    def _ready(self, item: Any, number: int) -> Batch:
        if isinstance(item, Batch):
            return item  # it was peeked
        where = f"Batch {number} of the {self.kind}"
        batch = unpack(item, where)
        structure = tuple(outline(part) for part in (batch.x, batch.y, batch.sample_weight))
        if self._structure is None:
            self._structure = structure
        elif structure != self._structure:
            raise errors.value_error(
                where,
                expected=f"(x, y, sample_weight) nested as in the first batch, {self._structure}",
                received=errors.Said(str(structure)),
                remedy="Every batch must hold the same parts.",
            )
        if self._transform is not None:
            batch = self._transform(batch, where)
        x, y, weights = (self._on_device(part, where) for part in (batch.x, batch.y, batch.sample_weight))
        return Batch(x, y, weights, batch.size)

    def _on_device(self, part: Any, where: str) -> Any:
        if nested.is_nested(part):
            return nested.map_structure(lambda leaf: self._on_device(leaf, where), part)
        if part is None:
            return None
        tensor: Tensor = to_tensor(part, where)
        if tensor.device == self.device or self.device.type == "cpu" == tensor.device.type:
            return tensor
        return tensor.to(self.device, non_blocking=self.device.type == "cuda" or tensor.is_pinned())

    def _check_count(self, number: int) -> None:
        if not self._started and number == 0:
            raise self._empty()
        if not self._warned and number < (self.promised or 1):
            self._warned = True
            warnings.warn(ran_out(number, self.promised), stacklevel=3)

    def _empty(self) -> ValueError:
        return errors.value_error(
            f"`x`, a {self.kind}",
            expected="at least one batch",
            received=errors.Said("none: it is empty"),
            remedy="A generator is used up after one pass: make a new one for each call.",
        )

    def _end_items(self, items: Iterator[Any]) -> None:
        """End what works for a pass that is given up. A user's generator is left as it is."""

    def _close_pass(self) -> None:
        items, self._items, self._head = self._items, None, None
        if self._watchdog is not None:
            self._watchdog.close()
        if items is not None:
            self._end_items(items)

    def _fate(self) -> str:
        return "" if self._watchdog is None else self._watchdog.fate()

    def _died(self, number: int, fate: str) -> RuntimeError:
        return RuntimeError(
            errors.message(
                f"The {self.kind}, batch {number} of the epoch (counted from 0)",
                expected="workers that live",
                received=errors.Said(fate.removesuffix(".")),
                remedy="Use fewer workers or smaller batches, or num_workers=0 to see an error of the data itself.",
            )
        )

    def close(self) -> None:
        ends = sys.exc_info()[1]  # torch tells of a worker's death wherever the main thread is, in a step too
        fate = self._fate() if isinstance(ends, RuntimeError) and self._items is not None else ""
        try:
            if fate and isinstance(ends, RuntimeError):
                annotate(ends, f"After {self._at[1]} batches of a pass over the {self.kind}. {fate}")
        finally:
            self._close_pass()
            self._end_epoch()


def outline(structure: Any) -> Any:
    """How a structure is nested, to be compared: "array" for a leaf.

    Example:
        >>> outline({"a": 1, "b": [1, None]})
        {'a': 'array', 'b': ['array', None]}
    """
    if nested.is_nested(structure):
        return nested.map_structure(outline, structure)  # hands each leaf to the line below
    return None if structure is None else "array"


def annotate(error: Exception, note: str) -> None:
    """Add a line of our own below the message of `error`.

    Raises:
        RuntimeError: Before Python 3.11, where errors have no notes: the note, caused by `error`.
    """
    if sys.version_info < (3, 11):
        raise RuntimeError(f"{note} {type(error).__name__}: {error}") from error
    error.add_note(note)
