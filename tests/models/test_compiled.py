"""What `compile`'s losses, weights and metrics become once outputs and targets are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import kerastorch as keras
from kerastorch import layers, losses
from kerastorch.models.compiled import TorchLoss, make_loss
from tests.parity.fits import CLASSES, SPARSE, X, Y, difference, pair, quietly

ONE_HOT = np.eye(3, dtype="float32")[CLASSES]
BINARY = (CLASSES > 0)[:, None].astype("float32")
WEIGHTS = np.linspace(0.1, 2.0, 40).astype("float32")


def one(units: int, activation: str | None = None) -> Any:
    def make(k: Any) -> Any:
        inputs = k.Input((4,))
        return k.Model(inputs, k.layers.Dense(units, activation=activation, name="o")(inputs))

    return make


def two(kind: str) -> Any:
    def make(k: Any) -> Any:
        inputs = k.Input((4,))
        a = k.layers.Dense(1, name="value")(inputs)
        b = k.layers.Dense(3, activation="softmax", name="kind")(inputs)
        return k.Model(inputs, {"v": a, "k": b} if kind == "dict" else [a, b])

    return make


def written(k: Any) -> Any:
    class Written(k.Model):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = k.layers.Dense(1), k.layers.Dense(3, activation="softmax")

        def call(self, x: Any) -> Any:
            return [self.a(x), self.b(x)]

    model = Written()
    model(np.zeros((1, 4), "float32"))
    return model


def far(y_true: Any, y_pred: Any) -> Any:
    return (y_pred - y_true) ** 2


LISTED: Any = {"loss": ["mse", SPARSE]}
CASES: list[tuple[Any, Any, dict[str, Any]]] = [
    (one(1, "sigmoid"), BINARY, {"loss": "binary_crossentropy", "metrics": ["accuracy", "acc", "mae", "mae", far]}),
    (one(3, "softmax"), CLASSES, {"loss": SPARSE, "metrics": ["acc"], "weighted_metrics": ["acc", "accuracy"]}),
    (one(3, "softmax"), CLASSES[:, None], {"loss": SPARSE, "metrics": ["accuracy"]}),
    (one(3, "softmax"), ONE_HOT, {"loss": "crossentropy", "metrics": ["accuracy"], "weighted_metrics": [far]}),
    (one(3, "softmax"), ONE_HOT, {"loss": "crossentropy"}),
    (one(3, "softmax"), CLASSES, {"loss": "crossentropy"}),
    (one(1, "sigmoid"), BINARY, {"loss": "crossentropy"}),
    (one(1), Y, {"loss": "mse", "metrics": {"o": ["mae", "MSE"]}}),
    (one(1), Y, {"loss": {"o": "mse"}, "metrics": [["mae"]]}),
    (one(1), Y, {"loss": ["mse"], "metrics": [[far]], "loss_weights": 2.0}),
    (one(1), Y, {"loss": ["mse"], "loss_weights": [2.0]}),
    (two("list"), [Y, CLASSES], {**LISTED, "metrics": [["mae"], ["acc"]], "weighted_metrics": [["mae"], ["acc"]]}),
    (two("list"), [Y, CLASSES], {"loss": {"kind": SPARSE, "value": "mse"}, "metrics": {"kind": ["acc", "acc"]},
                                 "weighted_metrics": {"kind": "acc"}}),
    (two("list"), {"kind": CLASSES, "value": Y}, {"loss": {"value": "mse", "kind": SPARSE}}),
    (two("list"), [Y, ONE_HOT], {"loss": "mse", "metrics": ["mae", "mse"]}),
    (two("list"), [Y, CLASSES], {**LISTED, "metrics": ["mae", "acc"], "loss_weights": [0.5, 2.0]}),
    (two("list"), [Y, CLASSES], {**LISTED, "metrics": [None, ["acc"]]}),
    (two("dict"), {"v": Y, "k": CLASSES}, {"loss": {"v": "mse", "k": SPARSE}, "metrics": {"v": "mae", "k": ["acc"]}}),
    (two("dict"), {"v": Y, "k": CLASSES}, {"loss": {"v": "mse"}, "metrics": {"v": "mae"}}),
    (written, [Y, CLASSES], {"loss": ["mse", None]}),
]  # fmt: skip


@pytest.mark.parametrize(("make", "y", "options"), CASES)
def test_names_and_values_are_keras_s(make: Any, y: Any, options: dict[str, Any]) -> None:
    ours, theirs = pair(make)
    weight = WEIGHTS if "weighted_metrics" in options and not isinstance(y, (list, dict)) else None

    def evaluate(model: Any) -> Any:
        model.compile("sgd", **options)
        return model.evaluate(X, y, batch_size=16, sample_weight=weight, verbose=0, return_dict=True)

    mine, wanted = evaluate(ours), quietly(lambda: evaluate(theirs))
    assert sorted(mine) == sorted(wanted)
    assert max(difference(mine[name], wanted[name]) for name in wanted) < 1e-5


def test_kinds_by_shape_have_names_too() -> None:
    model = one(3, "softmax")(keras)
    model.compile("sgd", "crossentropy", metrics=["ce", "accuracy", "crossentropy"])
    found = model.evaluate(X, CLASSES, verbose=0, return_dict=True)
    assert sorted(found) == ["accuracy", "ce", "crossentropy", "loss"]
    assert found["ce"] == found["crossentropy"] == pytest.approx(found["loss"], rel=1e-6)


def test_weights_of_losses_go_by_name_whatever_their_order() -> None:
    model = two("list")(keras)
    model.compile("sgd", {"value": "mse", "kind": SPARSE}, loss_weights={"kind": 3.0, "value": 0.5})
    found = model.evaluate(X, [Y, CLASSES], verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(0.5 * found["value_loss"] + 3 * found["kind_loss"], rel=1e-6)


def test_outputs_without_names_are_numbered() -> None:
    model = written(keras)
    model.compile("sgd", ["mse", SPARSE], metrics=[["mae"], ["acc"]])
    names = ["loss", "output_0_loss", "output_0_mae", "output_1_acc", "output_1_loss"]
    assert sorted(model.evaluate(X, [Y, CLASSES], verbose=0, return_dict=True)) == names


def test_a_target_may_lack_where_there_is_no_loss() -> None:
    model = two("dict")(keras)
    model.compile("sgd", {"v": "mse"}, metrics={"v": "mae"})
    assert list(model.fit(X, {"v": Y}, verbose=0).history) == ["loss", "v_mae"]


REFUSED: list[tuple[str, dict[str, Any]]] = [
    (r"`loss`: expected names of outputs \(value, kind\), received 'valu'. Did you", {"loss": {"valu": "mse"}}),
    (r"`loss`: expected 2 entries, one an output \(value, kind\), received \['mse'\]", {"loss": ["mse"]}),
    (r"`loss_weights`: expected 2 entries", {**LISTED, "loss_weights": [1.0]}),
    (r"`loss_weights`: expected names of outputs.*received 'a'", {**LISTED, "loss_weights": {"a": 1.0}}),
    (r"`metrics`: expected names of outputs.*'kin'. Did you mean 'kind'", {**LISTED, "metrics": {"kin": ["acc"]}}),
    (r"`metrics`: expected an entry for each of the 2 outputs, received \['mse'\]", {**LISTED, "metrics": ["mse"]}),
    (r"`weighted_metrics`: expected an entry for each of the 2", {**LISTED, "weighted_metrics": ["mse"]}),
]  # fmt: skip


@pytest.mark.parametrize(("says", "options"), REFUSED)
def test_entries_for_outputs_that_are_not_there_are_refused(says: str, options: dict[str, Any]) -> None:
    model = two("list")(keras)
    model.compile("sgd", **options)
    before = model.get_weights()
    with pytest.raises(ValueError, match=says):
        model.fit(X, [Y, CLASSES], verbose=0)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize("y", [{"v": Y}, {"v": Y, "other": CLASSES}])
def test_a_missing_target_is_named(y: Any) -> None:
    model = two("dict")(keras)
    model.compile("sgd", {"v": "mse", "k": SPARSE})
    with pytest.raises(ValueError, match=r"`y`: expected a target for the output 'k', received \[.*'v'"):
        model.fit(X, y, verbose=0)


def test_losses_come_from_everything_compile_takes() -> None:
    y_true, y_pred = torch.zeros(4, 2), torch.arange(8.0).reshape(4, 2)
    wanted = (y_pred**2).mean()
    weight = torch.tensor([1.0, 0.0, 0.0, 2.0])
    weighted = ((y_pred**2).mean(-1) * weight).mean()
    for given in ("mse", losses.MeanSquaredError(), losses.mean_squared_error, far, nn.MSELoss(reduction="none"),
                  {"class_name": "MeanSquaredError", "config": {}}):  # fmt: skip
        loss = make_loss(given)
        assert loss is not None
        torch.testing.assert_close(loss(y_true, y_pred), wanted)
        torch.testing.assert_close(loss(y_true, y_pred, weight), weighted)
    assert make_loss(None) is None
    exact = make_loss("mse", exact=True)
    assert exact is not None
    assert exact(y_true.double(), y_pred.double()).dtype is torch.float64


def test_torch_losses_take_labels_of_any_integer_dtype_and_refuse_weights_of_a_scalar() -> None:
    logits, labels = torch.randn(4, 3), torch.tensor([0, 1, 2, 1])
    wanted = nn.functional.cross_entropy(logits, labels)
    for dtype in (torch.uint8, torch.int32, torch.int64):
        torch.testing.assert_close(TorchLoss(nn.CrossEntropyLoss())(labels.to(dtype), logits), wanted)
    says = r"expected a loss of each sample.*reduction='mean'.*CrossEntropyLoss\(reduction='none'\)"
    with pytest.raises(ValueError, match=says):
        TorchLoss(nn.CrossEntropyLoss())(labels, logits, torch.ones(4))
    assert TorchLoss(nn.MSELoss()).name == "MSELoss"


def test_objects_may_be_used_again_by_another_compile() -> None:
    loss, metric = losses.MeanSquaredError(), keras.metrics.MeanAbsoluteError(name="far")
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    found = []
    for _ in range(2):
        model.compile("sgd", loss, metrics=[metric])
        found.append(model.evaluate(X, Y, verbose=0))
    assert found[0] == found[1]
