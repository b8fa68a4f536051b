"""Why ranks ended: one exception from exit codes, reports and stacks."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from kerastorch.runtime import failure

PLACES = {rank: f"after epoch 0, batch {rank} (both from 0)" for rank in range(3)}


class Unmade(Exception):
    """Cannot be made again from its arguments."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__("text alone")


def _report(home: Path, error: BaseException, rank: int, moment: int) -> None:
    failure.report(error, home, rank, f"in batch {rank}")
    os.utime(home / f"error-{rank}.pickle", ns=(moment, moment))


def test_what_was_raised_first_counts(tmp_path: Path) -> None:
    _report(tmp_path, ValueError("of 0"), 0, 2_000)
    _report(tmp_path, ValueError("of 2"), 2, 1_000)
    error = failure.first(tmp_path, {0: 1, 2: 1}, PLACES)
    assert repr(error) == "ValueError('of 2')"
    assert str(error.__cause__) == "raised on rank 2 in batch 2:\n\nValueError: of 2\n"


def test_a_rank_that_ended_without_a_word_counts_before_what_came_of_it(tmp_path: Path) -> None:
    _report(tmp_path, RuntimeError("Connection closed by peer"), 0, 1_000)
    killed = failure.first(tmp_path, {0: 1, 1: -signal.SIGKILL, 2: 0}, PLACES)
    assert str(killed) == (
        "Rank 1 of the run, after epoch 0, batch 1 (both from 0): expected to end by itself, its work done, received "
        "exit code -9 (SIGKILL). Most often memory ran out: take a smaller batch, or fewer processes."
    )
    left = failure.first(tmp_path, {0: 1, 2: 0}, PLACES)
    assert "Rank 2 of the run" in str(left) and "received exit code 0." in str(left) and "`os._exit`" in str(left)


def test_a_crash_shows_the_stack(tmp_path: Path) -> None:
    failure.stack_file(tmp_path, 1).write_text("Fatal Python error: Segmentation fault\n")
    told = str(failure.first(tmp_path, {1: -signal.SIGSEGV}, PLACES))
    assert "exit code -11 (SIGSEGV)\n\nFatal Python error" in told and "A library crashed" in told
    assert "(signal 99)" in str(failure.first(tmp_path, {0: -99}, PLACES))


def test_an_exception_that_cannot_travel_is_told(tmp_path: Path) -> None:
    _report(tmp_path, Unmade(1, 2), 1, 1_000)
    told = str(failure.first(tmp_path, {1: 1}, PLACES))
    assert told.startswith("Rank 1 of the run, after epoch 0, batch 1") and "Unmade: text alone" in told
    error = ValueError("holds a file")
    with (tmp_path / "open").open("w") as error.file:  # type: ignore[attr-defined]
        _report(tmp_path, error, 0, 500)
    assert "Unmade" in str(failure.first(tmp_path, {0: 1, 1: 1}, PLACES)) or "holds a file" in str(
        failure.first(tmp_path, {0: 1, 1: 1}, PLACES)
    )


def test_the_wish_to_exit_is_no_error(tmp_path: Path) -> None:
    _report(tmp_path, SystemExit(143), 0, 1_000)
    error = failure.first(tmp_path, {0: 1}, PLACES)
    assert isinstance(error, SystemExit) and error.code == 143 and error.__cause__ is None


def test_of_silent_ranks_the_one_that_does_not_wait_for_others_is_named(tmp_path: Path) -> None:
    told = {0: "in epoch 0, batch 3: silent", 1: "in epoch 0, batch 3: silent too"}
    error = failure.hung(tmp_path, [0], told)
    assert isinstance(error, TimeoutError) and str(error).startswith("Rank 0 of the run, in epoch 0, batch 3: silent:")
    first = "Stack (most recent call first):\n"
    collective = (
        '  File "/site/torch/distributed/distributed_c10d.py", line 4181 in all_reduce\n  File "mine.py", line 1 in f'
    )
    failure.stack_file(tmp_path, 0).write_text(first + collective)
    failure.stack_file(tmp_path, 1).write_text(first + '  File "mine.py", line 11 in train_step\n')
    text = str(failure.hung(tmp_path, [0], told))
    assert text.startswith("Rank 1 of the run, in epoch 0, batch 3: silent too: expected to go on, received nothing.")
    assert "\n  rank 0: in epoch 0" in text and "Rank 1: Stack" in text and "KERASTORCH_STEP_TIMEOUT" in text
    failure.stack_file(tmp_path, 1).write_text(first + collective)
    assert str(failure.hung(tmp_path, [0], told)).startswith("Rank 0 ")
