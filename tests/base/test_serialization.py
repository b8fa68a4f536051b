"""Configs in Keras's own form; reading runs no code."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kerastorch.base import registry, serialization
from kerastorch.base.policy import DTypePolicy
from kerastorch.base.serialization import deserialize_keras_object, serialize_keras_object

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda s: st.lists(s, max_size=3) | st.dictionaries(st.text(max_size=5), s, max_size=3),
    max_leaves=10,
)


class Mine:
    def __init__(self, size: int = 1, inner: Any = None) -> None:
        self.size, self.inner = size, inner

    def get_config(self) -> dict[str, Any]:
        return {"size": self.size, "inner": serialize_keras_object(self.inner)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Mine:
        return cls(config["size"], deserialize_keras_object(config["inner"]))


def a_function_of_mine() -> int:
    return 1


@given(PLAIN)
def test_plain_values_come_back(value: Any) -> None:
    written = serialize_keras_object(value)
    assert deserialize_keras_object(json.loads(json.dumps(written))) == value


@pytest.mark.parametrize(
    "value",
    [
        np.arange(6.0).reshape(2, 3),
        np.array(3, "int8"),
        torch.arange(3),
        torch.ones(2, dtype=torch.float16),
        b"bytes",
        slice(1, None, 2),
        Ellipsis,
        1 + 2j,
    ],
)
def test_other_values_come_back(value: Any) -> None:
    found = deserialize_keras_object(json.loads(json.dumps(serialize_keras_object({"v": [value]}))))["v"][0]
    assert type(found) is type(value)
    if isinstance(value, (np.ndarray, torch.Tensor)):
        assert found.dtype == value.dtype and found.shape == value.shape and bool((found == value).all())
    else:
        assert found == value


def test_small_things() -> None:
    assert serialize_keras_object(np.float32(1.5)) == 1.5
    assert serialize_keras_object(torch.float16) == "float16"
    assert serialize_keras_object(torch.Size([2, 3])) == [2, 3]
    assert serialize_keras_object((1, [2])) == (1, [2])


def test_arrays_like_keras() -> None:
    import keras

    array = np.arange(4.0)
    assert serialize_keras_object(array) == keras.saving.serialize_keras_object(array)
    assert np.array_equal(deserialize_keras_object(keras.saving.serialize_keras_object(array)), array)


def test_builtin_objects_are_at_keras_addresses() -> None:
    written = serialize_keras_object(DTypePolicy("float16"))
    assert written == {
        "module": "keras",
        "class_name": "DTypePolicy",
        "config": {"name": "float16"},
        "registered_name": None,
    }
    assert deserialize_keras_object(written) == DTypePolicy("float16")


def test_users_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    written = serialize_keras_object(Mine(3, Mine(4)))
    assert written["class_name"] == "Mine" and written["registered_name"] == "Mine"
    with pytest.raises(ValueError, match="Cannot find 'Mine'.*register_keras_serializable"):
        deserialize_keras_object(written)
    found = deserialize_keras_object(written, custom_objects={"Mine": Mine})
    assert (found.size, found.inner.size) == (3, 4)
    monkeypatch.setattr(registry, "_custom", {})
    monkeypatch.setattr(registry, "_custom_names", {})
    registry.register_custom(Mine, "package", None)
    again = serialize_keras_object(Mine(5))
    assert again["registered_name"] == "package>Mine"
    assert deserialize_keras_object(json.loads(json.dumps(again))).size == 5


def test_functions_by_name() -> None:
    written = serialize_keras_object(a_function_of_mine)
    assert written["class_name"] == "function" and written["config"] == "a_function_of_mine"
    assert (
        deserialize_keras_object(written, custom_objects={"a_function_of_mine": a_function_of_mine})
        is a_function_of_mine
    )
    with pytest.raises(ValueError, match="'a_function_of_mine'"):
        deserialize_keras_object(written)


def test_classes_by_name() -> None:
    written = serialize_keras_object(Mine)
    assert written["class_name"] == "class"
    assert deserialize_keras_object(written, custom_objects={"Mine": Mine}) is Mine


@pytest.mark.parametrize("value", [lambda x: x, object(), print])
def test_what_cannot_be_named_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="Files hold no code"):
        serialize_keras_object({"deep": [value]})


def test_a_torch_module_is_named_with_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"torch module Linear in this model.*registered.*state_dict"):
        serialize_keras_object([torch.nn.Linear(2, 2)])
    from kerastorch import Input, Sequential

    model = Sequential([Input((2,)), torch.nn.Linear(2, 2)], name="stack")
    with pytest.raises(ValueError, match=r"torch module Linear in Sequential 'stack' \('.*'\).*save_weights"):
        model.get_config()


def test_operations_are_written_like_keras() -> None:
    import keras

    from kerastorch import ops

    for name in ("relu", "gelu", "sin"):
        written = serialize_keras_object(getattr(ops, name))
        assert written == keras.saving.serialize_keras_object(getattr(keras.ops, name))
        assert deserialize_keras_object(written)(torch.ones(1)).shape == (1,)


def test_shared_objects_are_shared_again() -> None:
    one = {**serialize_keras_object(Mine(1)), "shared_object_id": 7}
    a, b = deserialize_keras_object([one, dict(one)], custom_objects={"Mine": Mine})
    assert a is b
    (c,) = deserialize_keras_object([one], custom_objects={"Mine": Mine})
    assert c is not a


@pytest.mark.parametrize(
    "config",
    [
        {"class_name": "__lambda__", "config": {"value": ["4wEAAA==", None, None]}},
        {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"},
        {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "eval"},
        {"module": "os", "class_name": "system", "config": {}, "registered_name": None},
        {"module": "subprocess", "class_name": "Popen", "config": {"args": "true"}, "registered_name": None},
        {"module": "keras.layers.core", "class_name": "NoSuchLayer", "config": {}, "registered_name": None},
        {"module": "kerastorch.base.registry", "class_name": "register", "config": {}, "registered_name": None},
    ],
)
def test_hostile_configs_are_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="never runs code|Cannot find"):
        deserialize_keras_object(config)


def test_a_module_named_by_a_file_is_never_imported(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    (tmp_path / "module_of_a_stranger.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    config = {
        "module": "module_of_a_stranger",
        "class_name": "Layer",
        "config": {},
        "registered_name": "stranger>Layer",
    }
    with pytest.raises(ValueError, match="module_of_a_stranger"):
        deserialize_keras_object(config)
    assert "module_of_a_stranger" not in sys.modules


@pytest.mark.parametrize(
    ("module", "slot"),
    [
        ("keras.layers", "layers"),
        ("keras.src.layers.core.dense", "layers"),
        ("keras.optimizers.schedules", "schedules"),
        ("keras.src.optimizers.schedules.learning_rate_schedule", "schedules"),
        ("keras", "models"),
        ("keras.src.models.sequential", "models"),
        ("kerastorch.losses", "losses"),
        ("os", None),
        ("kerasx.layers", None),
    ],
)
def test_slots_of_modules(module: str, slot: Any) -> None:
    assert serialization.slot_of_module(module) == slot
