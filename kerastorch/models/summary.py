"""`model.summary()`: a table of layers, shapes and parameter counts."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table
from torch import Tensor, nn

from kerastorch import config
from kerastorch.base import errors, nested
from kerastorch.nn.weights import collect


def show(
    model: Any,
    line_length: int | None,
    print_fn: Callable[[str], Any] | None,
    expand_nested: bool,
    show_trainable: bool,
    layer_range: Any,
) -> None:
    """Print the table; see `Model.summary`."""
    buffer = io.StringIO()
    plain = print_fn is not None
    width = line_length or (80 if plain or config.in_notebook() else None)
    console = Console(file=buffer, width=width, color_system=None) if plain else Console(width=width, highlight=False)
    title = f'[bold]Model: "{escape(model.name)}"[/bold]'
    console.print(Group(title, _table(model, expand_nested, show_trainable, layer_range), *_totals(model)))
    if print_fn is not None:
        print_fn(buffer.getvalue())


def _table(model: Any, expand_nested: bool, show_trainable: bool, layer_range: Any) -> Table:
    table = Table()
    connected = len(getattr(model, "_nodes", [])) > 0 and not _is_chain(model)
    table.add_column("Layer (type)", overflow="fold", style="cyan")
    table.add_column("Output Shape", overflow="fold")
    table.add_column("Param #", justify="right", style="green")
    if connected:
        table.add_column("Connected to", overflow="fold")
    if show_trainable:
        table.add_column("Trainable", justify="center")
    for depth, layer in _rows(model, expand_nested, layer_range):
        cells = [f"{'  ' * depth}{escape(_title(layer, model))}", _shape(layer, model), f"{_count(collect(layer)):,}"]
        if connected:
            cells.append(escape(", ".join(_sources(layer, model))) or "-")
        if show_trainable:
            cells.append({True: "Y", False: "N", None: "-"}[_trained(layer)])
        table.add_row(*cells)
    return table


def _rows(model: Any, expand_nested: bool, layer_range: Any, depth: int = 0) -> Iterator[tuple[int, nn.Module]]:
    layers = list(model.layers)
    if layer_range is not None:
        names = [getattr(layer, "name", "") for layer in layers]
        missing = [n for n in layer_range if n not in names]
        if missing or len(layer_range) != 2:
            raise errors.unknown_name("layer in `layer_range`", missing[0] if missing else layer_range, names)
        first, last = sorted(names.index(n) for n in layer_range)
        layers = layers[first : last + 1]
    for layer in layers:
        yield depth, layer
        if expand_nested and hasattr(layer, "layers"):
            yield from _rows(layer, expand_nested, None, depth + 1)


def _title(layer: nn.Module, model: Any) -> str:
    name = getattr(layer, "name", None) or next((k for k, m in model.named_modules() if m is layer), "module")
    return f"{name} ({type(layer).__name__})"


def _node(layer: nn.Module, model: Any) -> Any:
    own = [n for n in getattr(model, "_nodes", []) if n.target is layer]
    return (own or getattr(layer, "_inbound_nodes", None) or [None])[0]


def _shape(layer: nn.Module, model: Any) -> str:
    node = _node(layer, model)
    if node is None:
        return "?"
    shapes = [str(t.shape) for t in nested.flatten(node.outputs) if hasattr(t, "shape")]
    return escape(", ".join(shapes))


def _sources(layer: nn.Module, model: Any) -> list[str]:
    nodes = [n for n in model._nodes if n.target is layer]
    return [f"{t.node.name}[{t.node.number}]" for n in nodes for t in n.inputs if t.node is not None]


def _is_chain(model: Any) -> bool:
    """Whether every layer has one input: the one before it."""
    nodes = model._nodes
    if len(model.inputs) > 1 or any(len(n.inputs) != 1 for n in nodes):
        return False
    return all(b.inputs[0].node is a for a, b in pairwise(nodes))


def _trained(layer: nn.Module) -> bool | None:
    weights = collect(layer)
    return any(w.requires_grad for w in weights) if weights else None


def _count(weights: list[Tensor]) -> int:
    return sum(w.numel() for w in weights)


def _totals(model: Any) -> Iterator[str]:
    weights = collect(model)
    trained = [w for w in weights if w.requires_grad]
    frozen = [w for w in weights if not w.requires_grad]
    state = list(getattr(getattr(model, "optimizer", None), "variables", ()))  # torch's own optimizers have none
    parts = [("Total params", [*weights, *state]), ("Trainable params", trained), ("Non-trainable params", frozen)]
    parts += [("Optimizer params", state)] if state else []
    for title, chosen in parts:
        size = sum(w.numel() * w.element_size() for w in chosen)
        yield f" [bold]{title}:[/bold] {_count(chosen):,} ({readable_size(size)})"
    if not model.built:
        yield " The model is not built yet: call it on data or `build(input_shape)` to see all shapes."


def readable_size(size: float) -> str:
    """A number of bytes with its unit.

    Example:
        >>> readable_size(1536)
        '1.50 KB'
    """
    for unit in ("B", "KB", "MB", "GB", "TB", "PB"):
        if size < 1024 or unit == "PB":
            break
        size /= 1024
    return f"{size:.2f} {unit}"
