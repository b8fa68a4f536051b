"""Training goes on from a file as it would have gone on: either library writes, the other continues."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

# Keras 3.15 on NumPy 2: its variables have the `__array__` of NumPy 1.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

OPTIMIZERS: dict[str, dict[str, Any]] = {
    "SGD": {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True},
    "Adam": {"learning_rate": 0.01, "amsgrad": True},
    "AdamW": {"learning_rate": 0.01, "weight_decay": 0.01},
    "RMSprop": {"learning_rate": 0.01, "centered": True, "momentum": 0.5},
    "Adagrad": {"learning_rate": 0.05},
    "Adadelta": {"learning_rate": 0.5},
    "Adamax": {"learning_rate": 0.01},
    "Nadam": {"learning_rate": 0.01},
    "Ftrl": {"learning_rate": 0.05},
    "Lion": {"learning_rate": 0.003},
    "Lamb": {"learning_rate": 0.01},
    "Adafactor": {"learning_rate": 0.01},
}
EXTRAS: dict[str, dict[str, Any]] = {
    "ema": {"learning_rate": 0.01, "use_ema": True, "ema_momentum": 0.9},
    "clipped": {"learning_rate": 0.01, "global_clipnorm": 0.1},
    "accumulated": {"learning_rate": 0.01, "gradient_accumulation_steps": 2},
}


def _data() -> tuple[Any, Any]:
    generator = np.random.default_rng(3)
    x = generator.normal(size=(24, 6, 6, 2)).astype("float32")
    return x, (x[:, 0, 0, :1] > 0).astype("float32")


def _model(k: Any, optimizer: Any) -> Any:
    layers = k.layers
    inputs = k.Input((6, 6, 2))
    x = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same", activation="relu")(inputs))
    x = layers.Flatten()(layers.SeparableConv2D(3, 3)(x))
    y = layers.Dense(5, activation="tanh")(x)
    model = k.Model(inputs, layers.Dense(1, activation="sigmoid")(layers.Concatenate()([layers.Dense(5)(x), y])))
    model.compile(optimizer, "binary_crossentropy", metrics=["accuracy"])
    return model


def _fit(model: Any, epochs: int) -> list[float]:
    x, y = _data()
    history = model.fit(x, y, batch_size=6, epochs=epochs, shuffle=False, verbose=0)
    return [float(loss) for loss in history.history["loss"]]


def _both_continue(path: Path, writer: Any, reader: Any) -> None:
    """Both libraries load the file and train on: the same losses and weights."""
    a, b = writer.saving.load_model(path), reader.saving.load_model(path)
    assert int(a.optimizer.iterations) == int(b.optimizer.iterations) > 0
    np.testing.assert_allclose(_fit(b, 3), _fit(a, 3), rtol=1e-4, atol=1e-5)
    for ours, theirs in zip(b.get_weights(), a.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-2, atol=1e-3)


def _optimizer(k: Any, name: str) -> Any:
    return getattr(k.optimizers, name)(**OPTIMIZERS[name]) if name in OPTIMIZERS else k.optimizers.Adam(**EXTRAS[name])


@pytest.mark.parametrize("name", [*OPTIMIZERS, *EXTRAS])
def test_training_continues_in_the_other_library(name: str, tmp_path: Path) -> None:
    import keras

    import kerastorch

    theirs = _model(keras, _optimizer(keras, name))
    _fit(theirs, 2)
    theirs.save(tmp_path / "keras.keras")
    _both_continue(tmp_path / "keras.keras", keras, kerastorch)

    ours = _model(kerastorch, _optimizer(kerastorch, name))
    _fit(ours, 2)
    ours.save(tmp_path / "ours.keras")
    _both_continue(tmp_path / "ours.keras", kerastorch, keras)


def test_a_scheduled_rate_continues(tmp_path: Path) -> None:
    import keras

    import kerastorch

    schedule = keras.optimizers.schedules.CosineDecay(0.05, 12, warmup_target=0.1, warmup_steps=3)
    theirs = _model(keras, keras.optimizers.Adam(schedule))
    _fit(theirs, 1)
    theirs.save(tmp_path / "keras.keras")
    _both_continue(tmp_path / "keras.keras", keras, kerastorch)


def test_a_loss_scale_continues(tmp_path: Path) -> None:
    import keras

    import kerastorch

    for writer, reader in ((keras, kerastorch), (kerastorch, keras)):
        inner = writer.optimizers.Adam(0.01)
        model = _model(writer, writer.optimizers.LossScaleOptimizer(inner, initial_scale=64.0, dynamic_growth_steps=2))
        _fit(model, 1)
        path = tmp_path / f"{writer.__name__}.keras"
        model.save(path)
        a, b = writer.saving.load_model(path), reader.saving.load_model(path)
        assert float(a.optimizer.dynamic_scale) == float(b.optimizer.dynamic_scale)
        np.testing.assert_allclose(_fit(b, 2), _fit(a, 2), rtol=1e-4, atol=1e-5)


def test_training_continues_from_weights_alone(tmp_path: Path) -> None:
    import keras

    import kerastorch

    theirs = _model(keras, keras.optimizers.Adam(0.01))
    _fit(theirs, 2)
    theirs.save_weights(tmp_path / "keras.weights.h5")
    ours = _model(kerastorch, kerastorch.optimizers.Adam(0.01))
    ours.load_weights(tmp_path / "keras.weights.h5")
    assert int(ours.optimizer.iterations) == 8
    np.testing.assert_allclose(_fit(ours, 3), _fit(theirs, 3), rtol=1e-4, atol=1e-5)


def test_several_outputs_keep_their_losses_and_metrics(tmp_path: Path) -> None:
    import keras

    import kerastorch

    def make(k: Any) -> Any:
        x = k.Input((4,))
        outputs = {"a": k.layers.Dense(1, name="a")(x), "b": k.layers.Dense(3, activation="softmax", name="b")(x)}
        model = k.Model(x, outputs)
        losses = {"a": k.losses.Huber(delta=0.5), "b": "sparse_categorical_crossentropy"}
        model.compile("adam", losses, loss_weights={"a": 0.3, "b": 2.0}, metrics={"a": ["mae"], "b": ["accuracy"]})
        return model

    generator = np.random.default_rng(1)
    x = generator.normal(size=(12, 4)).astype("float32")
    y = {"a": x[:, :1], "b": generator.integers(0, 3, (12,))}
    for writer, reader in ((keras, kerastorch), (kerastorch, keras)):
        path = tmp_path / f"{writer.__name__}.keras"
        model = make(writer)
        model.fit(x, y, epochs=1, verbose=0, shuffle=False)
        model.save(path)
        logs = [
            library.saving.load_model(path).evaluate(x, y, verbose=0, return_dict=True) for library in (writer, reader)
        ]
        assert sorted(logs[0]) == sorted(logs[1])
        for name, value in logs[0].items():
            np.testing.assert_allclose(logs[1][name], value, rtol=1e-4, atol=1e-5, err_msg=name)
