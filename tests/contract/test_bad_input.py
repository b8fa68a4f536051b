"""Bad input: each is refused before any training step and says what to do; the model stays as it was and trains."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

import kerastorch as keras
from kerastorch import callbacks as cb
from kerastorch import layers, losses, metrics, optimizers
from kerastorch.base import naming

rng = np.random.default_rng(0)
X = rng.random((24, 4), dtype=np.float32)
Y = np.arange(24) % 3
ROWS = np.eye(3, dtype="float32")[Y]
R = rng.random((24, 1), dtype=np.float32)
SPARSE = "sparse_categorical_crossentropy"


def put(array: Any, index: Any, value: Any) -> Any:
    array = np.array(array)
    array[index] = value
    return array


def model(units: int = 3, activation: str | None = "softmax", loss: Any = SPARSE) -> Any:
    """A compiled model with batch statistics and an optimizer with slots."""
    net = keras.Sequential(
        [keras.Input((4,)), layers.Dense(5), layers.BatchNormalization(), layers.Dense(units, activation)]
    )
    net.compile("adam", loss)
    return net


def bits(net: Any) -> list[Any]:
    """Weights, statistics, the optimizer's slots and the random numbers to come."""
    slots = [v for state in net.optimizer.state.values() for v in state.values()] if net.optimizer else []
    slots.append(torch.tensor(int(getattr(net.optimizer, "iterations", 0))))
    found = [*net.state_dict().values(), *slots, torch.get_rng_state(), np.random.get_state()[1]]
    return [np.array(v) if not isinstance(v, torch.Tensor) else v.detach().clone().numpy() for v in found]


def same(a: list[Any], b: list[Any]) -> bool:
    return len(a) == len(b) and all(np.array_equal(u, v) for u, v in zip(a, b, strict=True))


def refusal(call: Callable[[], Any], *says: str) -> str:
    """The error of a call: it must say what was expected, what came, and what to do."""
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    text = str(caught.value)
    assert re.search(r"expected .+, received .+\. \S", text, re.S), f"without remedy: {text}"
    for part in says:
        assert part in text, text
    return text


def stays(make: Callable[[], Any], bad: Callable[[Any], Any], good: Callable[[Any], Any], *says: str) -> None:
    """`bad` is refused and changes nothing: not even what the right call afterwards computes, as in a twin."""
    twin = _seeded(make)
    good(twin)
    good(twin)
    wanted = bits(twin)
    net = _seeded(make)
    good(net)
    before = bits(net)
    refusal(lambda: bad(net), *says)
    assert same(bits(net), before)
    good(net)
    assert same(bits(net), wanted) and not same(before, wanted)


def _seeded(make: Callable[[], Any]) -> Any:
    keras.utils.set_random_seed(0)
    naming.reset_names()
    return make()


def batches(*items: Any) -> Any:
    yield from items


