"""Activations: the functions of `activation=` and the layers."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from kerastorch import layers
from kerastorch.base import registry
from kerastorch.convert.layers import text
from kerastorch.convert.layers.call import Call, Emitter, Value
from kerastorch.convert.layers.initial import start

# {x} is what the function is applied to. These work on each element by itself.
_POINTWISE: dict[str, str] = {
    "relu": "F.relu({x})",
    "relu6": "F.relu6({x})",
    "leaky_relu": "F.leaky_relu({x}, 0.2)",
    "elu": "F.elu({x})",
    "selu": "F.selu({x})",
    "celu": "F.celu({x})",
    "gelu": "F.gelu({x})",
    "silu": "F.silu({x})",
    "hard_silu": "F.hardswish({x})",
    "mish": "F.mish({x})",
    "softplus": "F.softplus({x})",
    "soft_shrink": "F.softshrink({x})",
    "hard_shrink": "F.hardshrink({x})",
    "sigmoid": "torch.sigmoid({x})",
    "hard_sigmoid": "F.hardsigmoid({x})",
    "log_sigmoid": "F.logsigmoid({x})",
    "tanh": "torch.tanh({x})",
    "tanh_shrink": "F.tanhshrink({x})",
    "hard_tanh": "F.hardtanh({x})",
    "softsign": "F.softsign({x})",
    "exponential": "torch.exp({x})",
    "linear": "{x}",
}
_SPACES = (("F", F), ("torch", torch))
_ALONG_AXIS = {"softmax": "F.softmax({x}, dim={dim})", "log_softmax": "F.log_softmax({x}, dim={dim})"}


def function_name(function: Any) -> str | None:
    """The name of one of Keras's activation functions."""
    known = registry.slot_and_name(function)
    return known[1] if known is not None and known[0] in ("activations", "ops") else None


def can_write(function: Any) -> bool:
    """Whether an activation has a form in torch here (None is no activation)."""
    return function is None or function_name(function) in {**_POINTWISE, **_ALONG_AXIS} or _torch_name(function) != ""


def _torch_name(function: Any) -> str:
    """How a function of torch is written, where an activation is one."""
    name = getattr(function, "__name__", "")
    found = [prefix for prefix, space in _SPACES if name and getattr(space, name, None) is function]
    return f"{found[0]}.{name}" if found else ""


def applied(function: Any, inner: str, first: bool = False) -> str:
    """`function(inner)` in torch.

    Args:
        function: An activation for which `can_write` is true.
        inner: What it is applied to.
        first: Whether the channels, along which a softmax runs, are behind the batch.
    """
    if function is None:
        return inner
    name = function_name(function)
    if name in _ALONG_AXIS:
        return _ALONG_AXIS[name].format(x=inner, dim="1" if first else "-1")
    if name in _POINTWISE:
        return _POINTWISE[name].format(x=inner)
    return f"{_torch_name(function)}({inner})"


def activation(call: Call) -> Value | None:
    """`Activation`."""
    function = call.target.activation
    if not can_write(function):
        return None
    if function_name(function) in _POINTWISE:
        return call.same(applied(function, call.x.text))
    return call.result(applied(function, call.plain()))


def relu(call: Call) -> Value | None:
    """`ReLU` with its slope, largest value and threshold."""
    layer = call.target
    slope, largest, threshold = (getattr(layer, name) for name in ("negative_slope", "max_value", "threshold"))
    if threshold:
        return None
    if largest is None:
        form = f"F.leaky_relu({{}}, {text.literal(slope)})" if slope else "F.relu({})"
    elif slope:
        return None
    else:
        form = "F.relu6({})" if largest == 6 else f"torch.clamp({{}}, 0, {text.literal(largest)})"
    return call.same(form.format(call.x.text))


def _with(form: str, *names: str) -> Emitter:
    """An emitter that puts attributes of the layer into a form."""

    def emit(call: Call) -> Value:
        return call.same(form.format(call.x.text, *(text.literal(getattr(call.target, name)) for name in names)))

    return emit


def softmax(call: Call) -> Value | None:
    """`Softmax` along one axis."""
    if not isinstance(call.target.axis, int) or call.mask is not None or len(call.inputs) > 1:
        return None
    return call.result(f"F.softmax({call.plain()}, dim={call.target.axis})")


def prelu(call: Call) -> Value | None:
    """`PReLU`: the slopes are a parameter, shaped like a sample."""
    layer = call.target
    begin = start("weight", layer.alpha_initializer, tuple(layer.weight.shape))
    if begin is None:
        return None
    call.writer.helper("PReLU", _PRELU)
    call.define(f"PReLU({', '.join(map(str, layer.weight.shape))})", *([] if "zeros_" in begin[1] else [begin]))
    return call.result(f"{call.me}({call.plain()})")


_PRELU = '''
class PReLU(nn.Module):
    """Keras's PReLU: every place of a sample has a trained slope for negative inputs (torch's: every channel)."""

    def __init__(self, *shape):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(shape))

    def forward(self, x):
        return torch.relu(x) - self.weight * torch.relu(-x)
'''

EMITTERS: dict[type, Emitter] = {
    layers.Activation: activation,
    layers.ReLU: relu,
    layers.LeakyReLU: _with("F.leaky_relu({}, {})", "negative_slope"),
    layers.ELU: _with("F.elu({}, {})", "alpha"),
    layers.Softmax: softmax,
    layers.PReLU: prelu,
}
