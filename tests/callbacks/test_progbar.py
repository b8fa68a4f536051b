from __future__ import annotations

import sys
import time

import keras
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kerastorch.callbacks.progbar import Progbar
from tests.callbacks.fakes import Clock, Terminal


def drawn(kind: type, options: dict, updates: list, monkeypatch: pytest.MonkeyPatch) -> str:
    """All that a progress bar writes to a terminal, by a clock that moves `seconds` before each update."""
    clock, terminal = Clock(), Terminal()
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", clock)
        patch.setattr(sys, "stdout", terminal)
        patch.setenv("COLUMNS", "1000")
        bar = kind(**options)
        for seconds, current, values, finalize in updates:
            clock.now += seconds
            bar.update(current, values, finalize=finalize)
    return terminal.getvalue().replace("\b", "")  # Keras also steps back, character by character, before the return


NUMBER = st.floats(-10, 10, allow_nan=False) | st.sampled_from([0.0, 1e-4, 1e-3, float("nan"), 3])
UPDATE = st.tuples(
    st.sampled_from([0.0, 1e-5, 0.002, 0.06, 1.0, 75.0, 9000.0]),
    st.integers(0, 1100),
    st.lists(st.tuples(st.sampled_from(["loss", "accuracy", "val_loss"]), NUMBER), max_size=3),
    st.sampled_from([None, None, False, True]),
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries(
        {"target": st.sampled_from([None, 1, 7, 100, 1000])},
        optional={
            "width": st.integers(1, 40),
            "verbose": st.sampled_from([0, 1]),
            "interval": st.sampled_from([0.0, 0.05, 0.5]),
            "stateful_metrics": st.just(["loss"]),
            "unit_name": st.just("sample"),
        },
    ),
    st.lists(UPDATE, max_size=8),
)
def test_the_text_is_that_of_keras(monkeypatch: pytest.MonkeyPatch, options: dict, updates: list) -> None:
    end = options["target"] or 10**9
    updates = [(s, min(current, end), values, f) for s, current, values, f in updates]
    ours = drawn(Progbar, options, updates, monkeypatch)
    assert ours == drawn(keras.utils.Progbar, options, updates, monkeypatch)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([1, 7, 1000]), st.lists(UPDATE, max_size=5))
def test_the_one_line_is_that_of_keras(monkeypatch: pytest.MonkeyPatch, target: int, updates: list) -> None:
    # Keras writes negative values of verbose=2 with an exponent; here both forms are the same.
    updates = [(s, min(n, target), [(k, abs(v)) for k, v in values], f) for s, n, values, f in updates]
    options = {"target": target, "verbose": 2, "stateless_metrics": ["loss"]}
    ours = drawn(Progbar, options, updates, monkeypatch)
    assert ours == drawn(keras.utils.Progbar, options, updates, monkeypatch)


def test_a_known_line(monkeypatch: pytest.MonkeyPatch) -> None:
    text = drawn(Progbar, {"target": 469}, [(0.004 * 469, 469, [("accuracy", 0.9712)], True)], monkeypatch)
    plain = text.replace("\x1b[1m", "").replace("\x1b[0m", "").replace("\x1b[32m", "").replace("\x1b[37m", "")
    assert plain == "\r469/469 ━━━━━━━━━━━━━━━━━━━━ 2s 4ms/step - accuracy: 0.9712\n"


def test_no_control_characters_where_it_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Progbar(3, interval=0)
    for step in range(3):
        bar.add(1, [("loss", 0.5)])
        assert bool(capsys.readouterr().out) == (step == 2)
    bar = Progbar(None)
    bar.update(12, [("loss", 0.25)], finalize=True)
    out = capsys.readouterr().out
    assert out.startswith("12/Unknown - 0s - ")
    assert out.endswith(" - loss: 0.2500\n")
    assert out.isprintable() or out[:-1].isprintable()


def test_a_redraw_is_cut_to_the_terminal_and_the_last_line_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "60")
    bar = Progbar(10, interval=0)
    values = [(f"metric_{n}", 0.5) for n in range(5)]
    bar.update(1, values)
    line = terminal.getvalue().lstrip("\r")
    for code in ("\x1b[1m", "\x1b[0m", "\x1b[32m", "\x1b[37m"):
        line = line.replace(code, "")
    assert len(line) == 59
    bar.update(10, values)
    assert terminal.getvalue().endswith("metric_4: 0.5000\n")


@pytest.mark.parametrize("value", [np.float32(0.5), np.array([0.2, 0.8]), torch.tensor([0.2, 0.8]), torch.tensor(0.5)])
def test_values_that_are_no_floats(value: object, capsys: pytest.CaptureFixture[str]) -> None:
    Progbar(1, verbose=2).update(1, [("loss", value)])
    assert "loss: 0.5000" in capsys.readouterr().out


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="not both"):
        Progbar(1, stateful_metrics=["a"], stateless_metrics=["b"])
    with pytest.raises(ValueError, match="`verbose`"):
        Progbar(1, verbose=3)
