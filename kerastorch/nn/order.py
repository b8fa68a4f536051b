"""The order of a functional model's layers: Keras's, since weights, optimizer slots and files are numbered by it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from torch import nn

from kerastorch.nn.graph import Node
from kerastorch.nn.keras_tensor import KerasTensor
from kerastorch.nn.layer import ComputeMask


def layer_order(inputs: list[KerasTensor], outputs: list[KerasTensor]) -> list[Any]:
    """The modules between inputs and outputs as `keras.Model(inputs, outputs).layers` lists them.

    Those farthest from the outputs come first; among equals, those that a walk from the outputs back to the inputs
    meets first. A shared layer counts where it is farthest. Inputs that no output uses come first among the last.

    Args:
        inputs: The model's symbolic inputs.
        outputs: The model's symbolic outputs.

    Returns:
        Each module once; functions have no place in the list.

    Example:
        >>> from kerastorch.layers import Add, Dense, Input
        >>> a = Input((2,), name="a")
        >>> short, long = Dense(2, name="short")(a), Dense(2, name="long")(Dense(2, name="first")(a))
        >>> [layer.name for layer in layer_order([a], [Add(name="sum")([short, long])])]
        ['a', 'first', 'short', 'long', 'sum']
    """
    nodes, met = _walk_back(inputs, outputs)
    depths = _depths(nodes)
    targets = {_operation(node): node.target for node in nodes}
    for tensor in inputs:
        if tensor.node is not None and not tensor.node.inputs and _operation(tensor.node) not in targets:
            key = _operation(tensor.node)
            targets[key], depths[key], met[key] = tensor.node.target, 0, -1
    ordered = sorted(targets, key=lambda key: (-depths[key], met[key]))
    return [targets[key] for key in ordered if isinstance(targets[key], nn.Module)]


def _operation(node: Node) -> Hashable:
    """What Keras calls an operation: a layer with all its calls, or one call of a function."""
    return ("layer", id(node.target)) if isinstance(node.target, nn.Module) else ("call", node.serial)


def _parents(node: Node, known: set[int]) -> list[Node]:
    """The nodes that a node takes tensors from; masks are not edges of Keras's graph."""
    nodes = [(tensor.node, id(tensor) in known) for tensor in node.inputs]
    found = [parent for parent, given in nodes if parent is not None and not (given and parent.inputs)]
    return [parent for parent in found if not isinstance(parent.target, ComputeMask)]


def _walk_back(inputs: list[KerasTensor], outputs: list[KerasTensor]) -> tuple[list[Node], dict[Hashable, int]]:
    """All nodes, parents before children, and when each operation was first met on the way back."""
    known = {id(tensor) for tensor in inputs}
    finished: dict[int, Node] = {}
    met: dict[Hashable, int] = {}
    ends = [t.node for t in outputs if t.node is not None and (id(t) not in known or not t.node.inputs)]
    pending = [(node, False) for node in reversed(ends)]
    while pending:
        node, parents_done = pending.pop()
        if node.serial in finished:
            continue
        if parents_done:
            finished[node.serial] = node
            continue
        met.setdefault(_operation(node), len(met))
        pending.append((node, True))
        pending += [(parent, False) for parent in reversed(_parents(node, known))]
    return list(finished.values()), met


def _depths(nodes: list[Node]) -> dict[Hashable, int]:
    """The distance of each operation from the outputs."""
    inside = {node.serial for node in nodes}
    of_node: dict[int, int] = {}
    of_operation: dict[Hashable, int] = {}
    for node in reversed(nodes):
        depth = max(of_node.get(node.serial, 0), of_operation.get(_operation(node), 0))
        of_operation[_operation(node)] = of_node[node.serial] = depth
        for parent in _parents(node, set()):
            if parent.serial in inside:
                of_node[parent.serial] = max(of_node.get(parent.serial, 0), depth + 1)
    return of_operation
