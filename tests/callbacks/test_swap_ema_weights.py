from __future__ import annotations

import keras
import numpy as np
import pytest
import torch

from kerastorch.callbacks import SwapEMAWeights
from kerastorch.optimizers import SGD, LossScaleOptimizer
from tests.callbacks.fakes import FakeModel

# Keras turns tensors into arrays in a way that NumPy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


class KerasAveraging:
    """What Keras's callback reads of an optimizer."""

    use_ema = True

    def __init__(self, variables: list, averages: list) -> None:
        self._trainable_variables = variables
        self._model_variables_moving_average = averages


def averaging(kind: type = SGD) -> tuple[FakeModel, torch.Tensor, torch.Tensor]:
    """A model whose weight is 1 and whose optimizer's average of it is 2."""
    model, weight = FakeModel(), torch.nn.Parameter(torch.tensor([1.0]))
    model.optimizer = SGD(0.1, use_ema=True)
    if kind is not SGD:
        model.optimizer = kind(model.optimizer)
    model.optimizer.build([weight])
    ((_, _, average),) = getattr(model.optimizer, "inner_optimizer", model.optimizer).slots()
    average.fill_(2.0)
    return model, weight, average


def states(callback: object, model: object, variable: object, average: object, steps: list[str]) -> list:
    """Weight and average after each hook."""
    callback.set_model(model)
    callback.set_params({"epochs": 2})
    seen = []
    for step in steps:
        name, _, epoch = step.partition(" ")
        getattr(callback, f"on_{name}")(*([int(epoch)] if epoch else []), {})
        seen.append(tuple(float(np.asarray(keras.ops.convert_to_numpy(v))[0]) for v in (variable, average)))
    return seen


@pytest.mark.parametrize("swap_on_epoch", [False, True])
def test_swaps_as_keras_does(swap_on_epoch: bool) -> None:
    steps = ["epoch_begin 0", "test_begin", "test_end", "epoch_end 0", "epoch_begin 1", "epoch_end 1"]
    found = []
    for kind in (SwapEMAWeights, keras.callbacks.SwapEMAWeights):
        model, variable, average = averaging()
        if kind is not SwapEMAWeights:
            variable, average = keras.Variable([1.0]), keras.Variable([2.0])
            model.optimizer = KerasAveraging([variable], [average])
        found.append(states(kind(swap_on_epoch), model, variable, average, steps))
    assert found[0] == found[1]
    assert found[0][1] == (2.0, 1.0)


def test_averages_are_zero_before_the_first_update_as_in_keras() -> None:
    variable = keras.Variable([1.0])
    other = keras.optimizers.SGD(0.1, use_ema=True)
    other.build([variable])
    (theirs,) = other._model_variables_moving_average
    weight = torch.nn.Parameter(torch.tensor([1.0]))
    own = SGD(0.1, use_ema=True)
    own.build([weight])
    ((_, _, ours),) = own.slots()
    assert float(ours) == float(keras.ops.convert_to_numpy(theirs)[0]) == 0.0
    other.apply([torch.tensor([2.0])], [variable])
    own.apply([torch.tensor([2.0])], [weight])  # the first update copies the weights
    assert ours.tolist() == keras.ops.convert_to_numpy(theirs).tolist() == weight.tolist()


def test_predict_leaves_the_weights_as_they_were() -> None:
    for kind in (SGD, LossScaleOptimizer):
        found = states(SwapEMAWeights(), *averaging(kind), ["predict_begin", "predict_end"])
        assert found == [(2.0, 1.0), (1.0, 2.0)]


def test_the_average_goes_on_after_the_swap() -> None:
    model, weight, average = averaging()
    states(SwapEMAWeights(), model, weight, average, ["test_begin", "test_end"])
    model.optimizer.iterations = 1
    weight.grad = torch.tensor([10.0])
    model.optimizer.step()
    assert weight.item() == pytest.approx(0.0, abs=1e-6)
    assert average.item() == pytest.approx(2.0 * 0.99)


def test_an_early_end_keeps_the_averages_too() -> None:
    model, weight, average = averaging()
    model.stop_training = True
    callback = SwapEMAWeights(swap_on_epoch=True)
    assert states(callback, model, weight, average, ["epoch_begin 0", "epoch_end 0"])[-1] == (2.0, 2.0)


def test_an_optimizer_without_averages() -> None:
    callback = SwapEMAWeights()
    for optimizer in (FakeModel().optimizer, SGD(0.1)):
        model = FakeModel()
        model.optimizer = optimizer
        callback.set_model(model)
        with pytest.raises(ValueError, match="use_ema=True"):
            callback.on_test_begin()