FIT: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "too few features": ({"x": X[:, :3]}, ("'sequential'", "(None, 4)", "(24, 3)")),
    "rank too high": ({"x": X[:, :, None, None]}, ("'sequential'", "(None, 4)", "(24, 4, 1, 1)")),
    "rank too low": ({"x": X[:, 0]}, ("'sequential'", "(None, 4)", "(24,)")),
    "len(x) != len(y)": ({"y": Y[:20]}, ("`y`", "24", "20")),
    "empty": ({"x": X[:0], "y": Y[:0]}, ("`x`", "at least one sample")),
    "x missing": ({"x": None, "y": None}, ("`x` of fit", "received None")),
    "NaN in x": ({"x": put(X, (3, 1), np.nan)}, ("`x`", "nan at index (3, 1)")),
    "inf in x": ({"x": put(X, (23, 3), -np.inf)}, ("`x`", "-inf at index (23, 3)")),
    "NaN in x of validation": ({"validation_data": (put(X, (2, 0), np.nan), Y)}, ("`x` of validation_data", "(2, 0)")),
    "NaN in a generator's first batch": (
        {"x": lambda: batches((put(X, (3, 1), np.nan), Y)), "y": None},
        ("`x`", "nan at index (3, 1)"),
    ),
    "strings": ({"x": np.full((24, 4), "a")}, ("`x`", "<U1", "strings")),
    "objects": ({"x": X.astype(object)}, ("`x`", "object", "astype")),
    "ragged array": (
        {"x": np.array([np.zeros(1 + i % 3) for i in range(24)], dtype=object)},
        ("`x`", "pad_sequences"),
    ),
    "ragged lists": ({"x": [[1.0, 2.0], [3.0]]}, ("`x[0][0]`", "np.array")),
    "a text": ({"x": "data.csv", "y": None}, ("`x` of fit", "'data.csv'")),
    "complex x": ({"x": X + 1j}, ("`x`", "complex64", "real and imaginary")),
    "complex tensor": ({"x": torch.complex(torch.zeros(24, 4), torch.zeros(24, 4))}, ("`x`", "complex64")),
    "complex y": ({"y": Y + 1j}, ("`y`", "complex128")),
    "sparse tensor": ({"x": torch.zeros(24, 4).to_sparse()}, ("`x`", "to_dense")),
    "label too high": ({"y": put(Y, 4, 7)}, ("`y`", "7 at index 4", "0 to 2", "at least 8")),
    "label negative": ({"y": put(Y, 5, -1)}, ("`y`", "-1 at index 5", "0 to 2", "ignore_class")),
    "label float": ({"y": put(Y.astype("float32"), 6, 0.5)}, ("`y`", "0.5 at index 6", "0 to 2")),
    "labels start at 1": ({"y": Y + 1}, ("`y`", "3 at index 2", "start at 1", "y - 1")),
    "validation labels start at 1": ({"validation_data": (X, Y + 1)}, ("`y` of validation_data", "start at 1")),
    "labels of a generator": ({"x": lambda: batches((X, Y + 1)), "y": None}, ("`y`", "start at 1")),
    "one-hot for a sparse loss": ({"y": ROWS}, ("`y`", "(24, 3)", "`categorical_crossentropy`")),
    "one-hot for validation": ({"validation_data": (X, ROWS)}, ("`y`", "`categorical_crossentropy`")),
    "y missing": ({"y": None}, ("`y` of fit", "None")),
    "empty generator": ({"x": lambda: batches(), "y": None}, ("generator", "at least one batch")),
    "generator of four things": ({"x": lambda: batches((X, Y, R, R)), "y": None}, ("Batch 0", "a tuple of 4")),
    "generator without y": ({"x": lambda: batches(X), "y": None}, ("`y` of fit",)),
    "generator of another width": ({"x": lambda: batches((X[:, :2], Y)), "y": None}, ("(24, 2)", "(None, 4)")),
    "y beside a generator": ({"x": lambda: batches((X, Y))}, ("`y` beside `x`, a generator",)),
    "batch_size 0": ({"batch_size": 0}, ("`batch_size` of fit", "received 0")),
    "batch_size -1": ({"batch_size": -1}, ("`batch_size` of fit", "received -1")),
    "batch_size 2.5": ({"batch_size": 2.5}, ("`batch_size` of fit", "received 2.5")),
    "batch_size text": ({"batch_size": "32"}, ("`batch_size` of fit", "received '32'")),
    "validation_batch_size 0": ({"validation_batch_size": 0}, ("`validation_batch_size` of fit", "received 0")),
    "steps_per_epoch 0": ({"steps_per_epoch": 0}, ("`steps_per_epoch` of fit", "received 0")),
    "validation_steps -1": ({"validation_steps": -1}, ("`validation_steps` of fit", "received -1")),
    "validation_freq 0": ({"validation_freq": 0}, ("`validation_freq` of fit", "received 0")),
    "epochs -1": ({"epochs": -1}, ("`epochs` of fit", "received -1")),
    "epochs 1.5": ({"epochs": 1.5}, ("`epochs` of fit", "received 1.5")),
    "epochs text": ({"epochs": "3"}, ("`epochs` of fit", "received '3'")),
    "initial_epoch > epochs": ({"initial_epoch": 3, "epochs": 2}, ("`initial_epoch`", "epochs=2", "received 3")),
    "validation_split 1.0": ({"validation_split": 1.0}, ("`validation_split`", "received 1.0")),
    "validation_split -0.1": ({"validation_split": -0.1}, ("`validation_split`", "received -0.1")),
    "validation_split text": ({"validation_split": "0.1"}, ("`validation_split`", "received '0.1'")),
    "validation_split leaves none": ({"validation_split": 0.999}, ("`validation_split`", "both sides")),
    "validation_split of a generator": (
        {"x": lambda: batches((X, Y)), "y": None, "validation_split": 0.5},
        ("`validation_split`", "validation_data"),
    ),
    "validation twice": ({"validation_split": 0.5, "validation_data": (X, Y)}, ("`validation_split`", "0.5")),
    "validation_data a number": ({"validation_data": 3}, ("validation_data", "received 3")),
    "shuffle": ({"shuffle": "bach"}, ("`shuffle` of fit", "'bach'", "batch")),
    "sample_weight negative": ({"sample_weight": put(np.ones(24), 3, -1)}, ("`sample_weight`", "-1.0 at index (3,)")),
    "sample_weight too short": ({"sample_weight": np.ones(5)}, ("`sample_weight`", "24", "5")),
    "sample_weight too wide": ({"sample_weight": np.ones((24, 4))}, ("`sample_weight`", "(24, 4)")),
    "class_weight lacks a class": ({"class_weight": {0: 1.0, 1: 2.0}}, ("`class_weight`", "class 2")),
    "misspelt keyword": ({"epoch": 3}, ("fit", "'epoch'", "Did you mean 'epochs'?")),
    "monitor": ({"callbacks": [cb.ReduceLROnPlateau("los")]}, ("`monitor`", "'los'", "Did you mean 'loss'?")),
    "monitor without validation": (
        {"callbacks": [cb.EarlyStopping("val_loss")]},
        ("`monitor` of EarlyStopping", "learning_rate, loss", "validation_data"),
    ),
    "callback a class": ({"callbacks": [cb.EarlyStopping]}, ("`callbacks`", "EarlyStopping(...)")),
    "callback a number": ({"callbacks": [3]}, ("`callbacks`", "received 3")),
    "callback a function": ({"callbacks": print}, ("`callbacks`", "LambdaCallback")),
}


