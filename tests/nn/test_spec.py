"""`InputSpec`: which shapes a layer takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kerastorch.nn.keras_tensor import KerasTensor
from kerastorch.nn.spec import InputSpec, assert_input


@pytest.mark.parametrize(
    ("kwargs", "good", "bad", "said"),
    [
        ({"ndim": 3}, (2, 3, 4), (2, 3), "3 dimensions"),
        ({"min_ndim": 2}, (2, 3), (2,), "at least 2"),
        ({"max_ndim": 2}, (2,), (2, 3, 4), "at most 2"),
        ({"axes": {-1: 4}}, (None, 4), (None, 5), "last dimension.*of 4"),
        ({"axes": {1: 4}}, (2, 4, 9), (2, 5, 9), "dimension 1 of 4"),
        ({"axes": {"1": 4}}, (2, 4), (2, 5), "of 4"),
        ({"shape": (None, 3, 4)}, (7, 3, 4), (7, 3, 5), "of 4"),
        ({"shape": (None, 3)}, (7, 3), (7, 3, 1), "2 dimensions"),
    ],
)
def test_what_fits(kwargs: dict[str, Any], good: Any, bad: Any, said: str) -> None:
    import re

    spec = InputSpec(**kwargs)
    assert spec.problem(good) is None
    assert re.search(said, spec.problem(bad) or "")


def test_unknown_dimensions_fit() -> None:
    assert InputSpec(axes={-1: 4}, ndim=2).problem((None, None)) is None
    assert InputSpec(axes={-1: None}).problem((None, 5)) is None


@pytest.mark.parametrize("make", [torch.zeros, np.zeros, KerasTensor])
def test_the_error_names_layer_and_shape(make: Any) -> None:
    with pytest.raises(ValueError, match=r"layer 'head'.*of 4.*shape \(2, 5\)"):
        assert_input("head", InputSpec(axes={-1: 4}), make((2, 5)))


def test_structures_of_specs() -> None:
    specs = [InputSpec(ndim=1), None]
    assert_input("two", specs, [torch.zeros(2), torch.zeros(2, 2)])
    with pytest.raises(ValueError, match="1 dimensions"):
        assert_input("two", specs, [torch.zeros(2, 2), torch.zeros(2)])
    with pytest.raises(ValueError, match="2 inputs.*1 inputs"):
        assert_input("two", specs, torch.zeros(2))


def test_no_spec_and_no_tensor() -> None:
    assert_input("any", None, torch.zeros(2))
    assert_input("none", InputSpec(ndim=1), None)


def test_config_round_trip() -> None:
    spec = InputSpec(shape=(None, 3), axes={-1: 3})
    assert InputSpec.from_config(spec.get_config()).get_config() == spec.get_config()


def test_a_squeezable_last_axis() -> None:
    assert InputSpec(ndim=2, allow_last_axis_squeeze=True).problem((2,)) is None
