"""Weights of samples count in the written scripts as in `fit`."""

from __future__ import annotations

from pathlib import Path

import pytest

import kerastorch as keras
from kerastorch.convert.weighting import sample_losses
from tests.convert.written import DATA, MODEL, assert_equal_weights, convert, train

CLASSES = (
    DATA[: DATA.index("model =")]
    + """
y = (np.arange(48) % {count}).astype("int64")
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense({units}, activation="{activation}")])
model.compile(keras.optimizers.SGD(0.5), "{loss}")
history = model.fit(x, {y}, epochs=3, batch_size=20, shuffle=False, verbose=0, {weight})
"""
)


@pytest.mark.parametrize(
    ("units", "activation", "loss", "y", "weight"),
    [
        (3, "softmax", "sparse_categorical_crossentropy", "y", "class_weight={0: 0.2, 1: 3.0, 2: 0.5}"),
        (3, "softmax", "categorical_crossentropy", "np.eye(3)[y]", "class_weight={0: 0.2, 1: 3.0, 2: 1.0}"),
        (1, "sigmoid", "binary_crossentropy", "y", "class_weight={0: 0.2, 1: 3.0}, validation_split=0.25"),
        (1, "linear", "mse", "y", "sample_weight=np.linspace(0, 2, 48), validation_split=0.25"),
    ],
)
def test_the_same_weights_and_losses(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    units: int,
    activation: str,
    loss: str,
    y: str,
    weight: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    text = CLASSES.format(count=max(2, units), units=units, activation=activation, loss=loss, y=y, weight=weight)
    found = train(tmp_path, text)
    assert_equal_weights(found)
    expected = found["keras"]["history"].history
    for name in expected:
        assert found["torch"]["history"][name] == pytest.approx(expected[name], rel=1e-5)
        assert found["lightning"]["history"].history[name] == pytest.approx(expected[name], rel=1e-5)


def test_a_loss_that_is_not_written_for_single_samples_is_marked(tmp_path: Path) -> None:
    own = "def own(a, b):\n    return abs(a - b)\n"
    text = MODEL.replace("import numpy", own + "import numpy").replace('"mse"', "own")
    for to in ("torch", "lightning"):
        (mark,) = convert(tmp_path, text + "model.fit(x, y, class_weight={0: 2.0})\n", to).marks
        assert mark.what == "model.fit(class_weight={0: 2.0})"


@pytest.mark.parametrize("loss", ["mae", "mape", "msle", "log_cosh", "hinge", "poisson", "huber", "kl_divergence"])
def test_every_loss_has_a_form_for_single_samples(loss: str) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    model.compile(loss=loss)
    piece = sample_losses(model)
    assert piece is not None and ".mean()" not in piece.expression + "".join(piece.helpers)
