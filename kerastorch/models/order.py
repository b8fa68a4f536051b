"""The order of a functional model's layers, and so of its weights: Keras's."""

from __future__ import annotations

from typing import Any

from torch import nn

from kerastorch.base import nested
from kerastorch.nn.graph import Node
from kerastorch.nn.keras_tensor import KerasTensor


def keras_order(nodes: list[Node], outputs: Any) -> list[Any]:
    """What the nodes call, each once: the farther from the outputs the earlier, then in the order of a walk from them.

    Keras orders `model.layers` so; files and `set_weights` rely on it.

    Args:
        nodes: The nodes of the model, those of its inputs included.
        outputs: Its symbolic outputs, in any structure.

    Example:
        >>> import kerastorch as keras
        >>> x = keras.Input((2,))
        >>> first, second = keras.layers.Dense(1), keras.layers.Dense(1)
        >>> outputs = {"b": first(x), "a": second(x)}
        >>> keras_order([tensor.node for tensor in outputs.values()], outputs) == [second, first]
        True
    """
    first, finished = _walk({n.serial for n in nodes}, nested.flatten(outputs))
    depths = _depths(finished)
    targets = {_key(n): n.target for n in nodes}
    unused = [k for n in nodes if (k := _key(n)) not in depths and not n.inputs]
    depths.update(dict.fromkeys(unused, 0))
    ordered = sorted(depths, key=lambda key: (-depths[key], first.get(key, -1)))
    return [targets[key] for key in dict.fromkeys((*ordered, *targets))]


def _key(node: Node) -> int:
    """One for all calls of a module; a call of a function is a thing of its own."""
    return id(node.target) if isinstance(node.target, nn.Module) else -1 - node.serial


def _parents(node: Node) -> list[Node]:
    kwargs = {k: v for k, v in node.kwargs.items() if k != "mask" or not node.implicit_mask}
    leaves = nested.flatten((node.args, kwargs))
    return [t.node for t in leaves if isinstance(t, KerasTensor) and t.node is not None]


def _walk(known: set[int], outputs: list[KerasTensor]) -> tuple[dict[int, int], list[Node]]:
    """When each layer was met on a depth-first walk against the edges, and the nodes as they were finished."""
    first: dict[int, int] = {}
    finished: list[Node] = []
    met: set[int] = set()
    for tensor in outputs:
        pending = [(tensor.node, False)] if tensor.node is not None else []
        while pending:
            node, done = pending.pop()
            if done:
                finished.append(node)
            elif node.serial in known and node.serial not in met:
                met.add(node.serial)
                first.setdefault(_key(node), len(first))
                pending.append((node, True))
                pending += [(parent, False) for parent in reversed(_parents(node))]
    return first, finished


def _depths(finished: list[Node]) -> dict[int, int]:
    """The longest way from each layer to an output."""
    of_node: dict[int, int] = {}
    of_layer: dict[int, int] = {}
    for node in reversed(finished):
        depth = max(of_node.get(node.serial, 0), of_layer.get(_key(node), 0))
        of_layer[_key(node)] = depth
        for parent in _parents(node):
            of_node[parent.serial] = max(of_node.get(parent.serial, 0), depth + 1)
    return of_layer
