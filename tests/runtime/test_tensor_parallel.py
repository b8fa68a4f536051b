"""Checks before anything starts; what the ranks compute is tried in tests/distribution."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from kerastorch.runtime.tensor_parallel import TensorParallel
from kerastorch.runtime.world import World


def _distribution(shape: tuple[int, ...]) -> Any:
    mesh = SimpleNamespace(shape=shape, axis_names=["batch", "model"], devices=np.zeros(shape))
    return SimpleNamespace(device_mesh=mesh, batch_dim_name="batch")


@pytest.mark.parametrize("given", [None, "mesh", _distribution((2, 4))])
def test_a_distribution_for_so_many_ranks_is_needed(given: Any) -> None:
    with pytest.raises(ValueError, match="Strategy tensor: expected a distribution whose mesh has 4 devices"):
        TensorParallel(torch.device("cpu"), World(0, 4, 0, 4, ("127.0.0.1", 0)), distribution=given)


def test_the_copies_of_a_part_take_the_same_rows() -> None:
    worlds = [World(rank, 4, rank, 4, ("127.0.0.1", 0)) for rank in range(4)]
    made = [TensorParallel(torch.device("cpu"), w, distribution=_distribution((2, 2))) for w in worlds]
    assert [strategy.part for strategy in made] == [(0, 2), (0, 2), (1, 2), (1, 2)]
    assert [strategy.rank for strategy in made] == [0, 1, 2, 3]
