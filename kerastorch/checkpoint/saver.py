"""`Saver`: writing checkpoints while the run goes on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class Saver:
    """Does one job at a time in a thread; what a job raises is raised at the next call.

    Args:
        write: The job, called with what `save` is given.
        wait: Whether `save` waits until the job is done.

    Example:
        >>> done = []
        >>> saver = Saver(done.append)
        >>> saver.save("a")
        >>> saver.close()
        >>> done
        ['a']
    """

    def __init__(self, write: Callable[..., Any], wait: bool = False) -> None:
        self._write, self._waits = write, wait
        self._pool: ThreadPoolExecutor | None = None
        self._running: Future[Any] | None = None

    def save(self, *args: Any) -> None:
        """Begin a job, after the one before has ended.

        Raises:
            Exception: What the job before raised; the new one is not begun then.
        """
        self.wait()
        if self._waits:
            self._write(*args)
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._running = self._pool.submit(self._write, *args)

    def check(self) -> None:
        """Raise what went wrong, if a job has ended."""
        if self._running is not None and self._running.done():
            self.wait()

    def wait(self) -> None:
        """Wait for the job, and raise what went wrong."""
        running, self._running = self._running, None
        if running is not None:
            running.result()

    def close(self) -> None:
        """End the thread once the job is done, and raise what went wrong."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()
        self.wait()
