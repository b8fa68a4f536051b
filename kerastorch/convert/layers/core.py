"""`Dense`, `EinsumDense`, `Embedding`, and layers that only pass on or scale."""

from __future__ import annotations

from typing import Any

from kerastorch import layers
from kerastorch.convert.layers import copying, text
from kerastorch.convert.layers.activations import applied, can_write
from kerastorch.convert.layers.call import Call, Emitter, Value
from kerastorch.convert.layers.initial import start
from kerastorch.convert.layers.writer import Start


def starts(call: Call, *weights: tuple[str, Any, tuple[int, ...], bool]) -> list[Start]:
    """How the weights of a layer start; initializers that cannot be written are named in a note.

    Args:
        call: The call of the layer.
        *weights: For each weight its name, initializer, shape in Keras's layout, and whether torch counts the same
            fans.
    """
    found = []
    for name, initializer, shape, agree in weights:
        begin = start(name, initializer, shape, fans_agree=agree)
        if begin is None:
            kind = type(initializer).__name__
            call.writer.note(
                f"{call.me}.{name} starts with torch's default: its initializer {kind} is not a line of torch."
            )
        else:
            found.append(begin)
    return found


def dense(call: Call) -> Value | None:
    """`Dense`: `nn.Linear`."""
    layer = call.target
    if not can_write(layer.activation):
        return None
    units, features = layer.weight.shape
    more = {} if layer.use_bias else {"bias": "False"}
    weights: list[Any] = [("weight", layer.kernel_initializer, (features, units), True)]
    if layer.use_bias:
        weights.append(("bias", layer.bias_initializer, (units,), True))
    me = call.define(f"nn.Linear({text.arguments(str(features), str(units), **more)})", *starts(call, *weights))
    return call.result(applied(layer.activation, f"{me}({call.plain()})"))


def embedding(call: Call) -> Value:
    """`Embedding`: `nn.Embedding`; indices that are declared as floats become integers."""
    layer = call.target
    shape = (layer.input_dim, layer.output_dim)
    me = call.define(
        f"nn.Embedding({layer.input_dim}, {layer.output_dim})",
        *starts(call, ("weight", layer.embeddings_initializer, shape, True)),
    )
    indices = call.plain()
    return call.result(f"{me}({indices if call.x.dtype.startswith('int') else f'{indices}.long()'})")


def rescaling(call: Call) -> Value | None:
    """`Rescaling`: a factor and an offset."""
    scale, offset = call.target.scale, call.target.offset
    if not isinstance(scale, (int, float)) or not isinstance(offset, (int, float)):
        return None
    inner = call.x.text
    ratio = 1 / scale if scale else 0.0
    whole = scale not in (0, 1) and abs(ratio - round(ratio)) < 1e-12 and abs(ratio) > 1
    written = f"{inner} / {round(ratio)}" if whole else f"{inner} * {text.literal(scale)}"
    more = f" + {text.literal(offset)}" if offset > 0 else f" - {text.literal(-offset)}" if offset else ""
    return call.same(f"{written}{more}")


def identity(call: Call) -> Value:
    """`Identity`."""
    return call.same(call.x.text)


def masking(call: Call) -> Value:
    """`Masking`: steps that hold nothing but the value become zero."""
    value, x = text.literal(call.target.mask_value), call.plain()
    return call.result(f"{x} * ({x} != {value}).any(-1, keepdim=True)")


def lambda_layer(call: Call) -> Value | None:
    """`Lambda`: a call of its function."""
    layer = call.target
    if layer.arguments or len(call.args) > 1:
        return None
    given = ", ".join(map(call.plain, call.inputs))
    try:
        name = copying.copied_function(call.writer, layer.function, call.key.strip("_") + "_function")
    except copying.Unknown:
        return None
    return call.result(f"{name}([{given}])" if isinstance(call.args[0], (list, tuple)) else f"{name}({given})")


EMITTERS: dict[type, Emitter] = {
    layers.Dense: dense,
    layers.Embedding: embedding,
    layers.Rescaling: rescaling,
    layers.Identity: identity,
    layers.Masking: masking,
    layers.Lambda: lambda_layer,
}
