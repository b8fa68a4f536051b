"""Older names, and TensorFlow's, are read as Keras 3's."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerastorch.convert.older import canonical
from tests.convert.written import convert, read_text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tensorflow.keras.layers.Dense", "keras.layers.Dense"),
        ("keras.layers.core.Dense", "keras.layers.Dense"),
        ("keras.layers.advanced_activations.PReLU", "keras.layers.PReLU"),
        ("keras.layers.experimental.preprocessing.Rescaling", "keras.layers.Rescaling"),
        ("keras.optimizers.rmsprop", "keras.optimizers.RMSprop"),
        ("keras.optimizers.legacy.Adam", "keras.optimizers.Adam"),
        ("keras.backend.square", "keras.ops.square"),
        ("keras.backend.epsilon", "keras.backend.epsilon"),
        ("tensorflow.math.reduce_sum", "keras.ops.sum"),
        ("tensorflow.nn.softmax", "keras.activations.softmax"),
        ("tensorflow.data.Dataset", "tensorflow.data.Dataset"),
    ],
)
def test_names(old: str, new: str) -> None:
    assert canonical(old) == new


def test_texts_keep_their_lines(tmp_path: Path) -> None:
    text = (
        "import tensorflow as tf\n"
        "from tensorflow.keras import optimizers\n"
        "a = optimizers.rmsprop(lr=0.1,\n    rho=0.9)\n"
        "def f(x):\n    return tf.reduce_mean(x)\n"
        "b = tf.reduce_mean([1.0])\n"
        "d = tf.keras.layers.Dense(2, tf.nn.relu)\n"
    )
    found = [statement.text for statement in read_text(tmp_path, text).statements]
    assert found[2:] == [
        "a = keras.optimizers.RMSprop(learning_rate=0.1,\n    rho=0.9)",
        "def f(x):\n    return keras.ops.mean(x)",
        "b = tf.reduce_mean([1.0])",
        "d = tf.keras.layers.Dense(2, keras.activations.relu)",
    ]


OLD = """from keras.models import Sequential
from keras.layers.core import Dense, Activation
from keras import backend as K
import keras.optimizers
import numpy as np
x = np.ones((8, 4))
def loss(a, b):
    return K.mean(K.square(a - b), axis=-1)
model = Sequential()
model.add(Dense(3, input_dim=4))
model.add(Activation("relu"))
model.compile(keras.optimizers.sgd(lr=0.5), loss)
model.fit(x, x[:, :3], epochs=1)
print(model.metrics_names[0], model.predict_proba(x).shape)
"""


def test_an_old_script(tmp_path: Path) -> None:
    made = convert(tmp_path, OLD)
    (mark,) = made.marks
    assert "Keras's" in mark.why and "torch.optim.SGD(model.parameters(), lr=0.5)" in made.text
    space: dict[str, object] = {"__name__": "__main__"}
    exec(made.text, space)
    assert "keras.ops.mean(keras.ops.square(a - b), axis=-1)" in made.text
    assert 'print("loss", outputs.shape)' in made.text
