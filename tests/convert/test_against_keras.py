"""A whole script: what it is converted to reports, epoch by epoch, what Keras itself reports for the script."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from kerastorch.convert import script
from tests.convert.written import convert, find_roles

TABLE = """import keras
import numpy as np
from keras import layers
rng = np.random.default_rng(3)
x = rng.normal(size=(90, 5)).astype("float32")
y = (x[:, 0] + 0.3 * rng.normal(size=90) > 0).astype("int64")
model = keras.Sequential([
    layers.Input((5,)),
    layers.Dense(8, kernel_regularizer="l2"),
    layers.BatchNormalization(),
    layers.Activation("relu"),
    layers.Dense(1, activation="sigmoid"),
])
# training begins
model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
slower = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
first = model.fit(x, y, batch_size=16, epochs=3, validation_split=0.2, class_weight={0: 0.5, 1: 2.0}, shuffle=False)
again = model.fit(x, y, batch_size=16, epochs=2, callbacks=[slower], validation_data=(x, y), shuffle=False)
"""
IMAGES = """import keras
import numpy as np
rng = np.random.default_rng(3)
x = rng.integers(0, 255, (60, 12, 12, 1)).astype("float32") / 255
y = np.arange(60) % 3
inputs = keras.Input((12, 12, 1))
h = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
h = keras.layers.add([h, keras.layers.Conv2D(4, 1)(inputs)])
h = keras.layers.MaxPooling2D()(h)
h = keras.layers.SeparableConv2D(6, 3, strides=2)(h)
outputs = keras.layers.Dense(3)(keras.layers.Flatten()(h))
model = keras.Model(inputs, outputs)
# training begins
rate = keras.optimizers.schedules.ExponentialDecay(0.02, 4, 0.8)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(keras.optimizers.RMSprop(rate), loss, metrics=["accuracy"])
first = model.fit(x, y, batch_size=16, epochs=3, validation_data=(x[:20], y[:20]), shuffle=False)
again = model.fit(x, y, batch_size=20, shuffle=False)
"""


def _by_keras(text: str) -> tuple[list[Any], dict[str, Any]]:
    """The first weights, and the names of the script after Keras ran it."""
    space: dict[str, Any] = {}
    first, _, rest = text.partition("# training begins\n")
    exec(first, space)
    weights = [weight.value.detach().numpy().copy() for weight in space["model"].weights]
    exec(rest.replace("shuffle=False", "shuffle=False, verbose=0"), space)
    return weights, space


# Keras 3.15 on NumPy 2: its variables have the `__array__` of NumPy 1.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.slow
@pytest.mark.parametrize("text", [TABLE, IMAGES])
def test_the_losses_of_every_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.chdir(tmp_path)
    weights, expected = _by_keras(text)
    model = find_roles(tmp_path, text).models["model"]
    model.set_weights(weights)
    torch.save(model.state_dict(), "start.pt")
    for to in script.TARGETS:
        made = convert(tmp_path, text, to)
        assert not made.marks
        load = r"\g<0>\nmodel.load_state_dict(torch.load('start.pt', weights_only=True))"
        code = re.sub(r"^model = .*$", load, made.text, count=1, flags=re.M)
        space: dict[str, Any] = {"__name__": "__main__"}
        exec(code.replace("import lightning.pytorch as pl", "import kerastorch.lightning as pl"), space)
        for name in ("first", "again"):
            found = getattr(space[name], "history", space[name])
            for figure in expected[name].history:
                if figure != "learning_rate":
                    wanted = [float(value) for value in expected[name].history[figure]]
                    assert found[figure] == pytest.approx(wanted, rel=1e-4, abs=1e-4), (to, name, figure)
