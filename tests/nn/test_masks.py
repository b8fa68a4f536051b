"""Masks that tensors carry, and their computation as a node."""

from __future__ import annotations

import torch

from kerastorch.nn.keras_tensor import KerasTensor
from kerastorch.nn.layer import Layer
from kerastorch.nn.masks import ComputeMask, masks_of


def _masked(*values: bool) -> torch.Tensor:
    tensor = torch.zeros(len(values))
    tensor._keras_mask = torch.tensor(values)  # type: ignore[attr-defined]
    return tensor


def test_masks_keep_the_structure_of_their_tensors() -> None:
    masked, plain = _masked(True, False), torch.zeros(2)
    assert masks_of(plain) is None and masks_of([plain, plain]) is None
    found = masks_of({"a": masked, "b": [plain]})
    assert found == {"a": masked._keras_mask, "b": [None]}  # type: ignore[attr-defined]


class Positive(Layer):
    """Masks what is not positive, unless told otherwise."""

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs

    def compute_mask(self, inputs: torch.Tensor, previous_mask: torch.Tensor | None) -> torch.Tensor:
        return inputs > 0 if previous_mask is None else previous_mask


def test_the_computation_of_a_mask_is_a_node() -> None:
    inputs = KerasTensor((None, 3), dtype="float32")
    node = ComputeMask(Positive(name="positive"))
    made = node.record(inputs, None)
    assert (made.shape, made.dtype, made.node.target) == ((None, 3), "bool", node)
    assert node.name == "positive_mask" and not list(node.parameters())
    assert node(torch.tensor([1.0, -1.0])).tolist() == [True, False]


def test_a_layer_that_makes_no_mask_records_nothing() -> None:
    class Forgetful(Layer):
        def compute_mask(self, inputs: torch.Tensor, previous_mask: torch.Tensor | None) -> None:
            return None

    assert ComputeMask(Forgetful()).record(KerasTensor((None, 3), dtype="float32"), None) is None
