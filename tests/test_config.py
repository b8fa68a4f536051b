"""Process-wide settings, beside `keras.config`."""

from __future__ import annotations

import sys
import types
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

import kerastorch
from kerastorch import config


def test_defaults_like_keras() -> None:
    import keras

    assert config.epsilon() == keras.config.epsilon()
    assert config.floatx() == keras.config.floatx()
    assert config.image_data_format() == keras.config.image_data_format()
    assert config.backend() == "torch"


def test_epsilon() -> None:
    config.set_epsilon(1e-5)
    assert config.epsilon() == 1e-5


@pytest.mark.parametrize("value", [0, -1.0, "1e-7", None, float("nan")])
def test_epsilon_is_checked(value: Any) -> None:
    with pytest.raises(ValueError, match="set_epsilon"):
        config.set_epsilon(value)


def test_image_data_format() -> None:
    config.set_image_data_format("channels_first")
    assert config.image_data_format() == config.standardize_data_format(None) == "channels_first"
    assert config.standardize_data_format("Channels_Last") == "channels_last"
    with pytest.raises(ValueError, match="`data_format`"):
        config.set_image_data_format("NHWC")


def test_logging_and_tracebacks() -> None:
    config.disable_interactive_logging()
    assert not config.is_interactive_logging_enabled()
    config.enable_interactive_logging()
    assert config.is_interactive_logging_enabled()
    config.enable_traceback_filtering()
    assert config.is_traceback_filtering_enabled()
    config.disable_traceback_filtering()
    assert not config.is_traceback_filtering_enabled()


@pytest.mark.parametrize("name", ["max_epochs", "max_steps_per_epoch"])
def test_limits(name: str) -> None:
    get, put = getattr(config, name), getattr(config, f"set_{name}")
    assert get() is None
    put(3)
    assert get() == 3
    put(None)
    assert get() is None
    for wrong in (0, -1, 2.5, True, "3"):
        with pytest.raises(ValueError, match=f"`{name}`"):
            put(wrong)


X, Y = np.ones((10, 3), "float32"), np.ones((10, 1), "float32")
LIMITED = {
    "arrays": lambda: {"x": X, "y": Y, "batch_size": 2},
    "loader": lambda: {"x": DataLoader(TensorDataset(torch.from_numpy(X), torch.from_numpy(Y)), batch_size=2)},
    "generator": lambda: {"x": iter([(X[:2], Y[:2])] * 5)},
}


def batches_of(home: Any, method: str, data: dict[str, Any], **options: Any) -> int:
    """How many batches an epoch, an evaluation or a prediction has."""
    model = home.Sequential([home.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    seen: list[int] = []
    count = home.callbacks.LambdaCallback()
    hook = {"fit": "on_train_batch_end", "evaluate": "on_test_batch_end"}[method]
    setattr(count, hook, lambda batch, logs=None: seen.append(batch))
    getattr(model, method)(**data, callbacks=[count], verbose=0, **options)
    return len(seen)


@pytest.mark.parametrize("method", ["fit", "evaluate"])
@pytest.mark.parametrize("kind", LIMITED)
@pytest.mark.parametrize("most", [2, 5, 50])
def test_a_limit_on_steps_is_a_most(most: int, kind: str, method: str) -> None:
    """Keras counts alike, and warns of data that end before the limit."""
    import keras

    config.set_max_steps_per_epoch(most)
    keras.config.set_max_steps_per_epoch(most)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wanted = batches_of(keras, method, {**LIMITED["arrays"]()})
    finally:
        keras.config.set_max_steps_per_epoch(None)
    assert batches_of(kerastorch, method, LIMITED[kind]()) == wanted == min(most, 5)


def test_steps_that_the_user_asks_for_are_still_a_promise() -> None:
    config.set_max_steps_per_epoch(50)
    with pytest.warns(UserWarning, match="5 batches received, 20 expected"):
        assert batches_of(kerastorch, "fit", LIMITED["arrays"](), steps_per_epoch=20) == 5


def test_a_limit_on_epochs_is_a_most() -> None:
    model = kerastorch.Sequential([kerastorch.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    for most, epochs in ((2, 2), (9, 3)):
        config.set_max_epochs(most)
        assert len(model.fit(X, Y, epochs=3, verbose=0).epoch) == epochs


def test_other_backends_are_refused() -> None:
    config.set_backend("torch")
    with pytest.raises(ValueError, match="'torch'"):
        config.set_backend("jax")


def test_not_in_a_notebook() -> None:
    assert isinstance(config.in_notebook(), bool)


def test_a_kernel_is_a_notebook_and_its_package_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))  # comet_ml imports it in scripts
    shell = types.SimpleNamespace()
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    assert not config.in_notebook()
    shell.kernel = object()
    assert config.in_notebook()
