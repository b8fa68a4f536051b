"""Names of the user's own classes and functions."""

from __future__ import annotations

import threading

import pytest

from kerastorch import saving
from kerastorch.base import registry


@pytest.fixture(autouse=True)
def _forget() -> object:
    before = dict(saving.get_custom_objects())
    yield
    saving.get_custom_objects().clear()
    saving.get_custom_objects().update(before)


def test_registered_names_are_keras_names() -> None:
    import keras

    def double(x: float) -> float:
        return 2 * x

    def triple(x: float) -> float:
        return 3 * x

    for library in (saving, keras.saving):
        library.register_keras_serializable(package="mine", name="two")(double)
        library.register_keras_serializable()(triple)
    assert saving.get_registered_name(double) == keras.saving.get_registered_name(double) == "mine>two"
    assert saving.get_registered_name(triple) == keras.saving.get_registered_name(triple) == "Custom>triple"
    assert saving.get_registered_object("mine>two") is double
    assert saving.get_custom_objects()["Custom>triple"] is triple


def test_a_class_without_config_is_refused() -> None:
    class Bare:
        pass

    with pytest.raises(ValueError, match="get_config"):
        saving.register_keras_serializable()(Bare)


def test_a_scope_ends_and_nests() -> None:
    with saving.custom_object_scope({"Thing": int}) as outer:
        with saving.CustomObjectScope({"Thing": str}), outer:
            assert saving.get_registered_object("Thing") is int
        assert saving.get_registered_object("Thing") is int
    assert saving.get_registered_object("Thing") is None
    with pytest.raises(TypeError, match="dict"):
        saving.custom_object_scope([int])  # type: ignore[arg-type]


def test_a_scope_is_one_thread_s() -> None:
    seen = []
    with saving.custom_object_scope({"Thing": int}):
        thread = threading.Thread(target=lambda: seen.append(registry.registered_object("Thing")))
        thread.start()
        thread.join()
    assert seen == [None]


def test_objects_given_come_first_and_module_objects_last() -> None:
    with saving.custom_object_scope({"Thing": int}):
        assert saving.get_registered_object("Thing", {"Thing": str}) is str
        assert saving.get_registered_object("Other", None, {"Other": float}) is float


def test_a_lambda_is_not_written() -> None:
    with pytest.raises(ValueError, match="lambda"):
        saving.serialize_keras_object(lambda x: x)
