from __future__ import annotations

import ast
from pathlib import Path

import pytest

from kerastorch.convert.uses import callbacks, find, literal, resolved
from tests.convert.written import read_text


def test_arguments_by_name() -> None:
    (use,) = find("h = model.fit(x, y, 32, epochs=n + 1, callbacks=None)", {"model"}, 7)
    assert (use.method, use.model, use.line) == ("fit", "model", 7)
    assert use.arguments == {"x": "x", "y": "y", "batch_size": "32", "epochs": "n + 1", "callbacks": "None"}
    assert use.get("callbacks") == "" and use.get("shuffle", "True") == "True"


def test_calls_of_others_are_none() -> None:
    assert find("scaler.fit(x)", {"model"}, 1) == []
    (use,) = find("model.fit(*data)", {"model"}, 1)
    assert use.arguments is None


def test_callbacks_are_found_behind_names(tmp_path: Path) -> None:
    text = (
        "from keras.callbacks import EarlyStopping\nstop = EarlyStopping('val_accuracy', patience=p)\n"
        "watch = [stop, Mine()]\nmodel.fit(x, callbacks=watch)"
    )
    script = read_text(tmp_path, text)
    (use,) = find(script.statements[-1].text, {"model"}, 4)
    stop, mine = callbacks(script, use)
    assert (stop.kind, stop.get("patience", "0"), stop.monitor, stop.mode) == (
        "EarlyStopping",
        "p",
        "val_accuracy",
        "max",
    )
    assert (mine.kind, mine.source) == ("", "Mine()")


@pytest.mark.parametrize(
    ("monitor", "mode"), [("val_loss", "min"), ("loss", "min"), ("val_acc", "max"), ("auc", "max"), ("val_mae", "min")]
)
def test_the_mode_follows_the_name(tmp_path: Path, monitor: str, mode: str) -> None:
    script = read_text(
        tmp_path, f"import keras\nm.fit(x, callbacks=keras.callbacks.EarlyStopping(monitor={monitor!r}))"
    )
    (use,) = find(script.statements[-1].text, {"m"}, 2)
    assert callbacks(script, use)[0].mode == mode


def test_literals_and_names(tmp_path: Path) -> None:
    assert literal("[1, 'a']") == [1, "a"] and literal("f(x)") is None
    script = read_text(tmp_path, "pair = (a, b)\nprint(pair)")
    assert ast.unparse(resolved(script, "pair", 2)) == "(a, b)"
