"""The table of names against real Keras's operation classes."""

from __future__ import annotations

import importlib
import inspect
import operator
from typing import Any

import keras
import pytest
import torch

from kerastorch import ops
from kerastorch.base import registry
from kerastorch.ops import _keras_names

# Operations that Keras has from a later version on than the one tests compare with.
LATER = {"matrix_power", "column_stack"}
NAMED = sorted(
    name
    for name in {n for n in registry.names("ops") if getattr(registry.builtin("ops", n), "keras_class", "")} - LATER
)


def keras_class(function: Any) -> Any:
    return getattr(importlib.import_module(function.keras_module), function.keras_class)


@pytest.mark.parametrize("name", NAMED)
def test_keras_has_the_class_with_the_same_arguments(name: str) -> None:
    function = registry.builtin("ops", name)
    found = keras_class(function)
    assert issubclass(found, keras.Operation)
    called = [p for p in inspect.signature(found.call).parameters if p not in ("self", "kwargs")]
    configured = [p for p in inspect.signature(found.__init__).parameters if p not in ("self", "name")]
    ours = list(inspect.signature(function).parameters)
    assert set(configured) <= set(ours) | {"kwargs"}
    assert set(called) <= set(ours) or name == "extract_patches_3d"
    assert list(function.keras_call) == called or name == "extract_patches_3d"


@pytest.mark.parametrize("name", NAMED)
def test_a_class_name_leads_back_to_the_function(name: str) -> None:
    function = registry.builtin("ops", name)
    again = _keras_names.raw_op(function.keras_module, function.keras_class)
    assert again is function or name == "extract_patches_3d"
    assert _keras_names.keras_name(function) == (function.keras_module, function.keras_class)


@pytest.mark.parametrize("name", sorted(set(_keras_names.TORCH_EQUIVALENTS.values())))
def test_equivalents_name_classes_that_keras_and_we_have(name: tuple[str, str]) -> None:
    assert hasattr(importlib.import_module(name[0]), name[1])
    assert _keras_names.raw_op(*name) is not None


def test_operators_torch_functions_and_methods_are_known() -> None:
    for function in (operator.add, torch.add, "add", "__add__", ops.add, ops.add.raw):
        assert _keras_names.keras_name(function) == ("keras.src.ops.numpy", "Add")
    assert _keras_names.keras_name(operator.getitem) == ("keras.src.ops.numpy", "GetItem")
    assert _keras_names.keras_name(torch.nn.functional.dropout) is None
    assert _keras_names.raw_op("keras.src.ops.numpy", "Nothing") is None
