"""Every kind of model is a module like any other: copies, dtypes, hooks, state, `torch.export` and `torch.compile`."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch
from torch import nn

import kerastorch as keras
from kerastorch import layers
from tests.parity.fits import X, Y

FLOATS, INTEGERS = torch.from_numpy(X[:8]), torch.arange(32).reshape(8, 4) % 5


class Written(keras.Model):
    def __init__(self) -> None:
        self.early = 3
        super().__init__()
        self.a, self.norm = layers.Dense(3), layers.BatchNormalization()
        self.rest = [layers.Dense(3), layers.Dense(1)]
        self.named = {"last": layers.Dense(1)}

    def call(self, x: Any, training: Any = None) -> Any:
        x = self.norm(self.a(x), training=training)
        for layer in self.rest:
            x = layer(x)
        return self.named["last"](x)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.norm, self.o = nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 1)

    def forward(self, x: Any) -> Any:
        return self.o(self.norm(self.a(x)))


class Custom(keras.Model):
    def train_step(self, data: Any) -> Any:
        return super().train_step(data)


def functional(kind: Any = keras.Model) -> Any:
    inputs = keras.Input((4,))
    hidden = layers.BatchNormalization()(layers.Dense(3, activation="relu")(inputs))
    return kind(inputs, layers.Dense(1)(hidden) + torch.ones(1))


def masked() -> Any:
    inputs, embedding = keras.Input((4,), dtype="int32"), layers.Embedding(5, 3, mask_zero=True)
    return keras.Sequential([inputs, embedding, layers.GlobalAveragePooling1D(), layers.Dense(1)])


def sequential() -> Any:
    first = layers.Dense(3, kernel_regularizer="l2")
    return keras.Sequential([keras.Input((4,)), first, nn.ReLU(), layers.Dropout(0.2), layers.Dense(1)])


def deferred() -> Any:
    model = keras.Sequential([layers.Dense(3), layers.Dense(1)])
    model(FLOATS)
    return model


def written() -> Any:
    model = Written()
    model(FLOATS)
    return model


def nested() -> Any:
    inputs = keras.Input((4,))
    return keras.Model(inputs, functional()(keras.Model(inputs, layers.Dense(4)(inputs))(inputs) * torch.ones(4)))


KINDS: dict[str, Any] = {
    "functional": functional,
    "custom": lambda: functional(Custom),
    "masked": masked,
    "sequential": sequential,
    "deferred": deferred,
    "written": written,
    "wrapped": lambda: keras.Model(Net()).eval(),
    "nested": nested,
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def given(kind: str) -> torch.Tensor:
    return INTEGERS if kind == "masked" else FLOATS


def train(model: Any, kind: str) -> None:
    model.compile("adam", "mse")
    model.fit(given(kind), Y[:8], verbose=0)


@every_kind
def test_copies_are_equal_and_independent(kind: str) -> None:
    model, x = KINDS[kind](), given(kind)
    if kind == "functional":
        train(model, kind)
    before = model(x)
    made = [copy.deepcopy(model), *([] if kind == "custom" else [pickle.loads(pickle.dumps(model))])]
    for copied in made:
        assert type(copied) is type(model)
        assert torch.equal(copied(x), before)
        assert list(copied.state_dict()) == list(model.state_dict())
        train(copied, kind)
        assert torch.equal(model(x), before)
        assert not torch.equal(copied(x), before)


@every_kind
def test_dtypes_follow_the_module(kind: str) -> None:
    model, x = KINDS[kind](), given(kind)
    assert model.double()(x if kind == "masked" else x.double()).dtype is torch.float64
    train(model, kind)
    assert all(p.dtype is torch.float64 for p in model.parameters())
    assert model.float()(x).dtype is torch.float32


@every_kind
def test_hooks_run_in_calls_and_in_fit(kind: str) -> None:
    model, calls = KINDS[kind](), []
    handle = model.register_forward_hook(lambda *_: calls.append(1))
    model(given(kind))
    assert len(calls) == 1
    train(model, kind)
    assert len(calls) >= 2
    handle.remove()


@every_kind
def test_state_is_the_same_for_two_instances(kind: str) -> None:
    a, b, c = (KINDS[kind]() for _ in range(3))
    assert list(a.state_dict()) == list(b.state_dict())
    b.load_state_dict(a.state_dict())
    c.set_weights(a.get_weights())
    assert torch.equal(a(given(kind)), b(given(kind)))
    assert torch.equal(a(given(kind)), c(given(kind)))


@every_kind
def test_modes(kind: str) -> None:
    model = KINDS[kind]()
    train(model, kind)
    assert not any(m.training for m in model.modules())
    model(given(kind), training=True)
    assert not any(m.training for m in model.modules())
    model.train()
    assert all(m.training for m in model.modules())


@every_kind
def test_frozen_weights_stay(kind: str) -> None:
    model = KINDS[kind]()
    model.trainable = False
    assert not model.trainable_weights
    assert len(model.non_trainable_weights) == len(model.weights)
    model.trainable = True
    first = next(m for m in model.layers if list(m.parameters()))
    for p in first.parameters():
        p.requires_grad_(False)
    before = [p.clone() for p in first.parameters()]
    train(model, kind)
    assert all(torch.equal(a, b) for a, b in zip(before, first.parameters(), strict=True))


@every_kind
def test_export_and_compile(kind: str) -> None:
    model, x = KINDS[kind]().eval(), given(kind)
    exported = torch.export.export(model, (x,)).module()
    torch.testing.assert_close(exported(x), model(x))
    torch._dynamo.reset()
    torch.testing.assert_close(torch.compile(model, backend="eager", fullgraph=True)(x), model(x))


@every_kind
def test_summary_counts_every_weight(kind: str) -> None:
    model, shown = KINDS[kind](), []
    model.summary(print_fn=shown.append, expand_nested=True, show_trainable=True)
    assert f"Total params: {model.count_params()}" in shown[0]


def test_chains_of_300_layers_are_copied() -> None:
    inputs = hidden = keras.Input((4,))
    for _ in range(300):
        hidden = layers.Dense(4)(hidden)
    model = keras.Model(inputs, hidden)
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(copied(FLOATS), model(FLOATS))
    assert len(keras.Model.from_config(model.get_config()).layers) == 301


def test_losses_of_the_last_call_do_not_hinder_a_copy() -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2, activity_regularizer="l2")])
    model(FLOATS)
    assert model.losses
    copy.deepcopy(model)


def test_several_inputs_are_taken_by_place_and_by_name() -> None:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    model = keras.Model([a, b], a + 2 * b)
    by_name = keras.Model({"b": b, "a": a}, model.output)
    wanted = FLOATS + 2 * (FLOATS * 3)
    for call in (model, by_name, copy.deepcopy(model)):
        for inputs in ([FLOATS, FLOATS * 3], (FLOATS, FLOATS * 3), {"b": FLOATS * 3, "a": FLOATS}):
            torch.testing.assert_close(call(inputs), wanted)
    with pytest.raises(ValueError, match="2 inputs"):
        model([FLOATS])


def test_one_input_may_come_in_a_list_or_not() -> None:
    a = keras.Input((4,), name="a")
    plain, listed = keras.Model(a, a * 2), keras.Model([a], a * 2)
    for model in (plain, listed):
        for inputs in (FLOATS, [FLOATS], {"a": FLOATS}):
            torch.testing.assert_close(model(inputs), FLOATS * 2)
