"""`Checkpointing`: the observer that writes down a run, and takes it up again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch

from kerastorch.base import chance, errors, nested
from kerastorch.callbacks import console
from kerastorch.callbacks.callback import Callback, Logs
from kerastorch.checkpoint import Checkpoint, Saver, Store
from kerastorch.checkpoint.lock import BusyError
from kerastorch.checkpoint.plain import from_plain
from kerastorch.engine.resumable import Resumable, combined
from kerastorch.runtime.signals import Signals

T = TypeVar("T")
SIGNALS = ("SIGTERM", "SIGUSR1")
_ENDING = (
    3.0  # seconds in which a run that was cut must be gone: its last rank may live a moment longer than the others
)
_APART = 1.0  # seconds within which a second signal is the first one, by another way
_AGREE_EVERY = 1.0  # seconds between two exchanges, on several ranks, whether one of them was told to end


class Checkpointing(Callback):
    """Writes checkpoints of a whole run, and goes on from them to the same bits.

    It acts after all other callbacks, so that what they do at the end of an epoch is part of the checkpoint. A copy is
    made at once; a thread writes it while training goes on, and what goes wrong there is raised after the next batch.
    SIGTERM and SIGUSR1 end the run after the batch in which they come, with a checkpoint and exit code 128 + signal; a
    second one ends the process at once.

    Args:
        folder: Where checkpoints are; None writes none.
        every: "epoch", or the number of batches between two checkpoints; None: only when a signal comes.
        resume: None to begin anew; "auto" to go on from the newest checkpoint in `folder` if there is one; or the path
            of a checkpoint, or of a folder of them.
        elastic: Whether another number of ranks than that of the checkpoint may go on with it, if not to the same bits.
        keep: How many checkpoints stay.
        delete: Whether they are removed when the run is through.
        asynchronous: Whether training goes on while a checkpoint is written.

    Raises:
        ValueError: An argument is wrong.

    Example:
        >>> Checkpointing("runs/a", every=100).every
        100
    """

    acts_last = True
    agrees_itself = True

    def __init__(
        self,
        folder: str | os.PathLike[str] | None,
        every: Any = "epoch",
        resume: Any = None,
        *,
        elastic: bool = False,
        keep: int = 2,
        delete: bool = False,
        asynchronous: bool = True,
    ) -> None:
        super().__init__()
        _check(folder, every, resume)
        self.folder = None if folder is None else Path(folder)
        self.every, self.resume, self.elastic, self.keep, self.delete = every, resume, elastic, keep, delete
        self.asynchronous = asynchronous
        self.resumed_from: str | None = None
        self._forget()

    def _forget(self) -> None:
        self._store: Store | None = None
        self._saver: Saver | None = None
        self._signals: Signals | None = None
        self._random: Any = None  # of a checkpoint within an epoch: to be put back just before its next batch
        self._before_validation: Any = None
        self._since, self._last_batch = 0, 0
        self._ask_at_once()

    # -- beginning and end ------------------------------------------------------------------------------------------

    @property
    def run(self) -> Resumable:
        """The run that goes on now."""
        return self.model._resumable  # type: ignore[no-any-return]

    @property
    def strategy(self) -> Any:
        """Where it goes on."""
        return self.run.step.plan.strategy

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._forget()
        run, strategy = self.run, self.strategy
        if strategy.ranks != strategy.world_size:
            raise errors.value_error(
                "Checkpoints of a run",
                expected="ranks that each take rows of a batch of their own",
                received=errors.Said(f"{strategy.ranks} ranks of which several share the same rows (ModelParallel)"),
                remedy="Save such a model by `ModelCheckpoint(path)` or `model.save_weights`.",
            )
        found = self._together(lambda: self._open(strategy.rank, strategy.world_size))
        run.observer.note()
        path = strategy.agree(None if found is None else str(found.path))
        if path is not None:
            self._together(lambda: self._take_up(found or Checkpoint.open(path, verify=False)))
        if self._store is not None:
            store = self._store
            store.token, store.number = strategy.agree((store.token, store.number))
            self._saver = Saver(store.write, wait=not self.asynchronous)
            self._signals = Signals(SIGNALS, _APART).__enter__()

    def _open(self, rank: int, ranks: int) -> Checkpoint | None:
        """On rank 0: the checkpoint to go on from."""
        if self.folder is not None:
            self._store = Store(self.folder, keep=self.keep, rank=rank, ranks=ranks)
            self._take_folder(self._store) if rank == 0 else self._store.check()
        if rank > 0:
            return None
        store = self._store
        if self.resume == "auto" and store is not None:
            return store.newest()
        if self.resume is not None:
            return _at(Path(self.resume))
        if store is not None and store.paths():
            raise errors.value_error(
                f"`checkpoint_dir` {str(self.folder)!r} of fit",
                expected='a folder without checkpoints, or `resume="auto"` to go on with what they hold',
                received=errors.Said(f"one with {len(store.paths())} of an earlier run"),
                remedy="To begin anew choose another folder, or remove this one.",
            )
        return None

    def _take_folder(self, store: Store) -> None:
        end = time.monotonic() + (_ENDING if self.resume == "auto" else 0)
        while True:
            try:
                return store.open()
            except BusyError as error:
                if error.pid == os.getpid() or time.monotonic() > end:
                    raise
            time.sleep(0.1)

    def _take_up(self, found: Checkpoint) -> None:
        run, strategy = self.run, self.strategy
        size, rank = strategy.world_size, strategy.rank
        if found.ranks != size and not self.elastic:
            raise errors.value_error(
                f"The checkpoint {found.path}",
                expected=f"{size} ranks, as many as there are now",
                received=errors.Said(f"{found.ranks} that wrote it"),
                remedy="With `elastic=True` fit goes on with other ranks, if not to the same bits.",
            )
        same = found.ranks == size
        if same:
            own = found.own(rank)
        else:
            owns = [found.own(other) for other in range(found.ranks)]
            run.check_combined(owns[0], found.path)
            own = combined(owns, rank, size)
        run.restore(own, found.shared())
        if not same:
            torch.manual_seed(run.state.seed + run.state.step * size + rank)
        self._random = from_plain(own["random"]) if same else run.random()
        chance.restore(self._random)
        self._last_batch = run.state.batch
        self.resumed_from = str(found.path)
        self._say(f"Going on from {found.path}: epoch {run.state.epoch + 1}, after {run.state.batch} batches.")

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if self._random is not None:
            chance.restore(self._random)
            self._random = None
        self._ask_at_once()

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self._saver is not None:
            self._saver.wait()
        self._end_if_told(saved=True)
        self._close(delete=self.delete)

    def on_exception(self, exception: BaseException) -> None:
        """End what runs beside the training, and give the folder back; the checkpoints stay."""
        self._close()

    def _close(self, delete: bool = False) -> None:
        saver, store, signals = self._saver, self._store, self._signals
        self._forget()
        if signals is not None:
            signals.__exit__(None, None, None)
        try:
            if saver is not None:
                saver.close()
        finally:
            if store is not None:
                if delete and store.rank == 0:
                    store.remove_all()
                store.close()

    # -- during the run ---------------------------------------------------------------------------------------------

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self._saver is None:
            return
        self._saver.check()
        state = self.run.state
        self._since += state.batch - self._last_batch if state.batch > self._last_batch else state.batch
        self._last_batch = state.batch
        self._end_if_told()
        if isinstance(self.every, int) and self._since >= self.every:
            self._save()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self._saver is None:
            return
        self._last_batch = 0
        last = epoch + 1 >= self.params.get("epochs", 0) or self.run.state.stop_reason
        if self.every is not None and (self.every == "epoch" or last):
            self._save()
        self._end_if_told(saved=self.every == "epoch" or bool(last))

    def on_test_begin(self, logs: Logs | None = None) -> None:
        if self._saver is not None and self.run.state.figures is not None:
            self._before_validation = self.run.random()
            self._ask_at_once()

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self._before_validation is not None:
            self._end_if_told()

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._before_validation = None

    def _save(self) -> None:
        assert self._saver is not None
        own, shared = self.run.capture(self._before_validation, whole=self.strategy.rank == 0)
        self._saver.save(own, shared, self.run.about)
        self._since = 0

    # -- signals ----------------------------------------------------------------------------------------------------

    def _end_if_told(self, saved: bool = False) -> None:
        number = self._told_to_end()
        if not number:
            return
        assert self._saver is not None
        if not saved:
            self._save()
        self._saver.wait()
        self._say(f'Signal {number}: the run is saved in {self.folder} and ends; resume="auto" goes on with it.')
        raise SystemExit(128 + number)

    def _ask_at_once(self) -> None:
        """After the next batch: how long those take that come now is not known yet."""
        self._countdown, self._interval, self._asked = 1, 1, time.monotonic()

    def _told_to_end(self) -> int:
        """The signal that came, on any rank; 0 for none."""
        received = (self._signals.received or 0) if self._signals is not None else 0
        if self.strategy.world_size == 1 or self._signals is None:
            return received
        self._countdown -= 1
        if self._countdown > 0:
            return 0
        # Rank 0 says when to ask again, so that asking, which waits for all ranks, is rare.
        now = time.monotonic()
        pace = max(now - self._asked, 1e-6) / self._interval
        wanted = int(min(max(_AGREE_EVERY / pace, 1), 10_000)) if self.strategy.rank == 0 else 0
        both = torch.tensor([received, int(received > 0), wanted], dtype=torch.int64, device=self.strategy.device)
        self.strategy.sum_([both])
        total, ranks, self._interval = both.tolist()
        self._countdown, self._asked = self._interval, time.monotonic()
        return int(total // ranks) if ranks else 0

    # -- several ranks ----------------------------------------------------------------------------------------------

    def _together(self, action: Callable[[], T]) -> T | None:
        """Do something on all ranks; where it fails on one, all raise."""
        result, failure = None, None
        try:
            result = action()
        except Exception as error:
            failure = error
        told = self.strategy.any(None if failure is None else f"rank {self.strategy.rank}: {failure}")
        if told is not None:
            store, self._store = self._store, None
            if store is not None:
                store.close()
            raise failure or RuntimeError(f"Another rank could not begin; {told}")
        return result

    def _say(self, text: str) -> None:
        if self.params.get("verbose", 0) and self.strategy.rank == 0:
            console.write(f"\n{text}\n")


def save_run(run: Resumable, path: str | os.PathLike[str]) -> None:
    """Write one checkpoint of a run; the one that was there before stays until the new one is complete.

    Args:
        run: The run. All its ranks call this.
        path: A folder for this checkpoint alone.
    """
    strategy = run.step.plan.strategy
    store = Store(path, keep=1, rank=strategy.rank, ranks=strategy.world_size)
    store.open() if strategy.rank == 0 else store.check()
    try:
        store.token, store.number = strategy.agree((store.token, store.number))
        own, shared = run.capture(whole=strategy.rank == 0)
        store.write(own, shared, run.about)
    finally:
        store.close()


def surviving(given: Mapping[str, Any]) -> Any:
    """The callbacks of `fit`, with one that keeps checkpoints where that is asked for.

    Args:
        given: The arguments of `fit`.

    Raises:
        ValueError: An argument is wrong.
    """
    callbacks, folder, resume = given["callbacks"], given["checkpoint_dir"], given["resume"]
    keeper = Checkpointing(folder, given["save_every"], resume, elastic=given["elastic"])
    if folder is None and resume is None:
        return callbacks
    return [*([] if callbacks is None else nested.flatten(callbacks)), keeper]


def _at(path: Path) -> Checkpoint:
    """The checkpoint at a path, or the newest of a folder of checkpoints."""
    if (path / "manifest.json").exists():
        return Checkpoint.open(path)
    found = Store(path).newest()
    if found is None:
        raise errors.value_error(
            "`resume` of fit",
            expected="the path of a checkpoint, or of a folder of checkpoints",
            received=str(path),
            remedy='With `resume="auto"` a run begins anew where there is no checkpoint yet.',
        )
    return found


def _check(folder: Any, every: Any, resume: Any) -> None:
    whole = isinstance(every, int) and not isinstance(every, bool) and every >= 1
    if not whole and every not in ("epoch", None):
        raise errors.value_error("`save_every` of fit", expected='"epoch" or a number of batches >= 1', received=every)
    if resume is not None and not isinstance(resume, (str, os.PathLike)):
        raise errors.type_error("`resume` of fit", expected='None, "auto" or a path', received=resume)
    if resume == "auto" and folder is None:
        raise errors.value_error(
            "`resume` of fit", expected="`checkpoint_dir` beside it, where the checkpoints are", received="auto"
        )
