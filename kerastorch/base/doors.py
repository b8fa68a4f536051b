"""Doors to higher floors: what a lower one hands out, but another one makes. Opened, and imported, only when used."""

from __future__ import annotations

import importlib
from typing import Any

# door -> (module, attribute). Written here and nowhere else: no name of a user's or of a file's is imported.
DOORS = {
    "from_lightning": ("kerastorch.lightning.bridge", "LightningModel"),
    "lightning_callbacks": ("kerastorch.lightning.bridge", "LightningCallbacks"),
    "lightning_code": ("kerastorch.convert.lightning_code", "lightning_code"),
    "to_lightning": ("kerastorch.lightning.bridge", "CompiledModule"),
}


def door(name: str) -> Any:
    """What is behind a door.

    Args:
        name: One of `DOORS`.

    Example:
        >>> door("to_lightning").__name__
        'CompiledModule'
    """
    module, attribute = DOORS[name]
    return getattr(importlib.import_module(module), attribute)
