"""Drawing, where matplotlib is installed."""

from __future__ import annotations

from typing import Any

from kerastorch.base import errors


def pyplot(subject: str) -> Any:
    """`matplotlib.pyplot`, imported when something is drawn.

    Args:
        subject: What an error calls the caller.

    Raises:
        ImportError: matplotlib is not installed.
    """
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise errors.import_error(
            subject,
            expected="matplotlib",
            received=errors.Said("an installation without it"),
            remedy="Install it: `pip install matplotlib`.",
        ) from error
    return pyplot
