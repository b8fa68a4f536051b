"""Dtype policies, beside Keras's."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch.base import policy
from kerastorch.base.policy import DTypePolicy


@pytest.mark.parametrize("name", DTypePolicy.KNOWN)
def test_like_keras(name: str) -> None:
    import keras

    ours, theirs = DTypePolicy(name), keras.DTypePolicy(name)
    assert (ours.name, ours.compute_dtype, ours.variable_dtype) == (
        theirs.name,
        theirs.compute_dtype,
        theirs.variable_dtype,
    )
    assert ours.get_config() == theirs.get_config() and repr(ours) == repr(theirs)
    assert ours.is_mixed is name.startswith("mixed")
    assert ours.torch_compute_dtype is getattr(torch, ours.compute_dtype)
    assert DTypePolicy.from_config(theirs.get_config()) == ours and hash(ours) == hash(DTypePolicy(name))


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("32", "float32"),
        ("bf16-mixed", "mixed_bfloat16"),
        ("16-mixed", "mixed_float16"),
        ("bf16-true", "bfloat16"),
        ("64-true", "float64"),
    ],
)
def test_lightnings_words(written: str, name: str) -> None:
    assert DTypePolicy(written).name == name


@pytest.mark.parametrize("wrong", ["mixed_float8", "bf-16", 3, None])
def test_unknown_policies(wrong: Any) -> None:
    with pytest.raises(ValueError, match="Unknown dtype policy"):
        DTypePolicy(wrong)


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        ("mixed_float16", "mixed_float16"),
        (torch.bfloat16, "bfloat16"),
        (DTypePolicy("float64"), "float64"),
        ({"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float16"}}, "float16"),
        ({"name": "float16"}, "float16"),
        (None, "float32"),
    ],
)
def test_get(identifier: Any, name: str) -> None:
    assert policy.get(identifier).name == name


def test_the_global_policy_follows_floatx_until_it_is_set() -> None:
    policy.set_floatx("float64")
    assert policy.floatx() == policy.dtype_policy().name == "float64"
    policy.set_dtype_policy("mixed_bfloat16")
    assert policy.get(None).name == "mixed_bfloat16" and policy.floatx() == "float64"
    policy.reset_dtype_policy()
    assert policy.dtype_policy().name == "float64"


def test_floatx_is_checked() -> None:
    with pytest.raises(ValueError, match="floatx"):
        policy.set_floatx("int32")
