"""Where callbacks print: standard output, whatever its encoding."""

from __future__ import annotations

import os
import shutil
import sys

from kerastorch import config


def updates_in_place() -> bool:
    """Whether standard output shows a line that is written over: a terminal, a notebook, PyCharm's console."""
    return is_terminal() or config.in_notebook() or "PYCHARM_HOSTED" in os.environ


def is_terminal() -> bool:
    """Whether standard output is a terminal."""
    return bool(getattr(sys.stdout, "isatty", lambda: False)())


def columns() -> int | None:
    """The width of the terminal in characters, or None where there is no such limit."""
    return shutil.get_terminal_size().columns if is_terminal() else None


def write(text: str) -> None:
    """Write `text` to standard output at once; characters that it cannot encode are replaced.

    Example:
        >>> write("no line break is added, ")
        no line break is added,
    """
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding or "ascii"
        sys.stdout.write(text.replace("━", "=").encode(encoding, errors="replace").decode(encoding))
    sys.stdout.flush()
