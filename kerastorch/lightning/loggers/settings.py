"""Hyperparameters as a file."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from kerastorch.loggers.settings import plain


def by_name(params: Any) -> dict[str, Any]:
    """Hyperparameters of a dict or Namespace as plain values; those within others as "outer/inner".

    Example:
        >>> by_name({"lr": 0.1, "net": {"depth": 2}})
        {'lr': 0.1, 'net/depth': 2}
    """
    found: dict[str, Any] = {}
    for name, value in (vars(params) if isinstance(params, Namespace) else params).items():
        if isinstance(value, Mapping):
            found.update({f"{name}/{inner}": one for inner, one in by_name(value).items()})
        else:
            found[str(name)] = plain(value)
    return found


def write(folder: str, params: Any) -> None:
    """Write "hparams.yaml"; its values are JSON, which YAML takes."""
    os.makedirs(folder, exist_ok=True)
    values = vars(params) if isinstance(params, Namespace) else params
    with open(os.path.join(folder, "hparams.yaml"), "w", encoding="utf-8") as file:
        if not values:
            file.write("{}\n")
        for name, value in values.items():
            file.write(f"{json.dumps(str(name)) if ':' in str(name) else name}: {json.dumps(value, default=plain)}\n")
