"""Conversion, casting, slices and scattering against real Keras."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kerastorch import ops
from tests.ops.parity import CUBE, I32, B, Case, F, G, case, case_id, run_case

CASES = [
    *(case("cast", x, d) for x in (F, I32, B) for d in ("float32", "int32", "bool", "float16", "bfloat16", "float64")),
    *(case("saturate_cast", x, d) for x in (F * 300, I32 * 100) for d in ("uint8", "int8", "int32", "bool")),
    case("saturate_cast", F, "float16"),
    case("stop_gradient", torch.tensor(F)),
    *(case("unstack", torch.tensor(CUBE), **k) for k in ({}, {"axis": 1}, {"num": 4, "axis": -1})),
    *(case("slice", CUBE, s, n) for s, n in (((0, 1, 1), (2, 2, 2)), ([1, 0, 2], [1, 3, 1]))),
    case("slice", CUBE, np.array([0, 1, 1]), np.array([2, 2, 2])),
    *(case("slice_update", CUBE, s, F[:2, :3][None]) for s in ((0, 0, 1), [1, 1, 0])),
    case("slice_update", CUBE, np.array([1, 1, 0]), F[:2, :3][None]),
    *(
        case("scatter", np.array(i), v, s)
        for i, v, s in (([[0], [2]], F[0, :2], (4,)), ([[0, 1], [2, 3]], F[0, :2], (3, 4)), ([[1], [1]], F[:2], (3, 4)))
    ),
    *(
        case(
            "scatter_update", F, np.array(i), u, reduction=r, gradients=r in (None, "add")
        )  # Keras's others fail backward
        for r in (None, "add", "max", "min", "mul")
        for i, u in (([[0, 1], [2, 3]], F[1, :2] * 2), ([[0], [2]], G[:2]))
    ),
    *(
        case("scatter_update", F, np.array([[1], [1]]), G[:2], reduction=r, gradients=False)
        for r in ("max", "min", "mul")
    ),
    case("scatter_update", I32, np.array([[0, 0]]), np.array([7])),
]


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)


@pytest.mark.parametrize(
    "value",
    [
        1,
        2.5,
        True,
        1 + 2j,
        [1, 2],
        [1.0, 2],
        [[True]],
        2**40,
        np.ones(2),
        np.ones(2, "uint8"),
        np.float32(1),
        np.ones(2, "uint32"),
        np.arange(4)[::-1],
        (),
    ],
    ids=repr,
)
def test_conversion_equals_keras(value: object) -> None:
    import keras

    ours, theirs = ops.convert_to_tensor(value), keras.ops.convert_to_tensor(value)
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    assert ops.convert_to_tensor([2**40]).tolist() == [2**40]  # Keras overflows


def test_conversion_copies_arrays_and_keeps_tensors() -> None:
    array = np.zeros(2, "float32")
    tensor = ops.convert_to_tensor(array)
    array[0] = 1
    assert tensor.tolist() == [0, 0]
    assert ops.convert_to_tensor(tensor) is tensor
    assert ops.convert_to_tensor([tensor, tensor]).shape == (2, 2)
    assert ops.convert_to_tensor(tensor, "int32").dtype == torch.int32


@pytest.mark.parametrize("value", ["text", ["a", "b"], [[1], [1, 2]], object()], ids=str)
def test_conversion_refuses_what_holds_no_numbers(value: object) -> None:
    with pytest.raises(TypeError, match="expected"):
        ops.convert_to_tensor(value)


def test_numpy_shape_and_dtype() -> None:
    x = torch.ones(2, 3, dtype=torch.bfloat16, requires_grad=True)
    assert ops.convert_to_numpy(x).dtype == np.float32
    assert ops.convert_to_numpy([torch.ones(2), torch.zeros(2)]).shape == (2, 2)
    assert ops.shape(x) == (2, 3) and type(ops.shape(x)) is tuple
    assert ops.shape([[1, 2]]) == (1, 2)
    assert ops.dtype(x) == "bfloat16"
    assert ops.is_tensor(x) and not ops.is_tensor([1])


@pytest.mark.parametrize("reduction", ["max", "min", "mul"])
def test_scattered_reductions_have_gradients(reduction: str) -> None:
    x, new = (
        torch.tensor(F, dtype=torch.float64, requires_grad=True),
        torch.tensor(G[:2], dtype=torch.float64, requires_grad=True),
    )
    index = np.array([[0], [2]])
    assert torch.autograd.gradcheck(lambda a, b: ops.scatter_update(a, index, b, reduction=reduction), (x, new))


def test_custom_gradient_with_two_arguments() -> None:
    @ops.custom_gradient
    def product(x: torch.Tensor, y: torch.Tensor) -> object:
        return x * y, lambda x, y, upstream: (upstream * 10, upstream * 20)

    x, y = torch.ones(2, requires_grad=True), torch.full((2,), 3.0, requires_grad=True)
    out = product(x, y)
    out.sum().backward()
    assert out.tolist() == [3, 3] and x.grad.tolist() == [10, 10] and y.grad.tolist() == [20, 20]


def test_refuses() -> None:
    with pytest.raises(ValueError, match="None or False"):
        ops.convert_to_tensor([1], sparse=True)
    with pytest.raises(ValueError, match="the axis's length"):
        ops.unstack(F, num=2)
    with pytest.raises(ValueError, match="Unknown reduction"):
        ops.scatter_update(F, [[0]], F[:1], reduction="sub")
