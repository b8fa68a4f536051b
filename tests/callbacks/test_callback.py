from __future__ import annotations

import inspect

import keras
import torch

from kerastorch.callbacks import Callback
from kerastorch.callbacks.callback import HOOKS, overriding


def test_every_hook_of_keras_with_its_signature() -> None:
    theirs = {name for name in dir(keras.callbacks.Callback) if name.startswith("on_")}
    assert theirs | {"on_exception"} == {f"on_{hook}" for hook in HOOKS}
    for name in (*theirs, "set_params", "set_model"):
        ours, other = getattr(Callback, name), getattr(keras.callbacks.Callback, name)
        assert list(inspect.signature(ours).parameters) == list(inspect.signature(other).parameters), name


def test_only_overridden_hooks_are_found() -> None:
    class Some(Callback):
        def on_epoch_end(self, epoch, logs=None):
            pass

    some = Some()
    assert [hook for hook in HOOKS if overriding(some, hook)] == ["epoch_end"]
    some.on_test_begin = lambda logs=None: None
    assert [hook for hook in HOOKS if overriding(some, hook)] == ["test_begin", "epoch_end"]


def test_the_old_batch_hooks_listen_to_training_batches() -> None:
    class Old(Callback):
        def on_batch_end(self, batch, logs=None):
            pass

    old = Old()
    assert overriding(old, "train_batch_end") == old.on_batch_end
    assert overriding(old, "test_batch_end") is None


def test_a_subclass_may_call_the_base_class_hook() -> None:
    seen = []

    class Both(Callback):
        def on_batch_end(self, batch, logs=None):
            seen.append(batch)

        def on_train_batch_end(self, batch, logs=None):
            super().on_train_batch_end(batch, logs)

    both = Both()
    overriding(both, "train_batch_end")(3, {})
    assert seen == [3]


def test_empty_hooks_of_a_keras_callback_are_empty_here_too() -> None:
    theirs = keras.callbacks.TerminateOnNaN()
    assert [hook for hook in HOOKS if overriding(theirs, hook)] == ["train_batch_end", "batch_end"]


def test_the_model_is_the_one_inside_a_ddp_wrapper() -> None:
    net = torch.nn.Linear(1, 1)
    wrapped = torch.nn.parallel.DistributedDataParallel.__new__(torch.nn.parallel.DistributedDataParallel)
    torch.nn.Module.__init__(wrapped)
    wrapped.module = net
    callback = Callback()
    callback.set_model(wrapped)
    assert callback.model is net
