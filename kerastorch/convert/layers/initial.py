"""How weights start, as lines on torch's layouts: Keras's initializers."""

from __future__ import annotations

import math
from typing import Any

from kerastorch import initializers
from kerastorch.convert.layers import text
from kerastorch.convert.layers.writer import Start
from kerastorch.initializers.fans import TRUNCATED_STDDEV, compute_fans

# By class: the line for weights whose fans torch counts as Keras does.
_BY_FANS: dict[str, str] = {
    "GlorotUniform": "nn.init.xavier_uniform_({})",
    "HeUniform": 'nn.init.kaiming_uniform_({}, nonlinearity="relu")',
    "LecunUniform": 'nn.init.kaiming_uniform_({}, nonlinearity="linear")',
}


def start(weight: str, initializer: Any, keras_shape: tuple[int, ...], *, fans_agree: bool = True) -> Start | None:
    """The line that starts a weight as an initializer of Keras does.

    Args:
        weight: The weight's name.
        initializer: The initializer.
        keras_shape: Its shape in Keras's layout.
        fans_agree: Whether torch finds the same numbers of inputs and outputs from its own layout.

    Returns:
        The weight and the line, with {} where the weight stands; None for an initializer that cannot be written.
    """
    name = type(initializer).__name__
    if fans_agree and name in _BY_FANS:
        return weight, _BY_FANS[name]
    if isinstance(initializer, initializers.VarianceScaling):
        return weight, f"{_scaled(initializer, keras_shape)}  # {name}"
    if name == "Orthogonal" and not fans_agree:
        return None
    maker = _SIMPLE.get(name)
    line = None if maker is None else maker(initializer)
    return None if line is None else (weight, line)


def _scaled(initializer: Any, shape: tuple[int, ...]) -> str:
    fan_in, fan_out = compute_fans(shape, initializer.input_axes, initializer.output_axes)
    count = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[initializer.mode]
    spread = f"{text.number(float(initializer.scale))} / {text.number(float(count)).removesuffix('.0')}"
    spread = spread.replace(".0 /", " /")
    if initializer.distribution == "uniform":
        limit = text.number(round(math.sqrt(3.0 * initializer.scale / max(1.0, count)), 6))
        return f"nn.init.uniform_({{}}, -{limit}, {limit})"
    if initializer.distribution == "untruncated_normal":
        return f"nn.init.normal_({{}}, std=math.sqrt({spread}))"
    std = math.sqrt(initializer.scale / max(1.0, count)) / TRUNCATED_STDDEV
    return _truncated(0.0, std)


def _truncated(mean: float, std: float) -> str:
    low, high = (text.number(round(mean + sign * 2 * std, 6)) for sign in (-1, 1))
    return f"nn.init.trunc_normal_({{}}, {text.number(mean)}, {text.number(round(std, 6))}, {low}, {high})"


def _constant(initializer: Any) -> str | None:
    value = initializer.value
    return f"nn.init.constant_({{}}, {text.number(float(value))})" if isinstance(value, (int, float)) else None


def _orthogonal(initializer: Any) -> str:
    gain = float(initializer.gain)
    return "nn.init.orthogonal_({})" if gain == 1.0 else f"nn.init.orthogonal_({{}}, gain={text.number(gain)})"


_SIMPLE: dict[str, Any] = {
    "Zeros": lambda _: "nn.init.zeros_({})",
    "Ones": lambda _: "nn.init.ones_({})",
    "Constant": _constant,
    "Orthogonal": _orthogonal,
    "RandomUniform": lambda i: f"nn.init.uniform_({{}}, {text.literal(i.minval)}, {text.literal(i.maxval)})",
    "RandomNormal": lambda i: f"nn.init.normal_({{}}, {text.literal(i.mean)}, {text.literal(i.stddev)})",
    "TruncatedNormal": lambda i: _truncated(float(i.mean), float(i.stddev)),
}