@pytest.mark.parametrize("case", FIT)
def test_fit(case: str) -> None:
    given, says = FIT[case]
    given = {k: v() if k == "x" and callable(v) else v for k, v in given.items()}
    bad = {"x": X, "y": Y, "verbose": 0, "batch_size": None, **given}
    stays(model, lambda net: net.fit(**bad), lambda net: net.fit(X, Y, verbose=0), *says)


def _half(y_true: Any, y_pred: Any) -> Any:
    return (y_true.reshape(len(y_pred), 2) - y_pred).square().mean(-1)


# name -> (units, activation, loss, right y, wrong y, what the error says)
PAIRS: dict[str, tuple[int, str | None, Any, Any, Any, tuple[str, ...]]] = {
    "class numbers for one-hot": (3, "softmax", "categorical_crossentropy", ROWS, Y, ("`sparse_categorical", "(24,)")),
    "column of class numbers": (3, "softmax", "categorical_crossentropy", ROWS, Y[:, None], ("`sparse_categorical",)),
    "one-hot too wide": (3, "softmax", "categorical_crossentropy", ROWS, np.eye(4)[Y], ("3 numbers", "(24, 4)")),
    "(N,3) against (N,1)": (1, None, "mse", R, ROWS, ("`y`", "(24, 1)", "(24, 3)", "broadcast")),
    "(N,1) against (N,3)": (3, None, "mse", ROWS, R, ("`y`", "(24, 3)", "(24, 1)", "broadcast")),
    "(N,) against (N,3)": (3, None, losses.MeanAbsoluteError(), ROWS, R[:, 0], ("`y`", "(24, 3)", "(24,)")),
    "(N,2) for a binary loss": (1, "sigmoid", "binary_crossentropy", R, ROWS[:, :2], ("`y`", "(24, 1)", "(24, 2)")),
    "NaN in y": (1, None, "mse", R, put(R, (3, 0), np.nan), ("`y`", "nan at index (3, 0)")),
    "inf in y": (1, None, "mse", R[:, 0], put(R[:, 0], 7, np.inf), ("`y`", "inf at index 7")),
    "y of strings": (1, None, "mse", R, np.full((24, 1), "a"), ("`y`", "strings")),
}


