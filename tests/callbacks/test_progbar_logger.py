from __future__ import annotations

import re
import sys
import time

import keras
import pytest

from kerastorch import config
from kerastorch.callbacks import CallbackList, ProgbarLogger, progbar_logger
from tests.callbacks.fakes import Clock, LazyLogs, Terminal


def epochs(kind: type, verbose: int | str, count: int, steps: int | None, batches: int, step_time: float) -> str:
    """All that is written to a terminal by a `fit` of so many epochs and batches."""
    clock, terminal = Clock(), Terminal()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", clock)
        patch.setattr(progbar_logger, "monotonic", clock)
        patch.setattr(sys, "stdout", terminal)
        patch.setenv("COLUMNS", "1000")
        logger = kind()
        logger.set_params({"verbose": verbose, "epochs": count, "steps": steps})
        logger.on_train_begin({})
        for epoch in range(count):
            logger.on_epoch_begin(epoch, {})
            for batch in range(batches):
                clock.now += step_time
                logger.on_train_batch_end(batch, {"accuracy": 0.5, "loss": 1 / (batch + 1)})
            logger.on_test_begin({})
            logger.on_test_batch_end(0, {"loss": 3.0})
            logger.on_test_end({"loss": 3.0})
            logger.on_epoch_end(epoch, {"accuracy": 0.5, "loss": 0.25, "val_loss": 3.0})
        logger.on_train_end({})
    return terminal.getvalue().replace("\b", "")


@pytest.mark.parametrize("verbose", [0, 1, 2, "auto"])
@pytest.mark.parametrize(("count", "steps", "batches"), [(1, 4, 4), (2, None, 3), (3, 12, 12)])
def test_the_text_is_that_of_keras(verbose: int | str, count: int, steps: int | None, batches: int) -> None:
    if verbose == 2 and steps is None:
        batches = 4
    slow = 0.25  # every batch is drawn by both
    ours = epochs(ProgbarLogger, verbose, count, steps, batches, slow)
    assert ours == epochs(keras.callbacks.ProgbarLogger, verbose, count, steps, batches, slow)
    assert bool(ours) == (verbose != 0)


def test_at_most_ten_redraws_a_second() -> None:
    text = epochs(ProgbarLogger, 1, 1, 1000, 1000, 0.001)
    assert 9 <= text.count("\r") <= 12


def test_logs_are_read_only_for_a_redraw(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(progbar_logger, "monotonic", clock)
    monkeypatch.setattr(sys, "stdout", Terminal())
    logger = ProgbarLogger()
    logger.set_params({"verbose": 1, "epochs": 1, "steps": 100})
    logger.on_epoch_begin(0)
    logs = LazyLogs({"loss": 1.0})
    reads = []
    for batch in range(5):
        logger.on_train_batch_end(batch, logs)
        reads.append(logs.reads)
        clock.now += 0.04
    assert reads == [1, 1, 1, 2, 2]


def calls(hook, *arguments) -> int:
    """Python and C calls of one call of `hook`."""
    count = 0

    def profile(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        hook(*arguments)
    finally:
        sys.setprofile(None)
    return count - 1  # the closing `sys.setprofile`


@pytest.mark.parametrize("verbose", [1, 2])
def test_a_batch_without_a_redraw_is_two_calls(verbose: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal())
    callbacks = CallbackList([], add_history=True, add_progbar=True, verbose=verbose, epochs=1, steps=100)
    callbacks.on_epoch_begin(0)
    (hook,) = callbacks.train_batch_end
    assert callbacks.train_batch_begin == ()
    logs = LazyLogs({"loss": 1.0})
    hook(0, logs)
    assert calls(hook, 1, logs) == 2


def test_plain_lines_where_it_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    for verbose in ("auto", 1, 2):
        logger = ProgbarLogger()
        logger.set_params({"verbose": verbose, "epochs": 2, "steps": 3})
        for epoch in range(2):
            logger.on_epoch_begin(epoch)
            for batch in range(3):
                logger.on_train_batch_end(batch, {"loss": 0.5})
            logger.on_epoch_end(epoch, {"loss": 0.5, "val_loss": 0.25})
        lines = capsys.readouterr().out.splitlines()
        assert [lines[0], lines[2]] == ["Epoch 1/2", "Epoch 2/2"]
        assert all(re.fullmatch(r"3/3 - 0s - \d+us/step - loss: 0.5000 - val_loss: 0.2500", x) for x in lines[1::2])


def test_auto_is_one_line_an_epoch_when_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert progbar_logger.resolve_verbose("auto") == 1
    config.disable_interactive_logging()
    assert progbar_logger.resolve_verbose("auto") == 2
    assert progbar_logger.resolve_verbose(1) == 1


def test_an_epoch_that_is_cut_short_shows_what_was_done(capsys: pytest.CaptureFixture[str]) -> None:
    logger = ProgbarLogger()
    logger.set_params({"verbose": 2, "epochs": 1, "steps": 10})
    logger.on_epoch_begin(0)
    logger.on_train_batch_end(3, {"loss": 0.5})
    logger.on_epoch_end(0, {"loss": 0.5})
    assert capsys.readouterr().out.startswith(" 4/10 - ")


@pytest.mark.parametrize("kind", ["test", "predict"])
def test_evaluate_and_predict_have_a_line_of_their_own(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    callbacks = CallbackList([], add_progbar=True, verbose=2, epochs=1, steps=2)
    getattr(callbacks, f"on_{kind}_begin")()
    for batch in range(2):
        getattr(callbacks, f"on_{kind}_batch_end")(batch, {"loss": 0.5})
    getattr(callbacks, f"on_{kind}_end")({"loss": 0.5} if kind == "test" else None)
    out = capsys.readouterr().out
    assert out.startswith("2/2 - 0s - ")
    assert ("loss: 0.5000" in out) == (kind == "test")


@pytest.mark.parametrize("verbose", [3, -1, "loud", None])
def test_bad_verbose(verbose: object) -> None:
    with pytest.raises(ValueError, match="`verbose`"):
        ProgbarLogger().set_params({"verbose": verbose, "epochs": 1, "steps": 1})
