"""Normalizations."""

from __future__ import annotations

from typing import Any

from kerastorch import layers
from kerastorch.convert.layers import text
from kerastorch.convert.layers.call import Call, Emitter, Value
from kerastorch.convert.layers.core import starts
from kerastorch.convert.layers.writer import Start


def _scale_and_shift(call: Call) -> list[Start]:
    """How scale and shift start, where not at torch's ones and zeros."""
    layer, wanted = call.target, []
    for name, used, initializer, usual in (
        ("weight", layer.weight is not None, layer.gamma_initializer, "nn.init.ones_({})"),
        ("bias", layer.bias is not None, layer.beta_initializer, "nn.init.zeros_({})"),
    ):
        if used:
            found = starts(call, (name, initializer, tuple(getattr(layer, name).shape), True))
            wanted += [(key, line) for key, line in found if line != usual]
    return wanted


def _without(call: Call) -> None:
    """Take away the scale or the shift that torch's module has and the layer has not."""
    for name, argument in (("weight", "scale"), ("bias", "center")):
        if getattr(call.target, name) is None:
            line = f"{call.me}.{name} = None  # {argument}=False"
            if line not in call.writer.last:
                call.writer.last.append(line)


def batch(call: Call) -> Value | None:
    """`BatchNormalization`: `nn.BatchNorm1d` to `3d` with the biased variance in the moving average."""
    layer, x = call.target, call.x
    rank = x.rank
    if call.mask is not None or layer.synchronized or not 2 <= rank <= 5:
        return None
    axis = layer.axis % rank
    if axis not in (1, rank - 1):
        return None
    turned = rank > 2 and axis == rank - 1
    if not turned and x.first:
        return None
    entered = call.first() if turned else call.plain()
    base = f"BatchNorm{max(1, rank - 2)}d"
    channels = layer.running_mean.shape[0]
    named = {"eps": text.number(layer.epsilon), "momentum": text.number(round(1 - layer.momentum, 12))}
    kind = f"Keras{base}" if layer.trainable else f"nn.{base}"
    me = call.define(f"{kind}({text.arguments(str(channels), **named)})", *_scale_and_shift(call))
    _without(call)
    if not layer.trainable:
        inner = f"F.batch_norm({entered}, {me}.running_mean, {me}.running_var, {me}.weight, {me}.bias, eps={me}.eps)"
        return call.result(inner, turned, "frozen: the moving averages, also in training")
    call.writer.helper(kind, _BATCH_NORM.format(base=base))
    return call.result(f"{me}({entered})", turned)


_BATCH_NORM = '''
class Keras{base}(nn.{base}):
    """`nn.{base}` that keeps the moving variance as Keras does.

    Keras averages the biased variance of the batches, torch the unbiased one: n / (n - 1) times as much, where a
    channel has n values in a batch. What a training step computes is the same.
    """

    def forward(self, x):
        if not self.training:
            return super().forward(x)
        old_part = self.running_var * (1 - self.momentum)
        y = super().forward(x)
        n = x.numel() / x.shape[1]
        self.running_var.data.lerp_(old_part, 1 / n)  # takes 1 / n of the new part off again
        return y
'''


def layer_norm(call: Call) -> Value | None:
    """`LayerNormalization`: `nn.LayerNorm` along the last dimensions."""
    layer = call.target
    if layer._order is not None or layer.rms_scaling:
        return None
    shape = layer.normalized_shape
    size = str(shape[0]) if len(shape) == 1 else text.literal(shape)
    me = call.define(f"nn.LayerNorm({size}, eps={text.number(float(layer.epsilon))})", *_scale_and_shift(call))
    _without(call)
    return call.result(f"{me}({call.plain()})")


def rms_norm(call: Call) -> Value | None:
    """`RMSNormalization`: `nn.RMSNorm` along the last dimensions."""
    layer = call.target
    if layer._order is not None:
        return None
    shape = layer.normalized_shape
    size = str(shape[0]) if len(shape) == 1 else text.literal(shape)
    me = call.define(f"nn.RMSNorm({size}, eps={text.number(float(layer.epsilon))})")
    return call.result(f"{me}({call.plain()})")


def group_norm(call: Call) -> Value | None:
    """`GroupNormalization`: `nn.GroupNorm`."""
    layer, rank = call.target, call.x.rank
    axis = layer.axis % rank
    turned = rank > 2 and axis == rank - 1
    if axis not in (1, rank - 1) or (not turned and call.x.first):
        return None
    entered = call.first() if turned else call.plain()
    channels = call.x.shape[axis]
    constructor = f"nn.GroupNorm({layer._number}, {channels}, eps={text.number(float(layer.epsilon))})"
    me = call.define(constructor, *_scale_and_shift(call))
    _without(call)
    return call.result(f"{me}({entered})", turned)


def unit(call: Call) -> Value | None:
    """`UnitNormalization`: vectors of length 1."""
    axis: Any = call.target.axis
    if not isinstance(axis, int):
        return None
    x = call.plain()
    return call.result(f"{x} * torch.rsqrt({x}.square().sum({axis}, keepdim=True)).clamp_max(1e12)")


EMITTERS: dict[type, Emitter] = {
    layers.BatchNormalization: batch,
    layers.LayerNormalization: layer_norm,
    layers.RMSNormalization: rms_norm,
    layers.GroupNormalization: group_norm,
    layers.UnitNormalization: unit,
}
