"""Parts of tensors: which there are, and whether they make a whole."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from kerastorch.saving import pieces
from kerastorch.saving.pieces import Entry, Piece


def test_of_equal_parts_the_first_ranks_is_kept() -> None:
    def told(*piece: Any) -> dict[str, Any]:
        return {"w": ((3, 2), "float32", Piece(*piece))}

    held = [told((0, 0), (2, 2)), told((0, 0), (2, 2)), told((2, 0), (1, 2)), told((3, 0), (0, 2))]
    found = pieces.entries_of(["a", "b", "c", "d"], held)
    assert found == {"w": Entry((3, 2), "float32", [Piece((0, 0), (2, 2), "a"), Piece((2, 0), (1, 2), "c")])}
    with pytest.raises(ValueError, match=r"Tensor 'w' .*whole of shape \(3, 2\), received parts of 4 values"):
        pieces.entries_of(["a"], held[:1])


@pytest.mark.parametrize("piece", [[[0], [4], "a"], [[-1], [3], "a"], [[1], [3], "a"], [[0, 0], [3, 1], "a"]])
def test_a_part_outside_its_tensor_is_refused(piece: Any) -> None:
    with pytest.raises(ValueError, match="make up the whole"):
        pieces.entry_of("w", {"shape": [3], "dtype": "float32", "pieces": [piece]})


def test_only_tensors_and_plain_values_are_taken() -> None:
    class Extra(nn.Linear):
        optimizer: Any = None

        def get_extra_state(self) -> Any:
            return {"some": "object"}

    with pytest.raises(TypeError, match="'_extra_state' of a model's state dict: expected a tensor"):
        pieces.collect(Extra(2, 1))
    net: Any = nn.Linear(2, 1)
    net.optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    net.optimizer.param_groups[0]["odd"] = {1}
    with pytest.raises(TypeError, match="'groups/0/odd' of a model's optimizer"):
        pieces.collect(net)
    net.optimizer = torch.optim.SGD(nn.Linear(2, 1).parameters(), lr=0.1)
    with pytest.raises(ValueError, match="optimizer: expected parameters of the model"):
        pieces.collect(net)
