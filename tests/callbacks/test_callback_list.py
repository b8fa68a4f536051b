from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from keras.src.utils.python_utils import pythonify_logs

from kerastorch.callbacks import Callback, CallbackList, EarlyStopping, History, LambdaCallback, ProgbarLogger
from kerastorch.callbacks.callback import HOOKS
from kerastorch.callbacks.callback_list import plain_logs
from tests.callbacks.fakes import FakeModel, LazyLogs


def recorder(base: type, record: list[str]) -> object:
    """A callback of our or of Keras's base class that notes every call."""

    def method(name: str):
        def hook(self, *args, **kwargs):
            logs = kwargs.get("logs", args[-1] if args and isinstance(args[-1], dict) else None)
            record.append(f"{name} {[a for a in args if isinstance(a, int)]} {logs}")

        return hook

    return type("Recorder", (base,), {f"on_{hook}": method(hook) for hook in HOOKS})()


def drive(callbacks) -> None:
    callbacks.on_train_begin()
    callbacks.on_epoch_begin(0)
    callbacks.on_train_batch_begin(0)
    callbacks.on_train_batch_end(0, {"a": 1.0, "b": 2.0})
    callbacks.on_test_begin()
    callbacks.on_test_batch_begin(0)
    callbacks.on_test_batch_end(0, {"a": 1.0})
    callbacks.on_test_end({"loss": 0.1, "acc": 1})
    callbacks.on_epoch_end(0, {"loss": np.float32(0.5), "acc": 1})
    callbacks.on_train_end({"loss": 1})
    callbacks.on_predict_begin()
    callbacks.on_predict_batch_begin(1)
    callbacks.on_predict_batch_end(1, {})
    callbacks.on_predict_end()
    callbacks.on_batch_begin(2)
    callbacks.on_batch_end(2)


def test_calls_and_logs_are_those_of_keras() -> None:
    ours: list[str] = []
    theirs: list[str] = []
    drive(CallbackList([recorder(Callback, ours)]))
    drive(keras.callbacks.CallbackList([recorder(keras.callbacks.Callback, theirs)]))
    assert ours == theirs
    assert len(ours) == 16


def test_hooks_are_found_once_and_empty_ones_cost_nothing() -> None:
    first, second = LambdaCallback(on_train_batch_end=lambda b, logs: None), EarlyStopping()
    callbacks = CallbackList([first, [second]])
    assert callbacks.train_batch_end == (first.on_train_batch_end,)
    assert callbacks.epoch_end == (second.on_epoch_end,)
    assert callbacks.test_batch_end == callbacks.train_batch_begin == ()
    assert all(isinstance(getattr(callbacks, hook), tuple) for hook in HOOKS)


def test_batch_logs_are_handed_on_unread() -> None:
    seen = []
    logs = LazyLogs({"loss": 1.0})
    callbacks = CallbackList(LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(logs)))
    callbacks.on_train_batch_end(0, logs)
    assert seen[0] is logs
    assert logs.reads == 0


def test_history_and_progress_bar_are_added_once() -> None:
    added = CallbackList(add_history=True, add_progbar=True)
    assert [type(c) for c in added.callbacks] == [History, ProgbarLogger]
    own = [ProgbarLogger(), History()]
    assert CallbackList(own, add_history=True, add_progbar=True).callbacks == own
    assert CallbackList().history is None


def test_model_and_parameters_reach_every_callback() -> None:
    model, callback = FakeModel(), Callback()
    callbacks = CallbackList([callback], add_history=True, model=model, epochs=2)
    late = LambdaCallback(on_test_end=lambda logs: None)
    callbacks.append(late)
    assert callback.model is late.model is model
    assert callback.params == late.params == callbacks.params == {"epochs": 2}
    assert model.history is callbacks.history
    assert callbacks.test_end == (late.on_test_end,)


def test_a_callback_of_keras_works() -> None:
    model = FakeModel()
    callbacks = CallbackList([keras.callbacks.EarlyStopping("loss")], model=model, epochs=2)
    callbacks.on_train_begin()
    for epoch, loss in enumerate([0.1, 0.2]):
        callbacks.on_epoch_end(epoch, {"loss": loss})
    assert model.stop_training


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [(EarlyStopping, r"`EarlyStopping\(\.\.\.\)`"), (print, "LambdaCallback"), ("early", "Subclass"), (3, "3")],
)
def test_what_is_no_callback_is_refused(wrong: object, remedy: str) -> None:
    with pytest.raises(TypeError, match=remedy):
        CallbackList([History(), wrong])
    with pytest.raises(TypeError, match=remedy):
        CallbackList().append(wrong)


def test_monitors_of_all_callbacks_are_checked() -> None:
    callbacks = CallbackList([History(), EarlyStopping("val_acuracy"), keras.callbacks.History()])
    with pytest.raises(ValueError, match=r"loss, val_accuracy, val_loss.*Did you mean 'val_accuracy'"):
        callbacks.validate_monitors(["loss", "val_loss", "val_accuracy"])


def test_plain_logs_fetch_tensors() -> None:
    logs = plain_logs({"loss": torch.tensor(0.5), "each": torch.ones(2)})
    assert logs["loss"] == 0.5
    assert isinstance(logs["loss"], float)
    assert isinstance(logs["each"], torch.Tensor)


VALUE = st.one_of(st.floats(), st.integers(-9, 9), st.booleans(), st.text("xyz"))


@given(st.dictionaries(st.text("abc_", min_size=1), VALUE | st.dictionaries(st.text("de"), st.floats()), max_size=5))
def test_plain_logs_as_keras_has_them(logs: dict) -> None:
    ours, theirs = plain_logs(logs), pythonify_logs(logs)
    assert repr(ours) == repr(theirs)
