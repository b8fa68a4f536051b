"""`Layer`: building, calling, modes, masks, losses, copies, torch's own tools."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from kerastorch import layers
from kerastorch.base import registry, serialization
from kerastorch.layers import Dense, Layer
from kerastorch.nn.keras_tensor import KerasTensor
from kerastorch.nn.tracking import live


class Scale(Layer):
    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor


class Modes(Layer):
    """Says in which mode it ran."""

    def call(self, inputs: Any, training: Any = None) -> Any:
        return inputs + (1.0 if training else 0.0)


class Outer(Layer):
    """A sublayer made in `__init__`, one in `build`, and a torch module."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = Dense(3)
        self.dropout = nn.Dropout(0.5)

    def build(self, input_shape: Any) -> None:
        self.second = Dense(2)

    def call(self, inputs: Any) -> Any:
        return self.second(self.dropout(self.first(inputs)))


@pytest.fixture(params=[False, True], ids=["plain", "live"])
def either_way(request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls take the short way, or the long one that looks after masks and losses."""
    monkeypatch.setattr(live, "on", request.param)


# -- building


def test_built_at_the_first_call(either_way: None) -> None:
    layer = Scale()
    assert not layer.built and layer.weights == []
    assert layer(torch.ones(2, 3)).shape == (2, 3)
    assert layer.built and layer.factor.shape == (3,)
    weight = layer.factor
    layer(torch.ones(5, 3))
    assert layer.factor is weight


@pytest.mark.parametrize(
    "x", [np.ones((2, 3)), np.ones((2, 3), "float16"), np.ones((2, 3), "int32"), torch.ones(2, 3).double()]
)
def test_arrays_and_other_dtypes(x: Any, either_way: None) -> None:
    layer = Scale()
    for _ in range(2):
        outputs = layer(x)
        assert type(outputs) is torch.Tensor and outputs.dtype is torch.float32


def test_keyword_calls(either_way: None) -> None:
    layer = Scale()
    assert layer(inputs=torch.ones(2, 3)).shape == (2, 3)
    assert layer(inputs=np.ones((2, 3))).shape == (2, 3)


def test_several_inputs_and_build_shapes() -> None:
    class Pair(Layer):
        def build(self, a_shape: Any, b_shape: Any) -> None:
            self.shapes = (a_shape, b_shape)

        def call(self, a: Any, b: Any) -> Any:
            return a + b

    layer = Pair()
    layer(torch.ones(2, 3), torch.ones(1, 3))
    assert layer.shapes == ((2, 3), (1, 3))
    again = Pair()
    again.build_from_config(json.loads(json.dumps(layer.get_build_config())))
    assert again.built and again.shapes == ((2, 3), (1, 3))


def test_a_list_of_inputs() -> None:
    class Sum(Layer):
        def build(self, input_shape: Any) -> None:
            self.shapes = [tuple(s) for s in input_shape]

        def call(self, inputs: Any) -> Any:
            return inputs[0] + inputs[1]

    layer = Sum()
    assert layer([torch.ones(2), np.ones(2, "float32")]).tolist() == [2.0, 2.0]
    assert layer.shapes == [(2,), (2,)]


def test_no_inputs() -> None:
    class Constant(Layer):
        def call(self) -> Any:
            return torch.ones(1)

    layer = Constant()
    assert layer().tolist() == layer().tolist() == [1.0]


def test_without_call() -> None:
    with pytest.raises(NotImplementedError, match="a `call` or `forward` method"):
        Layer()(torch.ones(1))


def test_forward_instead_of_call() -> None:
    class Twice(Layer):
        def forward(self, x: Any) -> Any:
            return 2 * x

    assert Twice()(torch.ones(1)).tolist() == [2.0]
    assert Twice()(KerasTensor((None, 3))).shape == (None, 3)


def test_attributes_before_super() -> None:
    class Early(Layer):
        def __init__(self) -> None:
            self.inner = Dense(2)
            super().__init__()

        def call(self, inputs: Any) -> Any:
            return self.inner(inputs)

    layer = Early()
    layer(torch.zeros(1, 3))
    assert sorted(layer.state_dict()) == ["inner.bias", "inner.weight"]


def test_unknown_keywords_and_names() -> None:
    with pytest.raises(TypeError, match="'nmae'.*Did you mean 'name'"):
        Scale(nmae="x")
    with pytest.raises(TypeError, match="`name` of Scale"):
        Scale(name=3)  # type: ignore[arg-type]
    assert Scale(name="mine").name == Scale(name="mine").path == "mine"
    assert (Scale().name, Scale().name) == ("scale", "scale_1")


# -- modes


def test_a_new_layer_is_in_inference_mode(either_way: None) -> None:
    layer, x = Modes(), torch.zeros(1)
    assert layer(x).item() == 0
    assert layer(x, training=True).item() == 1
    assert layer(x).item() == 0  # for one call only
    assert layer.train()(x).item() == 1
    assert layer(x, training=False).item() == 0
    assert layer(x).item() == 1


def test_the_mode_reaches_everything_inside(either_way: None) -> None:
    layer = Outer()
    x = torch.ones(64, 4)
    layer.eval()
    first = layer(x)
    assert torch.equal(layer(x), first)
    assert not torch.equal(layer(x, training=True), first)
    assert not any(m.training for m in layer.modules())


def test_an_inner_call_may_choose_its_own_mode() -> None:
    class Frozen(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Modes()

        def call(self, inputs: Any, training: Any = None) -> Any:
            return self.inner(inputs, training=False) + 10 * self.inner(inputs)

    assert Frozen()(torch.zeros(1), training=True).item() == 10


def test_the_mode_comes_back_after_an_error() -> None:
    class Failing(Layer):
        def call(self, inputs: Any) -> Any:
            raise RuntimeError("no")

    layer = Failing()
    with pytest.raises(RuntimeError, match="no"):
        layer(torch.zeros(1), training=True)
    assert not layer.training and live.depth == 0


# -- symbolic calls


def test_a_symbolic_call_is_one_node() -> None:
    layer = Outer()
    x = KerasTensor((None, 4))
    y = layer(x)
    assert y.shape == (None, 2) and y.node.target is layer and y.node.inputs == [x]
    assert layer.input is x and layer.output is y
    assert not hasattr(Outer(), "input") and layers.InputLayer((4,)).input == []
    assert [w.device.type for w in layer.weights] == ["cpu"] * 4
    assert layer.first.built and layer.second.built
    assert layer(torch.ones(2, 4)).shape == (2, 2)


def test_recording_draws_no_random_numbers() -> None:
    layer = layers.Dropout(0.5)
    torch.manual_seed(0)
    before = torch.get_rng_state()
    layer(KerasTensor((None, 4)), training=True)
    assert torch.equal(torch.get_rng_state(), before)


def test_input_and_output_need_a_recorded_call() -> None:
    with pytest.raises(AttributeError, match="output"):
        Scale().output
    assert not hasattr(Scale(), "input")


def test_compute_output_shape_of_any_layer() -> None:
    assert Outer().compute_output_shape((None, 7)) == (None, 2)
    assert Scale().compute_output_shape((None, None, 7)) == (None, None, 7)


def test_a_layer_with_a_shape_of_its_own_is_not_run() -> None:
    class Values(Layer):
        def call(self, inputs: Any) -> Any:
            return inputs[: int(inputs.sum())]

        def compute_output_shape(self, input_shape: Any) -> Any:
            return (None, *input_shape[1:])

    assert Values()(KerasTensor((None, 3))).shape == (None, 3)
    with pytest.raises(ValueError, match="compute_output_shape"):
        type("Other", (Layer,), {"call": Values.call})()(KerasTensor((None, 3)))


def test_wrong_shapes_are_refused_when_recorded() -> None:
    layer = Dense(3, name="head")
    layer(KerasTensor((None, 4)))
    with pytest.raises(ValueError, match="'head'"):
        layer(KerasTensor((None, 5)))


# -- masks and losses


def test_masks_are_handed_to_layers_that_ask() -> None:
    class CountSteps(Layer):
        def call(self, inputs: Any, mask: Any = None) -> Any:
            return inputs.new_zeros(()) if mask is None else mask.sum()

    x = layers.Masking()(torch.tensor([[[1.0], [0.0]]]))
    assert CountSteps()(x).item() == 1
    assert CountSteps()(x, mask=torch.ones(1, 2)).item() == 2
    assert CountSteps()(torch.ones(1, 2, 1)).item() == 0


def test_masks_end_at_layers_that_do_not_support_them() -> None:
    x = layers.Masking()(torch.tensor([[[1.0], [0.0]]]))
    assert getattr(Scale()(x), "_keras_mask", None) is None


def test_a_layer_with_a_mask_of_its_own() -> None:
    class Positive(Layer):
        def call(self, inputs: Any) -> Any:
            return inputs.clone()

        def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
            return inputs[..., 0] > 0

    assert Positive()(torch.tensor([[1.0], [-1.0]]))._keras_mask.tolist() == [True, False]
    assert Positive()(KerasTensor((None, 5, 2)))._keras_mask.shape == (None, 5)


def test_losses_of_the_last_call() -> None:
    class Penalized(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Dense(2, kernel_regularizer="l2", activity_regularizer="l1")

        def call(self, inputs: Any) -> Any:
            self.add_loss(inputs.sum())
            return self.inner(inputs)

    layer = Penalized()
    for _ in range(2):
        layer(torch.ones(4, 3))
        assert len(layer.losses) == 3
    assert layer.losses[0].item() == 12
    sum(layer.losses).backward()
    assert layer.inner.weight.grad is not None


# -- dtypes


@pytest.mark.parametrize(
    ("dtype", "weight", "output"),
    [
        ("float64", torch.float64, torch.float64),
        ("bfloat16", torch.bfloat16, torch.bfloat16),
        ("mixed_bfloat16", torch.float32, torch.bfloat16),
    ],
)
def test_dtype_policies(dtype: str, weight: torch.dtype, output: torch.dtype) -> None:
    layer = Dense(2, dtype=dtype)
    assert layer(torch.ones(1, 3)).dtype is output and layer.weight.dtype is weight
    assert layer(KerasTensor((None, 3))).dtype == str(output).removeprefix("torch.")
    assert layer.dtype == layer.variable_dtype == str(weight).removeprefix("torch.")


def test_autocast_false_leaves_inputs_alone() -> None:
    class Same(Layer):
        def call(self, inputs: Any) -> Any:
            return inputs

    assert Same(autocast=False)(torch.ones(1, dtype=torch.float64)).dtype is torch.float64
    assert Same()(torch.ones(1, dtype=torch.float64)).dtype is torch.float32


def test_torch_autocast_is_left_to_torch() -> None:
    layer = Dense(2)
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(torch.ones(1, 3)).dtype is torch.bfloat16


# -- configs


def test_a_config_without_writing_one() -> None:
    class Configured(Layer):
        def __init__(self, units: int, *, rate: float = 0.5, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units, self.rate = units, rate

    layer = Configured(3, rate=0.1, name="c", trainable=False)
    config = json.loads(json.dumps(layer.get_config()))
    again = Configured.from_config(config)
    assert (again.units, again.rate, again.name, again.trainable) == (3, 0.1, "c", False)


def test_a_config_with_layers_inside() -> None:
    class Holder(Layer):
        def __init__(self, inner: Any, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.inner = inner

    with registry.scope({"Holder": Holder}):
        written = serialization.serialize_keras_object(Holder(Dense(3)))
        assert serialization.deserialize_keras_object(json.loads(json.dumps(written))).inner.units == 3


def test_a_subclass_adds_to_the_base_config() -> None:
    class Adds(Layer):
        def __init__(self, n: int = 1, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.n = n

        def get_config(self) -> Any:
            return {**super().get_config(), "n": self.n}

    assert Adds.from_config(Adds(4).get_config()).n == 4
    assert set(Adds().get_config()) == {"name", "trainable", "dtype", "n"}


# -- copies and torch's tools


@pytest.mark.parametrize("recorded", [False, True])
def test_copies(recorded: bool) -> None:
    layer = layers.BatchNormalization()
    layer(KerasTensor((None, 3)) if recorded else torch.zeros(1, 3))
    x = torch.randn(5, 3)
    for made in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        torch.testing.assert_close(made(x), layer(x))
        made(x, training=True)
        assert float(layer.moving_mean.detach().abs().sum()) == 0
        assert sorted(made.state_dict()) == sorted(layer.state_dict())


def test_hooks(either_way: None) -> None:
    layer, seen = Scale(), []
    layer.register_forward_pre_hook(lambda module, args: seen.append("before"))
    layer.register_forward_hook(lambda module, args, output: seen.append("after"))
    layer(torch.ones(1, 2))
    layer(torch.ones(1, 2))
    assert seen == ["before", "after"] * 2


def test_torch_compile() -> None:
    layer = Outer()
    x = torch.randn(2, 4)
    wanted = layer.eval()(x)
    compiled = torch.compile(layer, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(x), wanted)


def test_functional_call_and_gradients() -> None:
    layer = Scale()
    layer(torch.ones(1, 2))
    doubled = torch.func.functional_call(layer, {"factor": torch.full((2,), 2.0)}, (torch.ones(1, 2),))
    assert doubled.tolist() == [[2.0, 2.0]]
    grads = torch.func.grad(lambda p: torch.func.functional_call(layer, p, (torch.ones(1, 2),)).sum())(
        dict(layer.named_parameters())
    )
    assert grads["factor"].tolist() == [1.0, 1.0]


def test_inside_torch_modules() -> None:
    net = nn.Sequential(nn.Linear(3, 4), Dense(2), nn.ReLU())
    net(torch.zeros(1, 3))
    assert sorted(net.state_dict()) == ["0.bias", "0.weight", "1.bias", "1.weight"]
    fresh = nn.Sequential(nn.Linear(3, 4), Dense(2), nn.ReLU())
    fresh(torch.zeros(1, 3))
    fresh.load_state_dict(net.state_dict())
    torch.testing.assert_close(fresh(torch.ones(1, 3)), net(torch.ones(1, 3)))


def test_the_short_way_makes_few_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the user's call and `F.linear` there is one Python frame more than in `nn.Linear`."""
    import sys

    monkeypatch.setattr(live, "on", False)

    def count(module: nn.Module) -> int:
        x, calls = torch.ones(1, 3), []
        module(x)
        sys.setprofile(lambda frame, event, arg: calls.append(event) if event == "call" else None)
        try:
            module(x)
        finally:
            sys.setprofile(None)
        return len(calls)

    assert count(Dense(2)) <= count(nn.Linear(3, 2)) + 1
