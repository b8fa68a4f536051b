from __future__ import annotations

import copy

import keras
import numpy as np
import pytest
import torch
from torch import nn

from kerastorch import optimizers
from kerastorch.optimizers import SGD, Adam, LossScaleOptimizer

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras and NumPy 2


def test_its_path_and_scale_are_kerass() -> None:
    ours, theirs = nn.Parameter(torch.ones(2)), keras.Variable(np.ones(2, "float32"))
    optimizer = LossScaleOptimizer(Adam(0.1), initial_scale=8.0, dynamic_growth_steps=3)
    expected = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.1), 8.0, 3)
    optimizer.build([ours])
    expected.build([theirs])
    rng = np.random.default_rng(0)
    for step in range(14):
        grad = torch.tensor(rng.normal(size=2).astype("float32"))
        if step in (4, 5, 12):
            grad[1] = float("nan") if step == 4 else float("inf")
        expected.apply([grad], [theirs])
        if step % 2:
            optimizer.apply([grad], [ours])
        else:
            ours.grad = grad.clone()
            optimizer.step()
        assert optimizer.dynamic_scale == float(expected.dynamic_scale.value)
        assert optimizer.step_counter == int(expected.step_counter.value)
        assert optimizer.iterations == int(expected.iterations.value)
        torch.testing.assert_close(ours.detach(), theirs.value.detach(), rtol=1e-5, atol=1e-6)


def test_it_shares_everything_with_the_inner_one() -> None:
    w = nn.Parameter(torch.ones(1))
    inner = SGD(0.5, momentum=0.5)
    optimizer = LossScaleOptimizer(inner, initial_scale=4.0)
    optimizer.build([w])
    assert optimizer.param_groups is inner.param_groups
    assert optimizer.state is inner.state
    optimizer.learning_rate = 0.25
    assert inner.learning_rate == optimizer.lr == 0.25
    assert optimizer.scale_loss(2.0) == 8.0
    w.grad = torch.full((1,), 4.0)
    optimizer.step()
    assert w.item() == 0.75
    state = copy.deepcopy(optimizer.state_dict())
    optimizer.step()
    optimizer.load_state_dict(state)
    assert (optimizer.step_counter, optimizer.iterations) == (1, 1)
    twin = copy.deepcopy(optimizer)
    assert twin.param_groups is twin.inner_optimizer.param_groups is not inner.param_groups


def test_configs_are_kerass() -> None:
    ours = LossScaleOptimizer(SGD(0.5), dynamic_growth_steps=7)
    theirs = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.5), dynamic_growth_steps=7)
    assert list(ours.get_config()) == list(theirs.get_config())
    loaded = optimizers.deserialize(keras.optimizers.serialize(theirs))
    assert loaded.get_config() == theirs.get_config() | {"inner_optimizer": loaded.get_config()["inner_optimizer"]}
    assert type(loaded.inner_optimizer) is SGD
    back = keras.optimizers.deserialize(optimizers.serialize(ours))
    assert back.dynamic_growth_steps == 7


def test_bad_arguments() -> None:
    with pytest.raises(TypeError, match="`inner_optimizer`"):
        LossScaleOptimizer("sgd")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="`inner_optimizer`"):
        LossScaleOptimizer(LossScaleOptimizer(SGD()))
    with pytest.raises(TypeError, match="Give it to `inner_optimizer`"):
        LossScaleOptimizer(SGD(), clipnorm=1.0)
