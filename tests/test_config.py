"""Process-wide settings, beside `keras.config`."""

from __future__ import annotations

from typing import Any

import pytest

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


def test_other_backends_are_refused() -> None:
    config.set_backend("torch")
    with pytest.raises(ValueError, match="'torch'"):
        config.set_backend("jax")


def test_not_in_a_notebook() -> None:
    assert isinstance(config.in_notebook(), bool)
