"""Torch modules, rebuilt or handed in."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import kerastorch as keras
from kerastorch import layers
from kerastorch.convert import network
from kerastorch.convert.layers.modules import rebuilt
from kerastorch.convert.layers.writer import Writer
from tests.convert.running import check_format, classes, same


class Block(nn.Module):
    def __init__(self, width: int, scale: float = 1.0) -> None:
        super().__init__()
        self.width, self.scale = width, scale
        self.line = nn.Linear(width, width)

    def forward(self, x: Any) -> Any:
        return self.line(x) * self.scale


class Hidden(nn.Module):
    def __init__(self, units: int) -> None:
        super().__init__()
        self.line = nn.Linear(units, 2)

    def forward(self, x: Any) -> Any:
        return self.line(x)


@pytest.mark.parametrize(
    ("module", "written"),
    [
        (nn.Linear(3, 4), "nn.Linear(in_features=3, out_features=4)"),
        (nn.Conv1d(3, 4, 3, padding="same"), 'nn.Conv1d(3, 4, kernel_size=(3,), stride=(1,), padding="same")'),
        (nn.Sequential(nn.Sequential(nn.GELU("tanh"))), 'nn.Sequential(nn.Sequential(nn.GELU(approximate="tanh")))'),
        (nn.SmoothL1Loss(beta=0.5), "nn.SmoothL1Loss(beta=0.5)"),
        (nn.LSTM(3, 4, batch_first=True), "nn.LSTM(3, 4, batch_first=True)"),
        (Block(3, scale=2.0), "Block(width=3, scale=2.0)"),
    ],
)  # fmt: skip
def test_rebuilt(module: nn.Module, written: str) -> None:
    assert rebuilt(Writer(), module) == written


def test_in_a_model() -> None:
    wrapped = layers.TorchModuleWrapper(nn.Sequential(nn.Linear(6, 8), nn.PReLU()))
    stack = [keras.Input((6,)), wrapped, nn.LayerNorm(8), Block(8, 0.5), nn.Sequential(nn.Linear(8, 3), nn.Tanh())]
    source = same(keras.Sequential(stack), torch.randn(2, 6))
    assert 'self.torch_module_wrapper["module"](x)' in source.text
    check_format(source.file())


@pytest.mark.parametrize("module", [Hidden(5), nn.TransformerEncoderLayer(5, 1, batch_first=True)], ids=repr)
def test_what_cannot_be_rebuilt_is_handed_in(module: nn.Module) -> None:
    shape = (5,) if isinstance(module, Hidden) else (3, 5)
    model = keras.Sequential([keras.Input(shape), module])
    source = network(model)
    assert "hand it to the class" in source.notes[0]

    made = classes(source.file())["Network"](module)
    made.load_state_dict(model.state_dict())
    x = torch.randn(2, *shape)
    assert torch.equal(made.eval()(x), model(x))
