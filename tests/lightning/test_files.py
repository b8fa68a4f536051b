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


class Judge(pl.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Linear(10, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.5))
        self.head = nn.Linear(6, 3)
        self.example_input_array = torch.randn(2, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.net(x))

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        return nn.functional.cross_entropy(self(batch[0]), batch[1])

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """A module with running statistics, which is in a Trainer."""
    module, _, _ = parity.run(pl, lambda lib: Judge, tmp_path_factory.mktemp("fitted"), parity.data(), max_epochs=1)
    return module  # type: ignore[no-any-return]


@pytest.mark.parametrize("method", ["script", "trace"])
def test_torchscript_of_a_fitted_module(method: str, fitted: Judge, tmp_path: Path) -> None:
    x = torch.randn(5, 10)
    wanted, trainer = fitted.eval()(x), fitted.trainer
    fitted.train()
    with parity.quiet():
        made = fitted.to_torchscript(tmp_path / "a.pt", method=method)
        again: Any = torch.jit.load(tmp_path / "a.pt")  # type: ignore[no-untyped-call]
    assert torch.equal(made(x), wanted) and torch.equal(again(x), wanted)
    assert fitted.training and fitted.trainer is trainer


@pytest.mark.parametrize("dynamo", [True, False], ids=["exported", "traced"])
def test_onnx_in_another_runtime(dynamo: bool, fitted: Judge, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    how: dict[str, Any] = {"dynamic_axes": {"x": {0: "rows"}}}
    if dynamo:
        how = {"dynamic_shapes": {"x": {0: torch.export.Dim("rows", min=1, max=1024)}}}
    with parity.quiet():
        fitted.to_onnx(tmp_path / "a.onnx", dynamo=dynamo, input_names=["x"], output_names=["y"], **how)
    session = runtime.InferenceSession(tmp_path / "a.onnx", providers=["CPUExecutionProvider"])
    x = torch.randn(7, 10)
    (found,) = session.run(["y"], {"x": x.numpy()})
    assert fitted.training
    wanted = fitted.eval()(x)
    fitted.train()
    assert abs(torch.from_numpy(found) - wanted).max() < 1e-5


def test_arguments_that_a_checkpoint_cannot_hold(tmp_path: Path) -> None:
    class Holding(Judge):
        def __init__(self, net: Any, width: int = 2) -> None:
            super().__init__()
            self.save_hyperparameters()

    _, trainer, _ = parity.run(pl, lambda lib: lambda: Holding(nn.Identity()), tmp_path, parity.data(16), max_epochs=1)
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    with pytest.raises(TypeError, match=r"does not hold \(net\).*load_from_checkpoint\(path, net=...\)"):
        Holding.load_from_checkpoint(tmp_path / "a.ckpt")
    assert Holding.load_from_checkpoint(tmp_path / "a.ckpt", net=nn.Identity()).hparams.width == 2
