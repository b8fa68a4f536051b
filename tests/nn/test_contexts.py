"""What surrounds a call: training mode and the depth of calls."""

from __future__ import annotations

import pytest
from torch import nn

from kerastorch.nn.contexts import counted, mode
from kerastorch.nn.tracking import live


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("wanted", [True, False, None, 1, 0])
def test_a_mode_holds_for_one_call(before: bool, wanted: bool | int | None) -> None:
    frozen = nn.Dropout()
    module = nn.Sequential(frozen, nn.Dropout()).train(before)
    frozen.eval()
    with mode(module, wanted):
        assert module.training is (before if wanted is None else bool(wanted))
        if wanted is not None and bool(wanted) is not before:
            assert frozen.training is bool(wanted)
    assert module.training is before and not frozen.training


def test_a_mode_ends_with_an_error() -> None:
    module = nn.Dropout().eval()
    with pytest.raises(RuntimeError), mode(module, True):
        raise RuntimeError
    assert not module.training


def test_calls_are_counted_by_depth() -> None:
    start = live.depth
    with counted():
        with counted():
            assert live.depth == start + 2
        assert live.depth == start + 1
    with pytest.raises(RuntimeError), counted():
        raise RuntimeError
    assert live.depth == start
