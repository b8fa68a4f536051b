from __future__ import annotations

from pathlib import Path

import pytest

import kerastorch as keras
from kerastorch.convert.data_code import input_dtype, target_dtype, target_names
from tests.convert.written import convert

TWO = """import keras
import numpy as np
a = np.ones((20, 3), "float32")
b = np.ones((20, 2), "float32")
i, j = keras.Input((3,), name="i"), keras.Input((2,), name="j")
h = keras.layers.concatenate([i, j])
model = keras.Model({inputs}, {outputs})
model.compile("sgd", loss={loss})
"""


@pytest.mark.parametrize(
    ("layer", "shape", "kind"),
    [(keras.layers.Dense(2), (3,), "float32"), (keras.layers.Embedding(5, 2), (3,), "long")],
)
def test_dtypes_of_inputs(layer: keras.Layer, shape: tuple[int, ...], kind: str) -> None:
    assert input_dtype(keras.Sequential([keras.Input(shape), layer])) == kind


@pytest.mark.parametrize(
    ("loss", "kind"),
    [
        ("sparse_categorical_crossentropy", "long"),
        (keras.losses.SparseCategoricalCrossentropy(), "long"),
        (keras.losses.sparse_categorical_crossentropy, "long"),
        ("mse", "float32"),
        ("binary_crossentropy", "float32"),
    ],
)
def test_dtypes_of_targets(loss: object, kind: str) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("sgd", loss)
    assert target_dtype(model) == kind and target_names(model) == ()


@pytest.mark.parametrize("to", ["torch", "lightning"])
@pytest.mark.parametrize(
    ("inputs", "x", "y", "loss"),
    [
        ("[i, j]", "[a, b]", "a[:, :1]", "'mse'"),
        ("{'i': i, 'j': j}", "{'i': a, 'j': b}", "a[:, :1]", "'mse'"),
        ("[i, j]", "pair", "a[:, :1]", "'mse'"),
        ("[i, j]", "[a, b]", "[a[:, :1], b[:, :1]]", "['mse', 'mae']"),
        ("[i, j]", "[a, b]", "{'p': a[:, :1], 'q': b[:, :1]}", "{'p': 'mse', 'q': 'mae'}"),
    ],
)
def test_nested_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str, inputs: str, x: str, y: str, loss: str
) -> None:
    monkeypatch.chdir(tmp_path)
    one, two = "keras.layers.Dense(1, name='p')(h)", "keras.layers.Dense(1, name='q')(h)"
    text = TWO.format(inputs=inputs, outputs=one if loss == "'mse'" else f"[{one}, {two}]", loss=loss)
    fit = f"pair = [a, b]\nmodel.fit({x}, {y}, validation_split=0.2, verbose=0)\nresult = model.evaluate({x}, {y})\n"
    made = convert(tmp_path, text + fit, to)
    assert not made.marks
    space: dict[str, object] = {"__name__": "__main__"}
    exec(made.text.replace("import lightning.pytorch as pl", "import kerastorch.lightning as pl"), space)
    assert len(space["result"]) == 3 if loss != "'mse'" else space["result"] > 0  # type: ignore[arg-type,operator]


def test_data_frames_become_arrays_first(tmp_path: Path) -> None:
    text = "import pandas as pd\n" + TWO.format(inputs="[i, j]", outputs="keras.layers.Dense(1)(h)", loss="'mse'")
    made = convert(tmp_path, text + "t = pd.Series(a[:, 0])\nmodel.fit([a, b], t)\n")
    assert "torch.as_tensor(np.asarray(t), dtype=torch.float32)" in made.text


def test_loaders_are_taken_as_they_are(tmp_path: Path) -> None:
    text = TWO.format(inputs="i", outputs="keras.layers.Dense(1)(i)", loss="'mse'") + (
        "from torch.utils.data import DataLoader, TensorDataset\nimport torch\n"
        "batches = DataLoader(TensorDataset(torch.as_tensor(a), torch.as_tensor(b)))\n"
        "model.fit(batches, validation_data=batches)\n"
    )
    made = convert(tmp_path, text)
    assert " in batches:" in made.text and "evaluate(model, batches)" in made.text and not made.marks
