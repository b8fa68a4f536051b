"""The autoencoder of the quick start, on real MNIST: as under real Lightning, and every file it leaves is read."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader

import kerastorch.lightning as pl
from tests.examples import running

SCRIPT = "lightning_autoencoder.py"


@pytest.fixture(scope="module")
def data(mnist_path: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    return running.part_of_mnist(mnist_path, tmp_path_factory.mktemp("mnist") / "part.npz")


@pytest.fixture(scope="module")
def out(data: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with two epochs."""
    folder = tmp_path_factory.mktemp("autoencoder")
    running.run(SCRIPT, "--data", data, "--epochs", 2, "--out", folder)
    return folder / "lightning_logs" / "version_0"


def test_as_under_real_lightning(data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found, logs = [], []
    for real in (False, True):
        folder = tmp_path / str(real)
        names = running.run(SCRIPT, "--data", data, "--epochs", 2, "--out", folder, real=real, module="Autoencoder")
        said = [line for line in capsys.readouterr().out.splitlines() if line.startswith(("Test loss", "Embeddings"))]
        logs.append(log := folder / "lightning_logs" / "version_0")
        files = {str(path.relative_to(log)) for path in log.rglob("*") if "tfevents" not in path.name}
        found.append((names.losses, said, running.images(log), files))
    assert found[0] == found[1]
    running.check_equal(*logs)
    losses, said, images, files = found[0]
    assert len(losses) == 64 and np.mean(losses[-8:]) < 0.5 * losses[0]
    assert len(said) == 2 and images == {"digits": (16 * 30 + 2, 2 * 30 + 2)}
    assert {"hparams.yaml", "digits.png", "encoder.pt", "checkpoints/epoch=1-step=64.ckpt"} <= files
    figures = running.events(logs[0])
    assert len(figures["train_loss"]) == 6 and len(figures["test_loss"]) == 1


def test_the_parts_work_alone(out: Path, data: str) -> None:
    names = running.load(SCRIPT)
    path = out / "checkpoints" / "epoch=1-step=64.ckpt"
    module = names.Autoencoder.load_from_checkpoint(path, weights_only=True).eval()
    assert dict(module.hparams) == {"size": 16, "learning_rate": 1e-3}
    images = names.datasets(data)[1].tensors[0][:5]
    assert type(module.encoder) is nn.Sequential and isinstance(module.encoder, nn.Module)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # torch calls TorchScript deprecated
        script: Any = torch.jit.load(out / "encoder.pt")
    with torch.no_grad():
        embeddings = module(images)
        assert embeddings.shape == (5, 16)
        assert torch.equal(module.encoder(images), embeddings)
        assert torch.allclose(script(images), embeddings, atol=1e-6)
        drawn = module.reconstruct(images)
    assert drawn.shape == images.shape and (drawn - images).square().mean() < 0.08


def test_the_picture_shows_digits_and_what_was_drawn(out: Path, data: str) -> None:
    with Image.open(out / "digits.png") as image:
        grid = np.asarray(image.convert("L")) / 255
    images = running.load(SCRIPT).datasets(data)[1].tensors[0][:16, 0].numpy()
    for number, digit in enumerate(images):
        left = 2 + 30 * number
        above, below = grid[2:30, left : left + 28], grid[32:60, left : left + 28]
        assert np.abs(above - digit).max() < 0.005
        assert 0 < np.square(below - digit).mean() < 0.15


def test_goes_on_from_a_checkpoint(data: str, tmp_path: Path) -> None:
    names = running.load(SCRIPT)

    def fit(epochs: int, ckpt_path: Any = None) -> Any:
        pl.seed_everything(1)
        module = names.Autoencoder()
        quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
        trainer = pl.Trainer(max_epochs=epochs, default_root_dir=tmp_path / str(epochs), **quiet)
        trainer.fit(module, DataLoader(names.datasets(data, True)[0], 64, shuffle=True), ckpt_path=ckpt_path)
        return module, trainer.checkpoint_callback.best_model_path

    whole, _ = fit(3)
    _, path = fit(1)
    resumed, _ = fit(3, path)
    assert all(map(torch.equal, whole.state_dict().values(), resumed.state_dict().values()))


@pytest.mark.parametrize("there", [True, False])
def test_onnx_is_optional(there: bool, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    if there and not all(map(importlib.util.find_spec, ("onnx", "onnxscript"))):
        pytest.skip("needs onnx and onnxscript")
    if not there:

        def missing(*args: Any, **kwargs: Any) -> NoReturn:
            raise ModuleNotFoundError("No module named 'onnxscript'")

        monkeypatch.setattr(torch.onnx, "export", missing)
    names = running.load(SCRIPT)
    module = names.Autoencoder.load_from_checkpoint(out / "checkpoints" / "epoch=1-step=64.ckpt").eval()
    with torch.no_grad():
        names.export(module, torch.zeros(1, 1, 28, 28), tmp_path)
    assert (tmp_path / "encoder.onnx").is_file() is there
    assert ("pip install onnx onnxscript" in capsys.readouterr().out) is not there


@pytest.mark.slow
def test_all_of_mnist(mnist_path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    running.run(SCRIPT, "--data", mnist_path, "--epochs", 2, "--out", tmp_path)
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("Test loss: "))
    assert float(line.split()[2]) < 0.02  # measured: 0.0172
