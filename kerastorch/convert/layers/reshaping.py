"""Flatten, reshape, permute, repeat, pad, crop, enlarge."""

from __future__ import annotations

from kerastorch import layers
from kerastorch.convert.layers import text
from kerastorch.convert.layers.call import Call, Emitter, Value
from kerastorch.ops._padding import torch_order


def flatten(call: Call) -> Value:
    """`Flatten` in Keras's order: the channels change fastest."""
    x = call.x
    if x.rank <= 2:
        return call.same(x.text if x.rank == 2 else f"{x.text}.unsqueeze(-1)")
    if call.target.data_format == "channels_first":
        order = (0, *range(2, x.rank), 1)
        return call.result(f"{call.plain()}.permute{order}.flatten(1)", comment="the channels change fastest")
    small = all(size == 1 for size in x.shape[1:-1])
    if x.first and not small:
        return call.result(f"{call.plain()}.flatten(1)", comment="Keras's order: the channels change fastest")
    return call.result(f"{x.text}.flatten(1)")


def reshape(call: Call) -> Value:
    """`Reshape`, the batch kept."""
    target = [-1 if size is None else size for size in call.target.target_shape]
    x = call.plain()
    free = "-1" if target.count(-1) == 0 else f"{x}.shape[0]"
    return call.result(f"{x}.reshape({', '.join([free, *map(str, target)])})")


def permute(call: Call) -> Value:
    """`Permute`: the batch stays first."""
    return call.result(f"{call.plain()}.permute(0, {', '.join(map(str, call.target.dims))})")


def repeat(call: Call) -> Value:
    """`RepeatVector`: a sequence of copies."""
    return call.result(f"{call.plain()}.unsqueeze(1).repeat(1, {call.target.n}, 1)")


def _space(call: Call) -> tuple[str, bool, int]:
    """The input, whether it is turned, and the first dimension of its space."""
    if getattr(call.target, "data_format", "channels_last") == "channels_first":
        return call.plain(), False, 2
    return call.x.text, call.x.first, 2 if call.x.first else 1


def zero_padding(call: Call) -> Value:
    """`ZeroPadding1D` to `3D`."""
    x, turned, start = _space(call)
    flat = torch_order(list(call.target._pairs))
    return call.result(f"F.pad({x}, {text.literal(tuple(flat if start == 2 else [0, 0, *flat]))})", turned)


def cropping(call: Call) -> Value:
    """`Cropping1D` to `3D`."""
    x, turned, start = _space(call)
    ranges = [f"{before or ''}:{-after if after else ''}" for before, after in call.target._pairs]
    return call.result(f"{x}[{', '.join([':'] * start + ranges)}]", turned)


def up_sampling(call: Call) -> Value | None:
    """`UpSampling1D` to `3D`: every cell repeated, or values between cells."""
    layer = call.target
    mode = getattr(layer, "interpolation", "nearest")
    if mode not in ("nearest", "bilinear"):
        return None
    last = getattr(layer, "data_format", "channels_last") == "channels_last"
    entered = call.first() if last else call.plain()
    named = {"scale_factor": text.sizes(layer._sizes)}
    if mode != "nearest":
        named |= {"mode": f'"{mode}"', "align_corners": "False"}
    return call.result(f"F.interpolate({text.arguments(entered, **named)})", last)


EMITTERS: dict[type, Emitter] = {
    layers.Flatten: flatten,
    layers.Reshape: reshape,
    layers.Permute: permute,
    layers.RepeatVector: repeat,
    **dict.fromkeys((layers.ZeroPadding1D, layers.ZeroPadding2D, layers.ZeroPadding3D), zero_padding),
    **dict.fromkeys((layers.Cropping1D, layers.Cropping2D, layers.Cropping3D), cropping),
    **dict.fromkeys((layers.UpSampling1D, layers.UpSampling2D, layers.UpSampling3D), up_sampling),
}
