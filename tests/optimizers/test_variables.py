from __future__ import annotations

import warnings
from typing import Any

import keras
import numpy as np
import pytest
import torch
from torch import nn

from kerastorch import optimizers
from kerastorch.nn.variable import Layout, Variable
from kerastorch.optimizers import SGD, Adam, LossScaleOptimizer

CASES: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True, "use_ema": True}),
    ("Adam", {"gradient_accumulation_steps": 2}),
    ("AdamW", {}),
    ("RMSprop", {"momentum": 0.9, "centered": True}),
    ("Adagrad", {}),
    ("Adadelta", {}),
    ("Adamax", {}),
    ("Nadam", {}),
    ("Lion", {}),
    ("Ftrl", {}),
    ("Adafactor", {}),
    ("Lamb", {}),
]
GRADS = np.random.default_rng(0).normal(size=(9, 3, 2)).astype("float32")


def pair(name: str, options: dict[str, Any]) -> tuple[Any, list[Any], Any, list[Any]]:
    """An optimizer of Keras and one of ours, on a kernel that lies transposed here, and on a bias."""
    ours = getattr(optimizers, name)(learning_rate=0.0625, **options)
    theirs = getattr(keras.optimizers, name)(learning_rate=0.0625, **options)
    kernel = Variable.wrap(torch.ones(2, 3), trainable=True, name="kernel", layout=Layout(1, 0))
    weights = [kernel, nn.Parameter(torch.ones(2))]
    variables = [keras.Variable(np.ones((3, 2), "float32"), name="kernel"), keras.Variable(np.ones(2, "float32"))]
    ours.build(weights)
    theirs.build(variables)
    return ours, weights, theirs, variables


def advance(ours: Any, weights: list[Any], theirs: Any, variables: list[Any], grads: Any) -> None:
    for grad in grads:
        ours.apply([torch.tensor(grad).T, torch.tensor(grad[0])], weights)
        theirs.apply([torch.tensor(grad), torch.tensor(grad[0])], variables)


class Store(dict[str, Any]):
    """What Keras writes into, taking arrays in any form."""


@pytest.mark.parametrize(("name", "options"), CASES)
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_state_goes_both_ways(name: str, options: dict[str, Any]) -> None:
    ours, weights, theirs, variables = pair(name, options)
    advance(ours, weights, theirs, variables, GRADS[:3])
    mine, expected = Store(), Store()
    ours.save_own_variables(mine)
    theirs.save_own_variables(expected)
    assert list(mine) == list(expected)
    for key, value in expected.items():
        np.testing.assert_allclose(mine[key], value, rtol=2e-4, atol=1e-6, err_msg=key)
    again, again_weights, back, back_variables = pair(name, options)
    again.load_own_variables(expected)
    back.load_own_variables(mine)
    assert again.iterations == ours.iterations
    assert again.learning_rate == 0.0625
    for target, source in ((again_weights, weights), (back_variables, variables)):
        for t, s in zip(target, source, strict=True):
            (t if isinstance(t, torch.Tensor) else t.value).data.copy_(s if isinstance(s, torch.Tensor) else s.value)
    advance(again, again_weights, back, back_variables, GRADS[3:])
    advance(ours, weights, theirs, variables, GRADS[3:])
    expected_kernel = theirs_kernel(variables)
    for kernel in (weights[0].detach().T, again_weights[0].detach().T, theirs_kernel(back_variables)):
        np.testing.assert_allclose(kernel, expected_kernel, rtol=1e-5, atol=1e-5)


def theirs_kernel(variables: list[Any]) -> Any:
    return variables[0].value.detach().numpy()


def test_slots_are_in_kerass_order() -> None:
    optimizer = Adam(amsgrad=True, use_ema=True)
    weights = [nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(2))]
    optimizer.build(weights)
    names = [(name, param is weights[1]) for name, param, _ in optimizer.slots()]
    assert names == [
        ("average", False),
        ("average", True),
        ("momentum", False),
        ("velocity", False),
        ("momentum", True),
        ("velocity", True),
        ("velocity_hat", False),
        ("velocity_hat", True),
    ]
    assert len(optimizer.variables) == 10
    optimizer.load_slots([torch.full_like(t, 7.0) for _, _, t in optimizer.slots()])
    assert optimizer.state[weights[1]]["exp_avg"].tolist() == [7.0, 7.0]


def test_a_scheduled_rate_is_no_variable() -> None:
    schedule = optimizers.schedules.CosineDecay(0.1, 10)
    assert len(SGD(schedule).variables) == 1
    assert len(SGD(0.1).variables) == 2


def test_state_that_does_not_fit() -> None:
    optimizer = Adam()
    with pytest.raises(ValueError, match="optimizer.build"):
        optimizer.slots()
    optimizer.build([nn.Parameter(torch.ones(2))])
    with pytest.raises(ValueError, match="expected 2 tensors, received 1 tensors"):
        optimizer.load_slots([torch.ones(2)])
    with pytest.raises(ValueError, match=r"'velocity' .*expected shape \(2,\)"):
        optimizer.load_slots([torch.ones(2), torch.ones(3)])
    with pytest.warns(UserWarning, match="it has 4 variables, the file 1"):
        optimizer.load_own_variables({"0": np.array(3)})
    assert optimizer.iterations == 0
    optimizer.set_weights([np.array(5), np.array(0.5), np.ones(2), np.ones(2)])
    assert (optimizer.iterations, optimizer.learning_rate) == (5, 0.5)


def test_variables_of_ones_own() -> None:
    optimizer = SGD()
    w = nn.Parameter(torch.ones(2))
    optimizer.build([w])
    first, second = optimizer.add_optimizer_variables([w], ["one", "two"])
    optimizer.assign(first[0], [1.0, 2.0])
    optimizer.assign_add(first[0], 1.0)
    optimizer.assign_sub(second[0], 1.0)
    assert (first[0].tolist(), second[0].tolist()) == ([2.0, 3.0], [-1.0, -1.0])
    assert [name for name, _, _ in optimizer.slots()] == ["one", "two"]
    optimizer.load_slots([np.zeros(2), np.zeros(2)])
    assert first[0].tolist() == [0.0, 0.0]


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_loss_scale_optimizers_variables_are_kerass() -> None:
    ours, theirs = LossScaleOptimizer(Adam()), keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam())
    ours.build([nn.Parameter(torch.ones(2))])
    theirs.build([keras.Variable(np.ones(2))])
    mine, expected = Store(), Store()
    ours.save_own_variables(mine)
    theirs.save_own_variables(expected)
    assert {k: float(np.sum(v)) for k, v in mine.items()} == {k: float(np.sum(v)) for k, v in expected.items()}
    ours.load_own_variables(expected)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        theirs.load_own_variables(mine)
