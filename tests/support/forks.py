"""Child processes that begin at once: forks of the test's own process, ended by their id."""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable
from typing import Any


class Fork:
    """Runs a function in a fork; its exit code is 0, or 1 if the function raised.

    Args:
        function: Called with a function that sends a text to the parent, and with `args`.
        *args: More arguments.
    """

    def __init__(self, function: Callable[..., Any], *args: Any) -> None:
        self._reader, writer = os.pipe()
        self.code: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                function(lambda text: os.write(writer, f"{text}\n".encode()), *args)
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        os.close(writer)
        self._file = os.fdopen(self._reader)

    def hear(self) -> str:
        """The next text that the child sends; empty if it has ended."""
        return self._file.readline().strip()

    def hear_all(self) -> list[str]:
        """All that is left to be heard from a child that has ended."""
        return self._file.read().split()

    def kill(self) -> None:
        """End it with SIGKILL."""
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()

    def wait(self, timeout: float = 60.0) -> int:
        """Its exit code; of a killed one, the negative signal."""
        end = time.monotonic() + timeout
        while self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                raise TimeoutError(f"child {self.pid} still runs after {timeout:g} s")
            else:
                time.sleep(0.001)
        return self.code

    def __enter__(self) -> Fork:
        return self

    def __exit__(self, *exception: object) -> None:
        self.kill()
        self._file.close()
