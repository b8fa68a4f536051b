"""The methods of a model that users override, and the figures they report, beside Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import kerastorch as keras
from kerastorch import layers
from tests.parity.fits import X, Y, difference, fit_both, pair, quietly

WEIGHTS = np.linspace(0.1, 2.0, 40).astype("float32")


def dense(k: Any, kind: Any = None) -> Any:
    inputs = k.Input((4,))
    return (kind or k.Model)(inputs, k.layers.Dense(1)(inputs))


def own_loss(k: Any) -> Any:
    class Own(k.Model):  # type: ignore[name-defined, misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.tracker = k.metrics.Mean(name="tracked")

        def compute_loss(
            self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
        ) -> Any:
            loss = super().compute_loss(x, y, y_pred, sample_weight, training=training)
            self.tracker.update_state(loss)
            return 2 * loss + k.ops.mean(k.ops.abs(y_pred))

    return dense(k, Own)


def own_metrics(k: Any) -> Any:
    class Own(k.Model):  # type: ignore[name-defined, misc]
        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            found = super().compute_metrics(x, y, y_pred, sample_weight)
            return {**found, "double": 2 * found["mae"]}

    return dense(k, Own)


def own_test(k: Any) -> Any:
    class Own(k.Model):  # type: ignore[name-defined, misc]
        def test_step(self, data: Any) -> Any:
            x, y = data[:2]
            y_pred = self(x, training=False)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred)
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss, sample_weight=len(x))
                else:
                    metric.update_state(y, y_pred)
            return {m.name: m.result() for m in self.metrics}

    return dense(k, Own)


def own_train(k: Any) -> Any:
    class Own(k.Model):  # type: ignore[name-defined, misc]
        def train_step(self, data: Any) -> Any:
            x, y, weight = k.utils.unpack_x_y_sample_weight(data)
            self.zero_grad()
            loss = self.compute_loss(x=x, y=y, y_pred=self(x, training=True), sample_weight=weight)
            loss.backward()
            variables = list(self.trainable_weights)
            with torch.no_grad():
                self.optimizer.apply([v.value.grad for v in variables], variables)
            return {"mine": loss.detach()}

    return dense(k, Own)


@pytest.mark.parametrize(
    ("make", "fit"),
    [
        (own_loss, {"validation_data": (X, Y)}),
        (own_loss, {"sample_weight": WEIGHTS}),
        (own_metrics, {"validation_data": (X, Y)}),
        (own_test, {"validation_data": (X, Y)}),
        (own_train, {"sample_weight": WEIGHTS}),
        (own_train, {"validation_data": (X, Y)}),
    ],
)
def test_histories_and_weights_with_own_steps_are_keras_s(make: Any, fit: dict[str, Any]) -> None:
    def options(k: Any) -> dict[str, Any]:
        return {"optimizer": k.optimizers.Adam(0.02), "loss": "mse", "metrics": ["mae"]}

    ours, theirs, worst = fit_both(make, X, Y, options, epochs=3, batch_size=16, **fit)
    assert worst < 1e-5
    for mine, wanted in zip(ours.get_weights(), quietly(theirs.get_weights), strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("compiled", [False, True])
def test_an_own_predict_step_is_used(compiled: bool) -> None:
    def make(k: Any) -> Any:
        class Own(k.Model):  # type: ignore[name-defined, misc]
            def predict_step(self, data: Any) -> Any:
                x = data[0] if isinstance(data, tuple) else data
                return {"twice": 2 * self(x, training=False), "rows": x[:, 0]}

        return dense(k, Own)

    ours, theirs = pair(make)
    if compiled:
        ours.compile("sgd", "mse")
    found, wanted = ours.predict(X, 16, verbose=0), quietly(lambda: theirs.predict(X, 16, verbose=0))
    assert list(found) == list(wanted)
    np.testing.assert_allclose(found["twice"], wanted["twice"], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found["rows"], wanted["rows"])


def test_the_steps_may_be_called_by_hand() -> None:
    model, same = dense(keras), dense(keras)
    same.set_weights(model.get_weights())
    for each in (model, same):
        each.compile(keras.optimizers.SGD(0.1), "mse", metrics=["mae"])
        each.evaluate(X, Y, verbose=0)
        each.reset_metrics()
    for start in range(0, 40, 16):
        logs = model.test_step((X[start : start + 16], Y[start : start + 16]))
    wanted = same.evaluate(X, Y, verbose=0, return_dict=True)
    assert {name: float(value) for name, value in logs.items()} == pytest.approx(wanted, rel=1e-6)
    assert model.predict_step((X,)).shape == (40, 1)
    model.fit(X, Y, verbose=0)
    assert sorted(model.train_step((X, Y))) == ["loss", "mae"]


def test_figures_names_and_reset() -> None:
    model = dense(keras)
    assert (model.metrics, model.metrics_names, model.loss, model.optimizer) == ([], [], None, None)
    model.compile("sgd", "mse", metrics=["mae"])
    assert model.loss == "mse"
    model.evaluate(X, Y, verbose=0)
    assert [m.name for m in model.metrics] == ["loss", "compile_metrics"]
    assert model.metrics_names == ["loss", "mae"]
    before = model.get_metrics_result()
    assert float(before["mae"]) > 0
    model.reset_metrics()
    assert {name: float(value) for name, value in model.get_metrics_result().items()} == {"loss": 0.0, "mae": 0.0}


def test_metrics_that_a_model_holds_are_reset_between_epochs() -> None:
    class Counts(keras.Model):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.rows = keras.metrics.Sum(name="rows")

        def compute_loss(self, y: Any = None, y_pred: Any = None, **_: Any) -> Any:
            self.rows.update_state(torch.ones(len(y)))
            return ((y - y_pred) ** 2).mean()

    model = dense(keras, Counts)
    model.compile("sgd", "mse")
    history = model.fit(X, Y, batch_size=16, epochs=2, validation_data=(X[:7], Y[:7]), verbose=0).history
    assert history["rows"] == [40.0, 40.0]
    assert history["val_rows"] == [7.0, 7.0]


def test_compute_loss_and_metrics_by_hand_are_keras_s() -> None:
    ours, theirs = pair(dense)
    x, y, weight = (torch.from_numpy(a) for a in (X, Y, WEIGHTS))

    def figures(model: Any) -> list[float]:
        model.compile("sgd", "mse", metrics=["mae"], weighted_metrics=["mse"])
        model.evaluate(X[:8], Y[:8], verbose=0)
        model.reset_metrics()
        y_pred = model(x).detach()
        found = model.compute_metrics(x, y, y_pred, weight)
        loss = model.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=weight)
        return [float(loss), float(found["mae"]), float(found["mse"])]

    assert difference(figures(ours), quietly(lambda: figures(theirs))) < 1e-6


@pytest.mark.parametrize("method", ["fit", "evaluate", "train_on_batch", "test_on_batch"])
def test_a_model_must_be_compiled_first(method: str) -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1)], name="plain")
    says = rf"`{method}` of model 'plain': expected a compiled model.*not compiled yet.*model.compile\(optimizer="
    with pytest.raises(ValueError, match=says):
        getattr(model, method)(X, Y)
    for step in ("train_step", "test_step"):
        with pytest.raises(ValueError, match=rf"`{step}` of model 'plain': expected a compiled model"):
            getattr(model, step)((X, Y))
    assert model.predict(X, verbose=0).shape == (40, 1)


@pytest.mark.parametrize("step", ["train_step", "test_step"])
def test_a_step_must_return_figures(step: str) -> None:
    kind = type("Own", (keras.Model,), {step: lambda self, data: torch.ones(())})
    model = dense(keras, kind)
    model.compile("sgd", "mse")
    with pytest.raises(TypeError, match=rf"`{step}` of Own.*a dict of figures.*tensor.*End it with"):
        (model.fit if step == "train_step" else model.evaluate)(X, Y, verbose=0)
