"""The settings of a run as plain values, and the numbers among its logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor


def numbers(logs: Mapping[str, Any] | None) -> dict[str, float]:
    """Those logs that are numbers.

    Example:
        >>> numbers({"loss": 1, "matrix": [1, 2], "note": "x"})
        {'loss': 1.0}
    """
    found: dict[str, float] = {}
    for name, value in (logs or {}).items():
        single = isinstance(value, (int, float)) or getattr(value, "size", 0) == 1
        if single or (isinstance(value, Tensor) and value.numel() == 1):
            found[name] = float(value)
    return found


def settings(model: Any, params: Mapping[str, Any]) -> dict[str, Any]:
    """What a run was set to.

    Args:
        model: The model: its optimizer and loss are described, its parameters counted.
        params: The run's parameters; what "settings" maps names to is taken over.

    Returns:
        Name to number, text or truth value.

    Example:
        >>> import torch
        >>> settings(torch.nn.Linear(2, 1), {"epochs": 3, "steps": 10, "settings": {"batch_size": 32}})
        {'batch_size': 32, 'epochs': 3, 'model': 'Linear', 'parameters': 3, 'steps_per_epoch': 10}
    """
    found: dict[str, Any] = {"epochs": params.get("epochs"), "steps_per_epoch": params.get("steps")}
    found.update(params.get("settings") or {})
    found["model"] = getattr(model, "name", type(model).__name__)
    found["parameters"] = sum(p.numel() for p in model.parameters()) if hasattr(model, "parameters") else None
    optimizer = getattr(model, "optimizer", None)
    found["optimizer"] = None if optimizer is None else type(optimizer).__name__
    found.update(_of_optimizer(optimizer))
    found.update(_named("loss", getattr(model, "loss", None)))
    return {name: plain(found[name]) for name in sorted(found) if found[name] is not None}


def plain(value: Any) -> Any:
    """`value` itself when it is a number, text or truth value; else its text.

    Example:
        >>> plain(0.5), plain([1, 2])
        (0.5, '[1, 2]')
    """
    return value if isinstance(value, (bool, int, float, str)) else str(value)


def _of_optimizer(optimizer: Any) -> Iterator[tuple[str, Any]]:
    """Its config, without what only names it."""
    describe = getattr(optimizer, "get_config", None)
    config = getattr(optimizer, "defaults", {}) if describe is None else describe()
    for name, value in config.items():
        if isinstance(value, Mapping) and "class_name" in value:  # a schedule, an inner optimizer
            yield f"optimizer/{name}", value["class_name"]
            value = value.get("config") or {}
            yield from ((f"optimizer/{name}/{key}", inner) for key, inner in value.items() if key != "name")
        elif name != "name" and value is not None:
            yield f"optimizer/{name}", value


def _named(name: str, value: Any) -> dict[str, Any]:
    """A loss, or losses by output, by their names."""
    if isinstance(value, Mapping):
        return {key: text for inner, part in value.items() for key, text in _named(f"{name}/{inner}", part).items()}
    if value is None or isinstance(value, str):
        return {name: value}
    return {name: getattr(value, "name", None) or getattr(value, "__name__", type(value).__name__)}
