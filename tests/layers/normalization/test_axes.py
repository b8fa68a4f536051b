"""Looking at any axis as the channel dimension, without copies."""

from __future__ import annotations

import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kerastorch.layers.normalization.axes import ChannelsSecond, channels_second


@given(shape=st.lists(st.integers(1, 4), min_size=2, max_size=6), data=st.data())
def test_there_and_back(shape: list[int], data: st.DataObject) -> None:
    axis = data.draw(st.integers(1 - len(shape), len(shape) - 1))
    view, x = ChannelsSecond(axis, len(shape)), torch.randn(shape)
    moved = view.forward(x)
    assert moved.shape[1] == x.shape[axis] and moved.numel() == x.numel()
    assert moved.data_ptr() == x.data_ptr()
    assert torch.equal(view.back(moved), x)


@pytest.mark.parametrize("shape", [(2, 5, 3), (2, 4, 5, 3), (2, 4, 4, 5, 3)])
def test_channels_last_becomes_torchs_memory_format(shape: tuple[int, ...]) -> None:
    view = ChannelsSecond(-1, len(shape))
    moved = view.forward(torch.randn(shape))
    memory_format = torch.channels_last if moved.ndim == 4 else torch.channels_last_3d
    assert moved.is_contiguous(memory_format=memory_format)
    assert view.back(moved).is_contiguous()


def test_nothing_to_do_and_pickling() -> None:
    assert channels_second(1, 4) is None and channels_second(-1, 2) is None
    view = pickle.loads(pickle.dumps(ChannelsSecond(-1, 3)))
    assert view.adds_dimension and view.forward(torch.zeros(2, 5, 3)).shape == (2, 3, 1, 5)