@pytest.mark.parametrize("case", PAIRS)
def test_targets(case: str) -> None:
    units, activation, loss, right, wrong, says = PAIRS[case]
    make = partial(model, units, activation, loss)
    stays(make, lambda net: net.fit(X, wrong, verbose=0), lambda net: net.fit(X, right, verbose=0), *says)


@pytest.mark.parametrize("wide", [R, R[:, 0]])
def test_a_column_and_a_vector_fit_one_unit(wide: Any) -> None:
    assert np.isfinite(model(1, None, "mse").fit(X, wide, verbose=0).history["loss"][0])


def test_an_own_loss_that_fails_changes_nothing() -> None:
    net = model(2, None, _half)
    net.fit(X, np.zeros((24, 2)), verbose=0)
    before = bits(net)
    with pytest.raises(RuntimeError, match="invalid for input"):
        net.fit(X, np.zeros((24, 3)), verbose=0)
    assert same(bits(net), before)
    net.fit(X, np.zeros((24, 2)), verbose=0)


@pytest.mark.parametrize("loss", ["binary_crossentropy", losses.BinaryFocalCrossentropy()])
def test_a_binary_loss_on_a_softmax(loss: Any) -> None:
    def train(net: Any, chosen: Any) -> None:
        net.compile(net.optimizer, chosen)
        net.fit(X, ROWS, verbose=0)

    says = ("binary_", "softmax over 3 units", "categorical_crossentropy", "sigmoid")
    stays(model, lambda net: train(net, loss), lambda net: train(net, "mse"), *says)


def test_a_softmax_over_one_unit() -> None:
    net = model(1, "softmax", "mse")
    before = {k: v.clone() for k, v in net.state_dict().items()}
    refusal(lambda: net.fit(X, R, verbose=0), "'dense_1'", "1 unit", "sigmoid")
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())


@pytest.mark.parametrize(
    ("activation", "loss", "says"),
    [
        ("softmax", losses.SparseCategoricalCrossentropy(from_logits=True), "Remove the softmax"),
        (None, SPARSE, "from_logits=True"),
    ],
)
def test_logits_and_probabilities_mistaken_warn_once(activation: str | None, loss: Any, says: str) -> None:
    net = model(3, activation, loss)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        net.fit(X, Y, verbose=0, validation_data=(X, Y))
        net.fit(X[:20], Y[:20], verbose=0)
        net.evaluate(X, Y, verbose=0)
    assert [says in str(w.message) for w in caught] == [True]


def test_a_model_that_is_not_compiled() -> None:
    net = keras.Sequential([keras.Input((4,)), layers.Dense(3, "softmax")])
    refusal(lambda: net.fit(X, Y, verbose=0), "`fit`", "model.compile(")
    refusal(lambda: net.evaluate(X, Y, verbose=0), "`evaluate`", "model.compile(")
    refusal(lambda: net.train_on_batch(X, Y), "`train_on_batch`", "model.compile(")
    net.compile("sgd", SPARSE)
    net.fit(X, Y, verbose=0)


