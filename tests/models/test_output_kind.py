"""What gave an output."""

from __future__ import annotations

import pytest
import torch

import kerastorch as keras
from kerastorch import layers
from kerastorch.models.output_kind import lone_softmax, output_kind


@pytest.mark.parametrize(
    ("stack", "kind"),
    [
        ([layers.Dense(3, "softmax")], "softmax"),
        ([layers.Dense(3), layers.Softmax()], "softmax"),
        ([layers.Dense(3), layers.Activation("softmax")], "softmax"),
        ([layers.Dense(3), torch.nn.Softmax(-1)], "softmax"),
        ([layers.Dense(4, "softmax"), layers.Reshape((2, 2)), layers.Dropout(0.1)], "softmax"),
        ([layers.Dense(3, "sigmoid")], "sigmoid"),
        ([layers.Dense(3)], "linear"),
        ([layers.Dense(3, "sigmoid"), layers.Dense(3, "linear")], "linear"),
        ([torch.nn.Linear(4, 3)], "linear"),
        ([layers.Dense(3, "softmax"), layers.Activation("linear")], "softmax"),
        ([layers.Dense(3, "relu")], None),
        ([layers.Dense(3), layers.BatchNormalization()], None),
        ([layers.Dense(3), layers.Lambda(torch.tanh)], None),
        ([keras.Sequential([keras.Input((4,)), layers.Dense(3, "softmax")])], "softmax"),
    ],
)
def test_of_recorded_calls(stack, kind):
    assert output_kind(keras.Sequential([keras.Input((4,)), *stack]).output) == kind


def test_of_functions_and_inputs():
    x = keras.Input((4,))
    assert output_kind(x) is None
    assert output_kind(torch.softmax(x, -1)) == "softmax"
    assert output_kind(keras.ops.sigmoid(x)) == "sigmoid"
    assert output_kind(torch.softmax(x, -1) * 2) is None


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (torch.softmax(torch.arange(12.0).reshape(4, 3), -1), "softmax"),
        (torch.softmax(torch.arange(12.0).reshape(4, 3), -1).bfloat16(), "softmax"),
        (torch.tensor([[0.2, 0.3]]), None),
        (torch.tensor([[0.2], [0.9]]), None),
        (torch.tensor([[-0.1, 1.1]]), "linear"),
        (torch.tensor([[1, 0]]), None),
        (torch.zeros(0, 3), None),
    ],
)
def test_of_values(values, kind):
    assert output_kind(values) == kind


def test_a_softmax_over_one_unit():
    net = keras.Sequential([keras.Input((4,)), layers.Dense(1, "softmax", name="last")])
    assert lone_softmax(net, net.output) == "last"
    assert lone_softmax(net, torch.ones(2, 1)) == "last"
    net = keras.Sequential([keras.Input((4,)), layers.Dense(1, "sigmoid")])
    assert lone_softmax(net, net.output) is lone_softmax(net, torch.ones(2, 1)) is None
    assert lone_softmax(net, torch.ones(2, 3)) is None
