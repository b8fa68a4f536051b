"""The base class of losses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from kerastorch import losses
from kerastorch.base import policy


class Distance(losses.Loss):
    def call(self, y_true: Any, y_pred: Any) -> Any:
        self.seen = y_true, y_pred
        return (y_true - y_pred).abs().sum(-1)


def test_labels_and_predictions_come_as_tensors_of_the_losss_dtype() -> None:
    for dtype, wanted in ((None, torch.float32), ("float64", torch.float64), ("mixed_bfloat16", torch.bfloat16)):
        loss = Distance(dtype=dtype)
        loss(np.zeros((2, 3), "int64"), [[1, 2, 3], [4, 5, 6]])
        assert [t.dtype for t in loss.seen] == [wanted, wanted]
        assert loss.dtype == str(wanted).removeprefix("torch.")


def test_the_default_dtype_is_floatx() -> None:
    policy.set_floatx("float64")
    assert Distance().dtype == "float64"


def test_nested_structures() -> None:
    class Both(losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return (y_true["a"] - y_pred["a"]).abs() + (y_true["b"][0] - y_pred["b"][0]).abs()

    truth = {"a": np.zeros(2), "b": [np.ones(2)]}
    assert Both()(truth, {"a": torch.ones(2), "b": [torch.ones(2)]}) == 1


def test_masks_of_predictions_and_by_keyword() -> None:
    truth, scores, mask = (
        torch.zeros(4, 1),
        torch.tensor([[1.0], [2.0], [5.0], [9.0]]),
        torch.tensor([1, 1, 0, 0]).bool(),
    )
    assert Distance()(truth, scores, mask=mask) == 1.5
    scores._keras_mask = mask
    assert Distance()(truth, scores) == 1.5
    assert losses.MeanAbsoluteError()(truth, scores) == 1.5


def test_names_and_config() -> None:
    assert [Distance().name, Distance().name, Distance("mine").name] == ["distance", "distance_1", "mine"]
    assert Distance(reduction="sum", name="x").get_config() == {"name": "x", "reduction": "sum"}
    assert Distance.from_config({"name": "x", "reduction": None}).reduction is None


def test_a_class_without_call() -> None:
    with pytest.raises(NotImplementedError, match="a method `call"):
        losses.Loss()(torch.zeros(2), torch.zeros(2))


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="Did you mean 'sum'"):
        Distance(reduction="sun")
    with pytest.raises(ValueError, match="Unknown dtype policy"):
        Distance(dtype="float31")


def test_half_precision_predictions_are_computed_in_float32() -> None:
    truth, scores = torch.rand(8, 3), torch.rand(8, 3)
    for dtype in (torch.float16, torch.bfloat16):
        loss = losses.MeanSquaredError()(truth, scores.to(dtype))
        assert loss.dtype == torch.float32
        torch.testing.assert_close(loss, losses.MeanSquaredError()(truth, scores.to(dtype).float()))


class Operations(TorchDispatchMode):
    """Writes down every operation that runs."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.add(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("reduction", ["mean", "mean_with_sample_weight"])
def test_the_device_is_never_waited_for(reduction: str) -> None:
    numbers, labels = torch.rand(6, 3), torch.randint(0, 3, (6,))
    names = [
        n for n, c in vars(losses).items() if isinstance(c, type) and n not in ("Loss", "LossFunctionWrapper", "CTC")
    ]
    with Operations() as seen:
        for name in names:
            truth = labels if name.startswith(("Sparse", "Circle", "CategoricalGen")) else numbers
            for weight in (None, torch.ones(6)):
                scores = torch.rand(6, 3, requires_grad=True)
                getattr(losses, name)(reduction=reduction)(truth, scores, weight).backward()
    assert "mul" in seen.names
    assert not seen.names & {"_local_scalar_dense", "is_nonzero", "equal", "nonzero", "masked_select"}


def test_losses_compile_as_one_graph() -> None:
    labels, scores = torch.randint(0, 3, (6,)), torch.rand(6, 3)
    loss = losses.SparseCategoricalCrossentropy(ignore_class=1)  # its mask travels on the tensor
    compiled = torch.compile(lambda a, b: loss(a, b), backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(labels, scores), loss(labels, scores))