def test_compiled_without_a_loss() -> None:
    def train(net: Any, loss: Any) -> None:
        net.compile(net.optimizer, loss)
        net.fit(X, Y, verbose=0)

    stays(model, lambda net: train(net, None), lambda net: train(net, SPARSE), "`loss` of compile", 'loss="mse"')


def test_a_generator_that_ends_early_warns_once_with_the_counts() -> None:
    net = model()
    with pytest.warns(UserWarning) as caught:
        history = net.fit(batches(*[(X, Y)] * 5), steps_per_epoch=3, epochs=3, verbose=0).history
    assert [str(w.message).partition(".")[0] for w in caught] == [
        "The input ran out of data: 2 batches received, 3 expected in an epoch"
    ]
    assert len(history["loss"]) in (2, 3) and np.isfinite(history["loss"][:2]).all()


def test_a_generator_that_changes_its_structure_names_the_batch() -> None:
    net = model()
    refusal(lambda: net.fit(batches((X, Y), ({"a": X}, Y)), verbose=0), "Batch 1", "'a'")
    net.fit(X, Y, verbose=0)


def test_a_generator_that_raises_tells_at_which_batch() -> None:
    def broken() -> Any:
        yield X, Y
        yield X, Y
        raise OSError("disk is gone")

    net = model()
    with pytest.raises(OSError if sys.version_info >= (3, 11) else RuntimeError, match="disk is gone") as caught:
        net.fit(broken(), verbose=0)
    told = " ".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    assert "batch 2 of the epoch" in told
    net.fit(X, Y, verbose=0)


