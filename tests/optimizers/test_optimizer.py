from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch
from torch import nn

from kerastorch import optimizers
from kerastorch.nn.variable import Layout, Variable
from kerastorch.optimizers import SGD, Adam, AdamW, Optimizer, schedules
from tests.optimizers import parity

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras and NumPy 2
NAMES = [
    "SGD",
    "Adam",
    "AdamW",
    "RMSprop",
    "Adagrad",
    "Adadelta",
    "Adamax",
    "Nadam",
    "Lion",
    "Ftrl",
    "Adafactor",
    "Lamb",
]


@pytest.mark.parametrize("accumulation", [None, 3])
@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Adafactor"])
def test_path_under_a_schedule(name: str, accumulation: int | None) -> None:
    options: dict[str, Any] = {"momentum": 0.9} if name == "SGD" else {}
    options["gradient_accumulation_steps"] = accumulation
    decay = (0.1, 5, 0.7)
    theirs = getattr(keras.optimizers, name)(keras.optimizers.schedules.ExponentialDecay(*decay), **options)
    ours = getattr(optimizers, name)(schedules.ExponentialDecay(*decay), **options)
    paths = parity.ours(ours, "float32", bool(accumulation)), parity.theirs(theirs, "float32")
    assert parity.largest_difference(*paths) < 1e-5
    assert ours.learning_rate == pytest.approx(float(theirs.learning_rate), rel=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_configs_are_kerass(name: str) -> None:
    keras.utils.clear_session()  # names count from one again
    ours, theirs = getattr(optimizers, name)(), getattr(keras.optimizers, name)()
    config, expected = ours.get_config(), theirs.get_config()
    assert list(config) == list(expected)
    assert config.pop("learning_rate") == pytest.approx(expected.pop("learning_rate"))
    assert config == expected
    assert getattr(optimizers, name).from_config(theirs.get_config()).get_config()["name"] == expected["name"]
    assert getattr(keras.optimizers, name).from_config(ours.get_config()).get_config()["name"] == expected["name"]


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (-1, "received -1.0. To maximise"),
        (float("nan"), "received nan"),
        (float("inf"), "received inf"),
        ("0.1", "received '0.1'. Write 0.1 without quotes"),
        ("fast", "For example `learning_rate=0.001`"),
        (None, "received None"),
        (True, "received True"),
    ],
)
def test_bad_learning_rates(rate: Any, text: str) -> None:
    with pytest.raises(ValueError, match="`learning_rate`.*" + text.replace(".", r"\.")):
        Adam(learning_rate=rate)
    optimizer = Adam()
    with pytest.raises(ValueError, match="`learning_rate`"):
        optimizer.learning_rate = rate
    assert optimizer.learning_rate == 0.001


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"clipnorm": 1.0, "clipvalue": 1.0}, "only one of"),
        ({"clipnorm": -1.0}, "`clipnorm`: expected a number >= 0 or None"),
        ({"weight_decay": "0.1"}, "`weight_decay`"),
        ({"use_ema": True, "ema_momentum": 1.5}, r"`ema_momentum`: expected a number in \[0, 1\], received 1.5"),
        ({"use_ema": True, "ema_overwrite_frequency": 0}, "`ema_overwrite_frequency`: expected an integer >= 1"),
        ({"gradient_accumulation_steps": 1}, "`gradient_accumulation_steps`: expected an integer >= 2"),
        ({"gradient_accumulation_steps": 2.5}, "`gradient_accumulation_steps`"),
    ],
)
def test_bad_arguments(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        SGD(**options)


def test_unknown_arguments() -> None:
    with pytest.raises(TypeError, match="Did you mean 'momentum'"):
        SGD(momentun=0.9)
    with pytest.raises(TypeError, match=r"Write `Adam\(learning_rate=0.1\)`"):
        Adam(lr=0.1)
    with pytest.warns(UserWarning, match="`decay` is ignored"):
        SGD(decay=0.1)


def test_the_learning_rate_is_read_and_set() -> None:
    w = nn.Parameter(torch.ones(1))
    optimizer = SGD(0.5)
    assert isinstance(optimizer.learning_rate, float)
    optimizer.learning_rate = 0.25
    optimizer.build([w])
    w.grad = torch.ones(1)
    optimizer.step()
    assert w.item() == 0.75
    optimizer.learning_rate.assign(np.float32(0.5))
    assert optimizer.param_groups[0]["lr"] == optimizer.lr == 0.5
    assert optimizer.learning_rate.numpy() == np.float32(0.5)
    optimizer.lr = schedules.ExponentialDecay(0.125, 1, 0.5)
    assert optimizer.learning_rate == 0.0625
    optimizer.step()
    assert w.item() == 0.75 - 0.0625
    with pytest.raises(TypeError, match="follows the schedule ExponentialDecay"):
        optimizer.learning_rate = 0.1


def test_a_function_is_asked_at_each_step() -> None:
    w = nn.Parameter(torch.zeros(1))
    rates = iter([0.5, 0.25])
    optimizer = SGD(lambda: next(rates))
    for expected in (-0.5, -0.75):
        optimizer.apply([torch.ones(1)], [w])
        assert w.item() == expected
    optimizer.learning_rate = 1.0
    assert optimizer.learning_rate == 1.0


def test_weight_decay_leaves_out_what_is_excluded() -> None:
    kernel, bias = Variable(np.ones(2), name="kernel"), Variable(np.ones(2), name="bias")
    other, named = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    for make in (AdamW, SGD):
        optimizer = make(0.0, weight_decay=0.5)
        optimizer.exclude_from_weight_decay(var_list=[other], var_names=["bias"])
        optimizer.learning_rate = 0.5
        optimizer.build([kernel, bias, other])
        for p in (kernel, bias, other):
            p.grad = torch.zeros(2)
        optimizer.step()
        assert (bias.tolist(), other.tolist()) == ([1, 1], [1, 1])
    assert kernel.tolist() == [0.75**2] * 2
    with pytest.raises(ValueError, match="before `fit` or `build`"):
        optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer = SGD(0.5, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias$"])
    optimizer.build([("layer.bias", named)])
    named.grad = torch.zeros(2)
    optimizer.step()
    assert named.tolist() == [1, 1]


def test_constraints_hold_in_kerass_layout() -> None:
    seen = []

    def constraint(w: torch.Tensor) -> torch.Tensor:
        seen.append(tuple(w.shape))
        return w.clamp(min=0.0) * torch.tensor([[1.0], [2.0], [1.0]])

    kernel = Variable.wrap(torch.ones(2, 3), trainable=True, name="kernel", layout=Layout(1, 0), constraint=constraint)
    optimizer = SGD(0.5)
    optimizer.build([kernel, nn.Parameter(torch.ones(1))])
    kernel.grad = torch.tensor([[4.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    optimizer.step()
    assert seen == [(3, 2)]
    assert kernel.tolist() == [[0.0, 2.0, 1.0], [1.0, 2.0, 0.5]]


def test_moving_averages_are_handed_over_at_the_end() -> None:
    ours, theirs = nn.Parameter(torch.ones(2)), keras.Variable(np.ones(2, "float32"))
    options: dict[str, Any] = {"use_ema": True, "ema_momentum": 0.75}
    optimizer, expected = SGD(0.5, **options), keras.optimizers.SGD(0.5, **options)
    for grad in (1.0, 2.0, -1.0):
        optimizer.apply([torch.full((2,), grad)], [ours])
        expected.apply([torch.full((2,), grad)], [theirs])
    optimizer.finalize_variable_values([ours])
    expected.finalize_variable_values([theirs])
    torch.testing.assert_close(ours.detach(), theirs.value.detach())
    with pytest.raises(ValueError, match="1 others"):
        optimizer.finalize_variable_values([nn.Parameter(torch.ones(2))])


def test_it_is_built_for_one_set_of_variables() -> None:
    a, b = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    optimizer = SGD()
    optimizer.build([a])
    optimizer.build([a])
    with pytest.raises(ValueError, match="Make a new optimizer"):
        optimizer.build([a, b])
    with pytest.raises(ValueError, match="lr_scheduler"):
        SGD(schedules.CosineDecay(0.1, 10)).build([{"params": [a], "lr": 0.5}])
    empty = SGD()
    empty.build([])
    empty.step()
    assert empty.iterations == 0


def test_gradient_accumulation_steps_is_read_only() -> None:
    optimizer = SGD(gradient_accumulation_steps=4)
    assert optimizer.gradient_accumulation_steps == 4
    with pytest.raises(AttributeError):
        optimizer.gradient_accumulation_steps = 2  # type: ignore[misc]


class Signed(Optimizer):
    """An optimizer as Keras's guide writes one."""

    def __init__(self, learning_rate: float = 0.5, **options: Any) -> None:
        super().__init__(learning_rate=learning_rate, **options)

    def build(self, variables: Any) -> None:
        if self.built:
            return
        super().build(variables)
        self.sums = self.add_optimizer_variables(variables, "sum")

    def update_step(self, gradient: torch.Tensor, variable: torch.Tensor, learning_rate: float) -> None:
        total = self.sums[self._get_variable_index(variable)]
        self.assign_add(total, gradient)
        self.assign_sub(variable, learning_rate * torch.sign(total))


def test_an_optimizer_in_kerass_style() -> None:
    a, b = nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(1))
    optimizer = Signed(clipvalue=1.0)
    optimizer.build([a, b])
    a.grad, b.grad = torch.tensor([3.0, -3.0]), torch.tensor([1.0])
    optimizer.step()
    assert (a.tolist(), b.tolist()) == ([-0.5, 0.5], [-0.5])
    twin = Signed()
    twin.build([a, b])
    twin.load_state_dict(optimizer.state_dict())
    assert twin.sums[0].tolist() == [1.0, -1.0]
    assert [(name, tuple(t.shape)) for name, _, t in optimizer.slots()] == [("sum", (2,)), ("sum", (1,))]


def test_an_optimizer_without_a_rule() -> None:
    class Nothing(Optimizer):
        pass

    with pytest.raises(NotImplementedError, match="update_step"):
        Nothing(0.1).apply([torch.ones(1)], [nn.Parameter(torch.ones(1))])


def test_the_loss_is_scaled() -> None:
    assert SGD().scale_loss(3.0) == 3.0
    assert SGD(loss_scale_factor=4.0).scale_loss(3.0) == 12.0
