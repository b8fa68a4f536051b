"""`Variable`: Keras's methods on a real `nn.Parameter`."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import kerastorch.initializers  # noqa: F401 - registers the names used below
from kerastorch.base import policy
from kerastorch.nn.variable import SAME, Layout, Variable


@given(st.permutations(range(4)))
def test_layouts_there_and_back(order: list[int]) -> None:
    layout, x = Layout(*order), torch.randn(2, 3, 4, 5)
    moved = layout.to_torch(x)
    assert tuple(moved.shape) == tuple(x.shape[i] for i in order)
    assert torch.equal(layout.to_keras(moved), x) and layout.to_keras(moved).data_ptr() == x.data_ptr()
    assert SAME.to_torch(x) is x and SAME.to_keras(x) is x


@pytest.mark.parametrize(
    ("initial", "kwargs", "dtype"),
    [
        (3.0, {}, torch.float32),
        (3, {}, torch.int64),
        (np.zeros(2), {}, torch.float32),
        (np.zeros(2, "float16"), {}, torch.float16),
        (True, {}, torch.bool),
        (torch.ones(2, dtype=torch.int32), {}, torch.int32),
        ("zeros", {"shape": (2, 3)}, torch.float32),
        (lambda shape, dtype: torch.ones(shape), {"shape": (2,)}, torch.float32),
        (1.0, {"dtype": "float64"}, torch.float64),
        (1, {"dtype": "bfloat16"}, torch.bfloat16),
    ],
)
def test_first_values_and_dtypes(initial: Any, kwargs: dict[str, Any], dtype: torch.dtype) -> None:
    variable = Variable(initial, **kwargs)
    assert variable.dtype is dtype
    assert variable.trainable is dtype.is_floating_point
    assert isinstance(variable, nn.Parameter)


def test_floats_follow_floatx() -> None:
    policy.set_floatx("float16")
    assert Variable(1.0).dtype is torch.float16


def test_a_callable_needs_a_shape() -> None:
    with pytest.raises(ValueError, match="`shape` of Variable"):
        Variable("zeros")


def test_the_first_value_is_a_copy() -> None:
    array, tensor = np.zeros(2, "float32"), torch.zeros(2)
    Variable(array).assign([1, 1])
    Variable(tensor).assign([1, 1])
    assert array.tolist() == [0, 0] and tensor.tolist() == [0, 0]


def test_assignments() -> None:
    variable = Variable([1.0, 2.0])
    pointer = variable.data_ptr()
    assert variable.assign(np.array([3, 4])) is variable
    variable.assign_add(1)
    variable.assign_sub(torch.tensor([1.0, 2.0]))
    assert variable.tolist() == [3.0, 3.0] and variable.data_ptr() == pointer
    variable.assign_add([0.5, 0.5])
    assert variable.numpy().tolist() == [3.5, 3.5]


@pytest.mark.parametrize("value", [[1.0], [[1.0, 2.0]], 1.0])
def test_assign_checks_the_shape(value: Any) -> None:
    variable = Variable([1.0, 2.0], name="v")
    with pytest.raises(ValueError, match=r"variable 'v': expected shape \(2,\)"):
        variable.assign(value)
    assert variable.tolist() == [1.0, 2.0]


def test_assignment_does_not_disturb_gradients() -> None:
    variable = Variable([2.0])
    loss = (variable * 3).sum()
    variable.assign([5.0])
    loss.backward()
    assert variable.value.grad.tolist() == [3.0]
    assert variable.requires_grad and variable.is_leaf


def test_results_are_plain_tensors() -> None:
    variable = Variable([1.0, 2.0])
    assert type(variable + 1) is torch.Tensor and type(variable.detach()) is torch.Tensor
    assert type(variable[0]) is torch.Tensor and type(torch.exp(variable)) is torch.Tensor


def test_trainable() -> None:
    variable = Variable(1.0)
    variable.trainable = False
    assert not variable.requires_grad
    variable.trainable = True
    assert variable.requires_grad
    index = Variable(1)
    index.trainable = True  # integers have no gradients
    assert not index.requires_grad


def test_plain_numbers() -> None:
    assert float(Variable(2.5)) == 2.5 and int(Variable(2)) == 2 and Variable(3.0).item() == 3.0


def test_numpy_and_arrays() -> None:
    variable = Variable([1.0, 2.0])
    copied = variable.numpy()
    copied[0] = 9
    assert variable.tolist() == [1.0, 2.0]
    assert np.asarray(variable).tolist() == [1.0, 2.0]
    assert np.array(variable, dtype="int32").dtype == np.int32


def test_copies_keep_what_keras_needs() -> None:
    variable = Variable.wrap(torch.zeros(2, 3), trainable=True, name="kernel", layout=Layout(1, 0), regularizer=len)
    variable.path = "dense/kernel"
    for made in (copy.deepcopy(variable), pickle.loads(pickle.dumps(variable))):
        assert type(made) is Variable and made.requires_grad
        assert (made.name, made.path, made.regularizer) == ("kernel", "dense/kernel", len)
        assert made.keras_layout.to_keras(made).shape == (3, 2)
        made.assign(torch.ones(2, 3))
    assert float(variable.detach().sum()) == 0


def test_a_shared_variable_stays_shared_in_a_copy() -> None:
    variable = Variable(1.0)
    a, b = copy.deepcopy([variable, variable])
    assert a is b


def test_names_and_text() -> None:
    variable = Variable(1.0, name="counter")
    assert variable.name == variable.path == "counter"
    assert "path=counter" in repr(variable) and "float32" in repr(variable)
    assert Variable(1.0).name.startswith("variable")


def test_bfloat16_becomes_a_numpy_array() -> None:
    assert Variable(1.5, dtype="bfloat16").numpy() == 1.5
