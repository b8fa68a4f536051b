"""Where each rank stands: a page of memory that a rank writes and the process that watches it reads.

A rank notes the begin and the end of every batch of training. Between the two it is *in a step*, where ranks wait for
each other and silence is suspect; at any other time (callbacks, validation, waiting for data) it may take as long as it
likes. The other way round, the page carries the wish that all ranks stop after the same batch. Nothing here calls the
system: a note is one `pack_into`.
"""

from __future__ import annotations

import mmap
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Hook = Callable[[int, Any], Any]

START, STEP, BETWEEN, WAITING, STOPPING, DONE = range(6)
_STAGES = 8  # a batch's number and the stage are one word, so that they are read together
_NOTE = struct.Struct("@qdqq")  # batches begun * _STAGES + stage, when, epoch, batch
_WISH = struct.Struct("@q")  # 0: go on; -1: wait at the end of the batch; n: stop after the n-th batch
_WISH_AT = 64
_SIZE = 128
_HOLD = -1


@dataclass(frozen=True)
class Place:
    """Where a rank stands.

    Attributes:
        stage: START (no batch yet), STEP, BETWEEN (two steps), WAITING (to be told where to stop), STOPPING or DONE.
        begun: Batches of training begun so far, in all epochs.
        when: The time of the note, of `time.monotonic`.
        epoch: The epoch, from 0.
        batch: The batch within it, from 0.
    """

    stage: int
    begun: int
    when: float
    epoch: int
    batch: int

    @property
    def started(self) -> bool:
        """Whether a first step is behind it."""
        return self.begun > 1 or (self.begun == 1 and self.stage != STEP)

    def __str__(self) -> str:
        if not self.begun:
            return "before its first batch"
        return f"{'in' if self.stage == STEP else 'after'} epoch {self.epoch}, batch {self.batch} (both from 0)"


class Page:
    """The page of one rank.

    Args:
        path: The file that both sides map; None for a page of this process alone.

    Example:
        >>> page = Page()
        >>> page.enter(2, 7)
        >>> str(page.place())
        'in epoch 2, batch 7 (both from 0)'
    """

    def __init__(self, path: Path | None = None) -> None:
        if path is None:
            self.memory = mmap.mmap(-1, _SIZE)
        else:
            with path.open("r+b") as file:
                self.memory = mmap.mmap(file.fileno(), _SIZE)
        self.begun = 0

    @classmethod
    def make(cls, path: Path) -> Page:
        """A new page in a file that others may map."""
        path.write_bytes(bytes(_SIZE))
        page = cls(path)
        page.note(START)
        return page

    def note(self, stage: int, epoch: int = 0, batch: int = 0) -> None:
        """Write where this rank stands."""
        _NOTE.pack_into(self.memory, 0, self.begun * _STAGES + stage, time.monotonic(), epoch, batch)

    def reach(self, stage: int) -> None:
        """Write a stage; epoch and batch stay."""
        place = self.place()
        self.note(stage, place.epoch, place.batch)

    def enter(self, epoch: int, batch: int) -> None:
        """A batch of training begins."""
        self.begun += 1
        self.note(STEP, epoch, batch)

    def place(self) -> Place:
        """Where the rank stands."""
        word, when, epoch, batch = _NOTE.unpack_from(self.memory, 0)
        return Place(word % _STAGES, word // _STAGES, when, epoch, batch)

    @property
    def wish(self) -> int:
        """What the rank should do at the end of a batch."""
        return int(_WISH.unpack_from(self.memory, _WISH_AT)[0])

    @wish.setter
    def wish(self, value: int) -> None:
        _WISH.pack_into(self.memory, _WISH_AT, value)

    def close(self) -> None:
        """Give the memory back."""
        self.memory.close()


mine: Page | None = None  # that of this process, where it is a rank that somebody watches


def begin(page: Page) -> None:
    """Let a page be that of this process."""
    global mine
    mine = page


def where() -> str:
    """Where this process stands, in words; empty where nobody watches."""
    return "" if mine is None else str(mine.place())


def around(
    state: Any, begins: Sequence[Hook], ends: Sequence[Hook], together: Sequence[Hook]
) -> tuple[Sequence[Hook], Sequence[Hook]]:
    """The hooks of training batches, and between them the notes of a rank that is watched.

    Args:
        state: The run's, with `epoch`.
        begins: What is called before each step.
        ends: What is called after each step.
        together: What all ranks call after that, waiting for each other.

    Returns:
        All that is to be called before each step, and after it.
    """
    page = mine
    if page is None:
        return begins, (*ends, *together)

    def enter(index: int, logs: Any) -> None:
        page.enter(state.epoch, index)

    def leave(index: int, logs: Any) -> None:
        page.note(BETWEEN, state.epoch, index)

    def meet(index: int, logs: Any) -> None:
        page.note(STEP, state.epoch, index)

    def obey(index: int, logs: Any) -> None:
        page.note(BETWEEN, state.epoch, index)
        if page.wish:
            _obey(page)

    met = (meet, *together) if together else ()
    return (*begins, enter), (leave, *ends, *met, obey)


def _obey(page: Page) -> None:
    page.reach(WAITING)
    while (last := page.wish) == _HOLD:
        time.sleep(0.001)
    if page.begun >= last > 0:
        page.reach(STOPPING)
        raise KeyboardInterrupt
    page.reach(BETWEEN)


def stop(pages: Sequence[Page]) -> None:
    """Let all ranks raise KeyboardInterrupt after the same batch.

    Ranks wait for each other within a step, so none may stop a batch before another one. First each is told to wait
    when it has ended a batch; which one that will be, or at most will be, is known from where it stands then; and after
    the last of these batches all can stop.

    Args:
        pages: Those of all ranks.
    """
    for page in pages:
        page.wish = _HOLD
    time.sleep(0.005)  # a rank that looked for a wish just before has begun its next batch by now
    last = max(_at_most(page.place()) for page in pages)
    for page in pages:
        page.wish = last


def _at_most(place: Place) -> int:
    """The batch at whose end a rank that was told to wait will wait, at the latest."""
    return place.begun + (place.stage in (START, BETWEEN))
