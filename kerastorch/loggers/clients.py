"""Clients of other services, imported when they are used."""

from __future__ import annotations

import importlib
from typing import Any

from kerastorch.base import errors


def client(module: str, logger: str, extra: str) -> Any:
    """Import a client.

    Args:
        module: Its module.
        logger: The logger that needs it.
        extra: The extra of this package that installs it.

    Raises:
        ImportError: It is not installed; the message says how to.

    Example:
        >>> client("json", "JSONLogger", "json").dumps([1])
        '[1]'
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise errors.import_error(
            logger,
            expected=f"the package {module!r}",
            received=errors.Said("an installation without it"),
            remedy=f"Install it: `pip install 'kerastorch[{extra}]'`.",
        ) from error