# name -> (what is called with a compiled model, what the error says)
CALLS: dict[str, tuple[Callable[[Any], Any], tuple[str, ...]]] = {
    "metric": (lambda m: m.compile("sgd", "mse", metrics=["acuracy"]), ("'acuracy'", "Did you mean 'accuracy'?")),
    "weighted metric": (lambda m: m.compile("sgd", "mse", weighted_metrics=["msee"]), ("Did you mean 'mse'?",)),
    "loss": (lambda m: m.compile("sgd", "mean_square_error"), ("Did you mean 'mean_squared_error'?",)),
    "optimizer": (lambda m: m.compile("adm", "mse"), ("Did you mean 'adam'?",)),
    "activation": (lambda m: layers.Dense(3, "rellu"), ("Did you mean 'relu'?",)),
    "initializer": (lambda m: layers.Dense(3, kernel_initializer="zeroes"), ("Did you mean 'zeros'?",)),
    "regularizer": (lambda m: layers.Dense(3, kernel_regularizer="l22"), ("regularizer", "Did you mean 'l2'?")),
    "compile(metric=)": (lambda m: m.compile("sgd", "mse", metric=["mae"]), ("compile", "Did you mean 'metrics'?")),
    "evaluate(batchsize=)": (lambda m: m.evaluate(X, Y, batchsize=2), ("evaluate", "Did you mean 'batch_size'?")),
    "predict(batchsize=)": (lambda m: m.predict(X, batchsize=2), ("predict", "Did you mean 'batch_size'?")),
    "Dense(activtion=)": (lambda m: layers.Dense(3, activtion="relu"), ("Dense", "Did you mean 'activation'?")),
    "Conv2D(paddding=)": (lambda m: layers.Conv2D(3, 3, paddding="same"), ("Conv2D", "Did you mean 'padding'?")),
    "Dropout(nme=)": (lambda m: layers.Dropout(0.5, nme="d"), ("Dropout", "Did you mean 'name'?")),
    "Input(shap=)": (lambda m: keras.Input(shap=(3,)), ("Input", "Did you mean 'shape'?")),
    "Adam(learing_rate=)": (lambda m: optimizers.Adam(learing_rate=0.1), ("Adam", "Did you mean 'learning_rate'?")),
    "a loss's keyword": (
        lambda m: losses.SparseCategoricalCrossentropy(from_logit=True),
        ("SparseCategoricalCrossentropy", "Did you mean 'from_logits'?"),
    ),
    "a metric's keyword": (lambda m: metrics.TopKCategoricalAccuracy(kk=2), ("Did you mean 'k'?",)),
    "a callback's keyword": (lambda m: cb.EarlyStopping(patients=3), ("EarlyStopping", "Did you mean 'patience'?")),
    "an initializer's keyword": (
        lambda m: keras.initializers.RandomNormal(sdev=1.0),
        ("RandomNormal", "Did you mean 'stddev'?"),
    ),
    "Model(output=)": (
        lambda m: keras.Model(inputs=keras.Input((3,)), output=1),
        ("Model", "Did you mean 'outputs'?"),
    ),
    "Sequential(nme=)": (lambda m: keras.Sequential([], nme="x"), ("Sequential", "Did you mean 'name'?")),
    "learning rate -1": (lambda m: optimizers.Adam(-1), ("`learning_rate`", "-1.0")),
    "learning rate NaN": (lambda m: optimizers.SGD(float("nan")), ("`learning_rate`", "nan")),
    "learning rate text": (lambda m: optimizers.Adam("0.1"), ("`learning_rate`", "'0.1'", "without quotes")),
    "units 0": (lambda m: layers.Dense(0), ("`units` of Dense", "received 0")),
    "dropout 1.5": (lambda m: layers.Dropout(1.5), ("`rate` of Dropout", "received 1.5")),
    "disconnected graph": (lambda m: _disconnected(), ("'lost'", "inputs")),
    "duplicate names": (lambda m: _twice(), ("'same'",)),
    "duplicate names in Sequential": (
        lambda m: keras.Sequential([layers.Dense(2, name="same"), layers.Dense(2, name="same")]),
        ("'same'",),
    ),
    "evaluate of NaN": (lambda m: m.evaluate(put(X, (0, 0), np.nan), Y, verbose=0), ("`x`", "(0, 0)")),
    "evaluate without y": (lambda m: m.evaluate(X, verbose=0), ("`y` of evaluate",)),
    "predict of another width": (lambda m: m.predict(X[:, :2], verbose=0), ("(None, 4)", "(24, 2)")),
    "predict of nothing": (lambda m: m.predict(X[:0], verbose=0), ("`x`", "at least one sample")),
    "train_on_batch of another width": (lambda m: m.train_on_batch(X[:, :2], Y), ("(None, 4)", "(24, 2)")),
    "train_on_batch of one-hot rows": (lambda m: m.train_on_batch(X, ROWS), ("`y`", "`categorical_crossentropy`")),
}


def _disconnected() -> Any:
    a, b = keras.Input((4,), name="known"), keras.Input((4,), name="lost")
    return keras.Model(a, layers.Add()([a, b]))


def _twice() -> Any:
    a = keras.Input((4,))
    return keras.Model(a, layers.Dense(2, name="same")(layers.Dense(4, name="same")(a)))


@pytest.mark.parametrize("case", CALLS)
def test_calls(case: str) -> None:
    call, says = CALLS[case]
    net = model()
    net.fit(X, Y, verbose=0)
    before, optimizer = bits(net), net.optimizer
    torch_state = torch.get_rng_state()
    refusal(lambda: call(net), *says)
    torch.set_rng_state(torch_state)  # layers that were made may have drawn their weights
    assert same(bits(net), before) and net.optimizer is optimizer
    net.fit(X, Y, verbose=0)
    assert not same(bits(net), before)


