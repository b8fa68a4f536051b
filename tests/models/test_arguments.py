"""The checks of `fit` that need no data."""

from __future__ import annotations

import numpy as np
import pytest

from kerastorch import config
from kerastorch.models import arguments


@pytest.mark.parametrize("method", ["compile", "fit", "evaluate", "predict"])
def test_unknown_keywords(method):
    with pytest.raises(TypeError, match="Did you mean '(metrics|batch_size)'?") as caught:
        arguments.refuse_unknown(method, {"metric" if method == "compile" else "batchsize": 1})
    assert "self" not in str(caught.value) and "unknown," not in str(caught.value)
    arguments.refuse_unknown(method, {})


@pytest.mark.parametrize("epochs", [0, 3, np.int64(3)])
def test_epochs_that_are_right(epochs):
    arguments.check_fit({}, epochs, 0, 1, 0.0, None)


@pytest.mark.parametrize("epochs", [-1, 1.0, "3", True, None])
def test_epochs_that_are_wrong(epochs):
    with pytest.raises(ValueError, match="`epochs` of fit"):
        arguments.check_fit({}, epochs, 0, 1, 0.0, None)


@pytest.mark.parametrize(
    ("given", "subject"),
    [
        ((5, 6, 1, 0.0, None), "`initial_epoch`"),
        ((5, -1, 1, 0.0, None), "`initial_epoch`"),
        ((5, 0, 0, 0.0, None), "`validation_freq`"),
        ((5, 0, [1, 0], 0.0, None), "`validation_freq`"),
        ((5, 0, 1, 0.5, (1, 2)), "`validation_split`"),
    ],
)
def test_arguments_that_contradict(given, subject):
    with pytest.raises(ValueError, match=subject):
        arguments.check_fit({}, *given)


SIZES = {"shuffle": True, "steps_per_epoch": None, "validation_steps": None, "validation_batch_size": None}


def test_sizes():
    arguments.check_sizes({**SIZES, "validation_steps": np.int32(2)})
    arguments.check_sizes({**SIZES, "shuffle": "batch"})
    arguments.check_sizes({**SIZES, "shuffle": np.bool_(True)})
    for wrong in (0, -1, 2.0, "2"):
        with pytest.raises(ValueError, match="`validation_batch_size` of fit"):
            arguments.check_sizes({**SIZES, "validation_batch_size": wrong})
    for wrong in ("true", None):
        with pytest.raises(ValueError, match="`shuffle` of fit"):
            arguments.check_sizes({**SIZES, "shuffle": wrong})


def test_limits():
    assert arguments.limited(5, None) == (5, None)
    config.set_max_epochs(2)
    config.set_max_steps_per_epoch(7)
    assert arguments.limited(5, None) == (2, 7)
    assert arguments.limited(None, 3) == (None, 3)
