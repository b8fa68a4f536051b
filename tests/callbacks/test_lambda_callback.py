from __future__ import annotations

import pytest

from kerastorch.callbacks import CallbackList, LambdaCallback
from kerastorch.callbacks.callback import HOOKS


@pytest.mark.parametrize("hook", HOOKS)
def test_a_function_for_every_hook(hook: str) -> None:
    seen = []
    callbacks = CallbackList([LambdaCallback(**{f"on_{hook}": lambda *args: seen.append(args)})])
    indexed = "epoch" in hook or "batch" in hook
    arguments = (3, {"loss": 1.0}) if indexed else ({"loss": 1.0},)
    getattr(callbacks, f"on_{hook}")(*arguments)
    assert seen == [arguments]


def test_a_misspelt_hook_is_refused() -> None:
    with pytest.raises(TypeError, match="Did you mean 'on_epoch_end'"):
        LambdaCallback(on_epochs_end=print)


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(TypeError, match="`on_train_end` of LambdaCallback"):
        LambdaCallback(on_train_end=3)
