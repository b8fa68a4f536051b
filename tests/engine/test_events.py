"""What the loop calls is what the callbacks' list offers."""

from __future__ import annotations

import inspect

import pytest

from kerastorch.callbacks import Callback, CallbackList
from kerastorch.engine.events import Observer

ASKED = sorted(name for name in vars(Observer) if name.startswith("on_") or name.endswith(("_begin", "_end")))


def test_the_observer_asks_for_something() -> None:
    assert len(ASKED) == 15


@pytest.mark.parametrize("name", ASKED)
def test_a_list_of_callbacks_is_an_observer(name: str) -> None:
    watching = CallbackList([], epochs=1)
    offered = getattr(watching, name)
    if name.startswith("on_"):
        wanted = list(inspect.signature(getattr(Observer, name)).parameters)[1:]
        assert list(inspect.signature(offered).parameters)[: len(wanted)] == wanted
    else:
        assert list(offered) == []


def test_batch_hooks_are_those_that_are_overridden() -> None:
    class Ends(Callback):
        def on_train_batch_end(self, batch: int, logs: object = None) -> None: ...

    watching = CallbackList([Ends(), Callback()], epochs=1)
    assert len(watching.train_batch_end) == 1
    assert not watching.train_batch_begin and not watching.test_batch_end and not watching.predict_batch_end
