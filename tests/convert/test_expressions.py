from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import kerastorch as keras
from kerastorch.convert.expressions import advice, convert, given
from tests.convert.written import read_text

LABELS = np.array([[2], [0], [1]], dtype="uint8")


def _convert(folder: Path, text: str):
    script = read_text(folder, f"import keras\nfrom keras.utils import pad_sequences, to_categorical\n{text}\n")
    return convert(script, script.statements[-1].text)


def _value(folder: Path, expression: str, **names: object) -> object:
    """What a converted expression computes."""
    made = _convert(folder, f"result = {expression}")
    assert not made.left
    lines = [line for piece in made.pieces for line in (*piece.imports, *piece.helpers)]
    space = dict(names)
    exec("\n".join([*lines, made.text]), space)
    return space["result"]


@pytest.mark.parametrize(
    "text", ["to_categorical(y, 4)", "to_categorical(y)", "keras.utils.to_categorical(x=y, num_classes=3)"]
)
def test_one_hot_labels(tmp_path: Path, text: str) -> None:
    classes = 4 if "4" in text else 3
    np.testing.assert_array_equal(_value(tmp_path, text, y=LABELS), keras.utils.to_categorical(LABELS, classes))


@pytest.mark.parametrize("options", ["maxlen=3", "maxlen=3, padding='post'", "3, truncating='post', value=9", ""])
def test_padded_sequences(tmp_path: Path, options: str) -> None:
    rows = [[1], [2, 3], [4, 5, 6, 7], []]
    expected = eval(f"keras.utils.pad_sequences(rows, {options})", {"keras": keras, "rows": rows})
    found = _value(tmp_path, f"pad_sequences(rows, {options})", rows=rows)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype  # type: ignore[attr-defined]


@pytest.mark.parametrize("options", ["", ", axis=0", ", axis=1, order=1"])
def test_normalized_rows(tmp_path: Path, options: str) -> None:
    x = np.array([[3.0, 4.0], [0.0, 0.0], [1.0, 2.0]])
    expected = eval(f"keras.utils.normalize(x{options})", {"keras": keras, "x": x})
    np.testing.assert_allclose(_value(tmp_path, f"keras.utils.normalize(x{options})", x=x), expected)


def test_nested_and_several(tmp_path: Path) -> None:
    made = _convert(tmp_path, "a, b = to_categorical(f(pad_sequences(c)), 3), keras.backend.epsilon()")
    assert made.text == "a, b = np.eye(3)[np.ravel(f(pad_sequences(c))).astype(int)], 1e-07"


@pytest.mark.parametrize(
    ("call", "written"),
    [
        ("keras.datasets.mnist.load_data()", "load_mnist()"),
        ("keras.datasets.mnist.load_data('mnist.npz')", "load_mnist()"),
        ("keras.datasets.mnist.load_data(path='/a/b.npz')", 'load_npz("/a/b.npz")'),
        ("keras.datasets.imdb.load_data(num_words=99)", "load_imdb(num_words=99)"),
        ("keras.datasets.cifar100.load_data()", "load_cifar100()"),
    ],
)
def test_data_sets(tmp_path: Path, call: str, written: str) -> None:
    assert _convert(tmp_path, f"data = {call}").text == f"data = {written}"


@pytest.mark.parametrize("call", ["keras.datasets.reuters.load_data()", "keras.datasets.imdb.load_data(skip_top=3)"])
def test_data_sets_without_a_counterpart(tmp_path: Path, call: str) -> None:
    assert _convert(tmp_path, f"data = {call}").left


def test_advice_is_the_nearest() -> None:
    assert "ImageFolder" in advice("keras.utils.image_dataset_from_directory")
    assert "DataLoader" in advice("tensorflow.data.Dataset.from_tensor_slices")
    assert "kerastorch runs it" in advice("keras.something")


def test_given_refuses_what_it_cannot_tell_apart() -> None:
    import ast

    call = ast.parse("f(1, b='x')", mode="eval").body
    assert isinstance(call, ast.Call)
    assert given(call, ("a", "b")) == {"a": "1", "b": '"x"'}
    assert given(call, ("a",)) is None
