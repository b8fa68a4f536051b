"""Exports, and the arguments that a checkpoint gives back."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import kerastorch.lightning as pl
from kerastorch.lightning.files import arguments_of
from tests.lightning import parity


def test_exports(tmp_path: Path) -> None:
    class Small(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Linear(3, 2)
            self.example_input_array = torch.ones(1, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.net(x)

    module = Small()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls TorchScript deprecated
        module.to_torchscript(tmp_path / "a.pt", method="trace")
        again: Any = torch.jit.load(tmp_path / "a.pt")
        scripted = module.to_torchscript()
    assert torch.equal(scripted(torch.ones(2, 3)), module(torch.ones(2, 3)))
    assert torch.equal(again(torch.ones(1, 3)), module(torch.ones(1, 3))) and module.training
    with pytest.raises(ValueError, match="method"):
        module.to_torchscript(method="scripting")
    module.example_input_array = None
    with pytest.raises(ValueError, match="example_input_array"):
        module.to_torchscript(method="trace")


def test_arguments_of() -> None:
    class Keywords(pl.LightningModule):
        def __init__(self, a: int = 1, **rest: Any) -> None:
            super().__init__()

    class One(pl.LightningModule):
        def __init__(self, hparams: Any, more: int = 0) -> None:
            super().__init__()

    assert arguments_of(One, {"lr": 1}, "hparams", {"more": 2}) == {"hparams": {"lr": 1}, "more": 2}
    assert arguments_of(Keywords, {"a": 1, "b": 2}, "kwargs", {}) == {"a": 1, "b": 2}
    assert arguments_of(parity.autoencoder(pl), {"width": 3, "gone": 1}, "kwargs", {}) == {"width": 3}
