"""Masks of symbolic and real tensors: which steps hold data."""

from __future__ import annotations

from typing import Any

from torch import nn

from kerastorch.base import nested
from kerastorch.nn import graph


def masks_of(structure: Any) -> Any:
    """The masks that tensors carry, in their structure; None when none carries one."""
    masks = nested.map_structure(lambda t: getattr(t, "_keras_mask", None), structure)
    return masks if any(m is not None for m in nested.flatten(masks)) else None


class ComputeMask(nn.Module):
    """A layer's `compute_mask` as a node of its own."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.name = f"{layer.name}_mask"
        self._layer = [layer]  # in a list: the layer is registered elsewhere

    def forward(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the layer's output."""
        return self._layer[0].compute_mask(inputs, previous_mask)

    def record(self, inputs: Any, previous_mask: Any) -> Any:
        """Record the computation of the mask; None when the layer makes none."""
        made = graph.infer(self.forward, (inputs, previous_mask), {}, name=self.name)
        return None if made is None else graph.Node(self, (inputs, previous_mask), {}, made).outputs
