"""What emitters see of a call."""

from __future__ import annotations

import pytest
import torch

from kerastorch.convert.layers.call import Call, Value
from kerastorch.convert.layers.writer import Writer
from kerastorch.nn.keras_tensor import KerasTensor


def made(rank: int) -> tuple[Call, Value]:
    tensor = KerasTensor((None, *range(2, rank + 1)))
    value = Value("x", tensor.shape)
    return Call(Writer(), None, "key", (tensor,), {}, {id(tensor): value}, tensor.shape, str, str), value


@pytest.mark.parametrize("rank", [3, 4, 5])
def test_turning_there_and_back(rank: int) -> None:
    call, value = made(rank)
    x = torch.randn(*range(1, rank + 1))
    assert call.first() == "x" and value.first
    (line,) = call.writer.forward
    turned = eval(line.partition(" = ")[2], {"x": x})
    assert torch.equal(turned, x.movedim(-1, 1))
    assert torch.equal(eval(call.plain(), {"x": turned}), x)
    assert call.first() == "x" and len(call.writer.forward) == 1


def test_results() -> None:
    call, _ = made(3)
    assert call.same("F.relu(x)").first is False and call.me == "self.key" and call.mask is None
    call.first()
    assert call.same("F.relu(x)").first is True
    assert "import torch.nn.functional as F" in call.writer.imports