@pytest.mark.parametrize("kind", [dict, list])
def test_names_of_inputs(kind: type) -> None:
    a, b, part = keras.Input((2,), name="left"), keras.Input((2,), name="right"), X[:, :2]
    inputs = {"left": a, "right": b} if kind is dict else [a, b]
    net = keras.Model(inputs, layers.Dense(1)(layers.Concatenate()([a, b])))
    net.compile("sgd", "mse")
    refusal(lambda: net.fit({"left": part, "rigth": part}, R, verbose=0), "'right'", "Did you mean 'rigth'?")
    refusal(lambda: net.fit([part], R, verbose=0), "2 inputs", "1 inputs")
    net.fit({"left": part, "right": part}, R, verbose=0)


def test_the_scans_can_be_switched_off() -> None:
    net = model(1, None, "mse")
    assert np.isnan(net.fit(put(X, (3, 1), np.nan), R, verbose=0, check_data=False).history["loss"][0])
    assert np.isnan(net.evaluate(X, put(R, 3, np.nan), verbose=0, check_data=False))
    refusal(lambda: net.fit(X, ROWS, verbose=0, check_data=False), "(24, 3)")  # shapes are looked at in any case


class Plain(keras.Model):
    """Layers that are made when data come."""

    def __init__(self, activation: str | None = "softmax", units: int = 3) -> None:
        super().__init__()
        self.norm = layers.BatchNormalization()
        self.out = layers.Dense(units, activation)

    def call(self, x: Any) -> Any:
        return self.out(self.norm(x))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"x": X[:, :3]}, ("dimension", "(24, 3)")),
        ({"y": Y + 1}, ("start at 1",)),
        ({"y": ROWS}, ("`categorical_crossentropy`",)),
        ({"x": put(X, (3, 1), np.inf)}, ("`x`", "inf at index (3, 1)")),
        ({"sample_weight": np.ones((24, 4))}, ("`sample_weight`",)),
    ],
)
def test_a_subclassed_model(given: dict[str, Any], says: tuple[str, ...]) -> None:
    def make() -> Any:
        net = Plain()
        net.compile("adam", SPARSE)
        return net

    bad = {"x": X, "y": Y, "verbose": 0, **given}
    stays(make, lambda net: net.fit(**bad), lambda net: net.fit(X, Y, verbose=0), *says)


def test_outputs_of_a_subclassed_model() -> None:
    net = Plain()
    net.compile("sgd", "binary_crossentropy")
    refusal(lambda: net.fit(X, ROWS, verbose=0), "softmax over 3 units")
    net = Plain(units=1)
    net.compile("sgd", "mse")
    refusal(lambda: net.fit(X, R, verbose=0), "'dense", "1 unit")
    net = Plain(activation=None)
    net.compile("sgd", SPARSE)
    with pytest.warns(UserWarning, match="from_logits=True"):
        net.fit(X * 10 - 5, Y, verbose=0)


@pytest.mark.parametrize(("wrong", "says"), [(Y + 1, "start at 1"), (ROWS, "`categorical_crossentropy`")])
def test_a_torch_module(wrong: Any, says: str) -> None:
    def make() -> Any:
        net = keras.Model(torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.BatchNorm1d(5), torch.nn.Linear(5, 3)))
        net.compile("adam", losses.SparseCategoricalCrossentropy(from_logits=True))
        return net

    stays(make, lambda net: net.fit(X, wrong, verbose=0), lambda net: net.fit(X, Y, verbose=0), says)


def test_a_deferred_model_trains_after_a_wrong_rank() -> None:
    net = keras.Sequential([layers.Conv2D(2, 2), layers.Flatten(), layers.Dense(3, "softmax")])
    net.compile("sgd", SPARSE)
    images = np.zeros((24, 4, 4, 1), "float32")
    refusal(lambda: net.fit(images[..., 0], Y, verbose=0), "conv2d", "(None, 4, 4)")
    assert np.isfinite(net.fit(images, Y, verbose=0).history["loss"][0])
