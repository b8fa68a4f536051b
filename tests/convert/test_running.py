from __future__ import annotations

import ast
import linecache
import socket
import sys
from pathlib import Path

import numpy as np
import pytest

import kerastorch as keras
from kerastorch.convert.running import Running, Unknown, build, missing
from tests.convert.written import read_text


def _running(folder: Path, text: str) -> Running:
    return Running(read_text(folder, text))


def test_statements_run_when_they_are_needed(tmp_path: Path) -> None:
    running = _running(tmp_path, "a = 1\nb = 1 / 0\nc = a + 1\n")
    with running.around():
        assert running.run(2) == ""
    assert running.values["c"] == 2 and "b" not in running.values


def test_a_failure_is_told_to_what_needs_it(tmp_path: Path) -> None:
    running = _running(tmp_path, "a = 1 / 0\nb = a + 1\n")
    with running.around():
        assert running.run(1) == "line 1 failed: ZeroDivisionError: division by zero"
    assert running.values["b"] == Unknown("line 1 failed: ZeroDivisionError: division by zero")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("m.fit(1)", "`fit` does not run while converting"),
        ("keras.utils.get_file('a', 'b')", "files are not downloaded while converting"),
        ("import socket; socket.create_connection(('127.0.0.1', 9), 1)", "the network is not used while converting"),
        ("import sys; sys.exit(3)", "line 3 failed: SystemExit: 3"),
    ],
)
def test_what_does_not_run(tmp_path: Path, line: str, reason: str) -> None:
    text = f"import keras\nm = keras.Sequential([])\ndef f():\n    {line}\na = f()".replace(
        "def f():\n    ", "def f(): "
    )
    running = _running(tmp_path, text)
    with running.around():
        assert reason in running.run(3).replace("line 4", "line 3")


def _state() -> tuple[object, ...]:
    connect = vars(socket.socket).get("connect")
    return sys.argv, list(sys.path), connect, keras.Model.fit, keras.datasets.mnist.load_data


def test_everything_is_put_back(tmp_path: Path) -> None:
    before = (
        sys.argv,
        list(sys.path),
        vars(socket.socket).get("connect"),
        keras.Model.fit,
        keras.datasets.mnist.load_data,
    )
    policy = keras.config.dtype_policy().name
    running = _running(tmp_path, "import keras\nkeras.config.set_dtype_policy('mixed_bfloat16')\nprint('loud')")
    with running.around():
        for number in range(3):
            running.run(number)
    after = (
        sys.argv,
        list(sys.path),
        vars(socket.socket).get("connect"),
        keras.Model.fit,
        keras.datasets.mnist.load_data,
    )
    assert after == before and keras.config.dtype_policy().name == policy
    assert str(running.script.path) not in linecache.cache
    assert not hasattr(keras.datasets, "imdb")


@pytest.mark.parametrize(
    ("name", "shape", "labels"),
    [("mnist", (60000, 28, 28), (60000,)), ("cifar10", (50000, 32, 32, 3), (50000, 1)), ("imdb", (25000,), (25000,))],
)
def test_stand_ins_for_data_have_the_shapes_of_the_data(
    tmp_path: Path, name: str, shape: tuple[int, ...], labels: tuple[int, ...]
) -> None:
    running = _running(tmp_path, f"from keras.datasets import {name}\n(x, y), test = {name}.load_data()")
    with running.around():
        assert running.run(1) == ""
    assert running.values["x"].shape == shape and running.values["y"].shape == labels


def test_expressions(tmp_path: Path) -> None:
    running = _running(tmp_path, "a = 2\n")
    with running.around():
        node = ast.parse("a * 3", mode="eval").body
        assert running.evaluate(node, {"a"}, 1) == 6
        assert isinstance(running.evaluate(ast.parse("a / 0", mode="eval").body, {"a"}, 1), Unknown)


def test_models_are_built_on_their_data() -> None:
    model = keras.Sequential([keras.layers.Dense(2)])
    build(model, np.zeros((5, 3)))
    assert model.weights[0].shape == (2, 3)


def test_missing_names() -> None:
    assert missing("keras.layers.NoSuch") == "keras.layers.NoSuch is not in kerastorch"
    assert missing("keras.layers.Dense") == missing("tensorflow.data") == ""
