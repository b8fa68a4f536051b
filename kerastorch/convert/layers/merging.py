"""Layers that make one tensor of several."""

from __future__ import annotations

from kerastorch import layers
from kerastorch.convert.layers.call import Call, Emitter, Value


def together(call: Call) -> tuple[list[str], bool]:
    """The inputs in one order of dimensions: turned if one is turned already and all have the same rank."""
    turned = any(value.first for value in call.inputs) and len({value.rank for value in call.inputs}) == 1
    if turned:
        return [call.first(value) for value in call.inputs], True
    return [call.plain(value) for value in call.inputs], False


def _same_rank(call: Call) -> bool:
    return len({value.rank for value in call.inputs}) == 1


def _joined(sign: str) -> Emitter:
    def emit(call: Call) -> Value | None:
        if not _same_rank(call):
            return None
        parts, turned = together(call)
        return call.result(f" {sign} ".join(parts), turned)

    return emit


def average(call: Call) -> Value | None:
    """`Average`."""
    if not _same_rank(call):
        return None
    parts, turned = together(call)
    return call.result(f"({' + '.join(parts)}) / {len(parts)}", turned)


def _nested(function: str) -> Emitter:
    def emit(call: Call) -> Value | None:
        if not _same_rank(call):
            return None
        parts, turned = together(call)
        inner = parts[0]
        for part in parts[1:]:
            inner = f"{function}({inner}, {part})"
        return call.result(inner, turned)

    return emit


def concatenate(call: Call) -> Value | None:
    """`Concatenate` along an axis, which moves where the channels are behind the batch."""
    parts, turned = together(call)
    rank = call.x.rank
    axis = call.target.axis % rank
    if turned:
        axis = 0 if axis == 0 else 1 if axis == rank - 1 else axis + 1
    dim = "-1" if not turned and axis == rank - 1 else str(axis)
    return call.result(f"torch.cat([{', '.join(parts)}], dim={dim})", turned)


def dot(call: Call) -> Value | None:
    """`Dot` of vectors, or of sequences along their features."""
    layer = call.target
    axes = layer.axes if isinstance(layer.axes, (list, tuple)) else (layer.axes, layer.axes)
    a, b = (axis % value.rank for axis, value in zip(axes, call.inputs, strict=True))
    x, y = (call.plain(value) for value in call.inputs)
    if layer.normalize:
        x, y = f"F.normalize({x}, dim={a}, eps=1e-7)", f"F.normalize({y}, dim={b}, eps=1e-7)"
    ranks = [value.rank for value in call.inputs]
    if ranks == [2, 2]:
        return call.result(f"({x} * {y}).sum(dim=1, keepdim=True)")
    if ranks == [3, 3]:
        left = x if a == 2 else f"{x}.transpose(1, 2)"
        right = y if b == 1 else f"{y}.transpose(1, 2)"
        return call.result(f"{left} @ {right}")
    return None


EMITTERS: dict[type, Emitter] = {
    layers.Add: _joined("+"),
    layers.Subtract: _joined("-"),
    layers.Multiply: _joined("*"),
    layers.Average: average,
    layers.Maximum: _nested("torch.maximum"),
    layers.Minimum: _nested("torch.minimum"),
    layers.Concatenate: concatenate,
    layers.Dot: dot,
}
