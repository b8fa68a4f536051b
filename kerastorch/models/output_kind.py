"""What an output is: the result of a softmax, of a sigmoid, or of no activation."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from kerastorch import activations, layers
from kerastorch.base import nested
from kerastorch.nn.keras_tensor import KerasTensor

_FUNCTIONS = {"softmax": "softmax", "sigmoid": "sigmoid", "linear": "linear"}
_MODULES = {nn.Softmax: "softmax", nn.Sigmoid: "sigmoid", nn.Linear: "linear"}
# layers that hand values on as they are, or differently arranged
_HANDING_ON = (layers.Reshape, layers.Flatten, layers.Permute, layers.Dropout, layers.Identity, nn.Flatten, nn.Dropout)


def output_kind(output: Any) -> str | None:
    """What gave an output.

    Args:
        output: A symbolic tensor, whose last recorded calls tell; or a tensor (batch, ..., units), whose values tell.

    Returns:
        "softmax", "sigmoid", "linear" (the values are not confined to 0 to 1), or None where it cannot be told.

    Example:
        >>> output_kind(layers.Dense(3, activation="softmax")(layers.Input((4,))))
        'softmax'
        >>> output_kind(torch.tensor([[-2.0, 3.0]]))
        'linear'
    """
    if isinstance(output, KerasTensor):
        return _recorded_kind(output)
    return _seen_kind(output) if isinstance(output, Tensor) and output.is_floating_point() and output.numel() else None


def _recorded_kind(tensor: KerasTensor) -> str | None:
    node = tensor.node
    while node is not None:
        target = node.target
        inner = nested.flatten(getattr(target, "symbolic_outputs", None))
        if len(inner) > tensor.index and isinstance(inner[tensor.index], KerasTensor):
            return _recorded_kind(inner[tensor.index])  # a model inside the model
        kind = _kind_of_target(target)
        hands_on = isinstance(target, _HANDING_ON) or (isinstance(target, layers.Activation) and kind == "linear")
        if not hands_on or len(node.inputs) != 1:
            return kind
        tensor = node.inputs[0]
        node = tensor.node
    return None


def _kind_of_target(target: Any) -> str | None:
    if isinstance(target, nn.Module):
        if type(target) in _MODULES:
            return _MODULES[type(target)]
        if isinstance(target, layers.Softmax):
            return "softmax"
        activation = getattr(target, "activation", "") if type(target).__module__.startswith("kerastorch.") else ""
        target = activations.linear if activation is None else activation
    name = target if isinstance(target, str) else getattr(target, "__name__", "")
    return _FUNCTIONS.get(name)


def _seen_kind(output: Tensor) -> str | None:
    low, high = (float(v) for v in torch.aminmax(output.detach().float()))
    if low < 0 or high > 1:
        return "linear"
    if output.ndim < 2 or output.shape[-1] < 2:
        return None
    off = float((output.detach().float().sum(-1) - 1).abs().max())
    return "softmax" if off < (1e-4 if output.element_size() > 2 else 0.05) else None


def lone_softmax(model: nn.Module, output: Any) -> str | None:
    """The name of the layer that gives `output` as a softmax over a single unit, which is always 1; or None.

    Args:
        model: Looked through for such a layer where the output is a plain tensor.
        output: A symbolic tensor, or a tensor (batch, ..., units).
    """
    if output.shape[-1:] != (1,):
        return None
    if isinstance(output, KerasTensor):
        return output.node.name if output.node is not None and output_kind(output) == "softmax" else None
    for module in model.modules():
        if isinstance(module, layers.Dense) and module.units == 1 and module.activation is activations.softmax:
            return str(module.name)
    return None
