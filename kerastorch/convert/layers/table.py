"""Which emitter writes which call."""

from __future__ import annotations

from torch import nn

from kerastorch.convert.layers import (
    activations,
    convolution,
    core,
    functions,
    kept,
    merging,
    modules,
    normalization,
    pooling,
    regularization,
    reshaping,
    text,
)
from kerastorch.convert.layers.call import Call, Emitter, Value
from kerastorch.layers import Embedding, Masking, TorchModuleWrapper
from kerastorch.nn.masks import ComputeMask

_EMITTERS: dict[type, Emitter] = {
    **core.EMITTERS,
    **activations.EMITTERS,
    **convolution.EMITTERS,
    **pooling.EMITTERS,
    **normalization.EMITTERS,
    **regularization.EMITTERS,
    **reshaping.EMITTERS,
    **merging.EMITTERS,
}


def emit(call: Call) -> Value:
    """Write one call: in plain torch where there is an emitter and it can, else with the layer kept.

    Args:
        call: The call.
    """
    target = call.target
    if not isinstance(target, nn.Module):
        return functions.function(call)
    if isinstance(target, ComputeMask):
        return mask(call)
    if not kept.is_layer(target) or type(target) is TorchModuleWrapper:
        return modules.torch_module(call)
    if getattr(target, "symbolic_outputs", None) is not None:
        return model(call)
    emitter = _EMITTERS.get(type(target))
    value = None
    if emitter is not None and target.activity_regularizer is None:
        try:
            value = emitter(call)
        except text.Unwritable:
            value = None
    if value is not None:
        return value
    if target.activity_regularizer is not None:
        call.writer.note(f"{call.me} has an activity regularizer, which enters the loss in `fit`, but not here.")
    return kept.layer(call)


def model(call: Call) -> Value:
    """A model that is called as a layer: a class of its own."""
    name = call.nested(call.target, call.key)
    call.writer.attribute(call.key, f"{name}()")
    inner = f"{call.me}({kept._call_arguments(call)})"
    return call.result(inner) if call.shape is not None else Value(inner, ())


def mask(call: Call) -> Value:
    """Which steps hold data: what `Embedding` and `Masking` find out."""
    (owner,) = call.target._layer
    if isinstance(owner, Embedding):
        return call.result(f"{call.plain()} != 0")
    if isinstance(owner, Masking):
        return call.result(f"({call.plain()} != {text.literal(owner.mask_value)}).any(-1)")
    call.writer.note(f"The mask that {owner.name!r} makes is left out: all steps count.")
    return call.result(f"torch.ones({call.plain()}.shape[:2], dtype=torch.bool)")
