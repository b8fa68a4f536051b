"""The GAN on real MNIST: both styles and real Lightning give the same losses, and its digits are recognised."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from kerastorch import datasets
from tests.examples import running
from tests.lightning import parity

SCRIPT = "lightning_gan.py"
STEPS = 2880 * 11 // 12 // 64  # batches of an epoch


@pytest.fixture(scope="module")
def data(mnist_path: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    return running.part_of_mnist(mnist_path, tmp_path_factory.mktemp("mnist") / "part.npz", 2880, 10)


def run(style: str, data: str, folder: Path, epochs: int = 2, real: bool = False) -> Any:
    """Run the script; its names with `losses`, those of the generator and of the discriminator in turn."""
    names = running.load(SCRIPT, real)
    names.GAN.__init__.__defaults__ = (8, 4, 1e-3, None)  # smaller networks
    names.losses = []

    def log(self: Any, name: str, value: Any, **how: Any) -> None:
        if name in ("g_loss", "d_loss"):
            names.losses.append((name, value.item()))
        names.pl.LightningModule.log(self, name, value, **how)

    names.GAN.log = log
    options = ("--data", data, "--style", style, "--epochs", epochs, "--out", folder)
    with running.arguments(SCRIPT, *options), parity.quiet():
        names.main()
    return names


def pictures(folder: Path) -> list[tuple[int, np.ndarray]]:
    """The images in the event files, each with its step."""
    found = running._read(folder).Images("drawn")
    return [(one.step, np.asarray(Image.open(BytesIO(one.encoded_image_string)))) for one in found]


def test_both_styles_and_real_lightning_learn_the_same(data: str, tmp_path: Path) -> None:
    runs = (("manual", False), ("optimizer_idx", False), ("manual", True))
    folders = [tmp_path / str(number) for number in range(3)]
    manual, indexed, real = (
        run(style, data, folder, real=there) for (style, there), folder in zip(runs, folders, strict=True)
    )
    assert [name for name, _ in manual.losses] == ["g_loss", "d_loss"] * 2 * STEPS
    assert manual.losses == indexed.losses == real.losses
    logs = [folder / "lightning_logs" / "version_0" for folder in folders]
    assert [len(running.events(logs[0])[name]) for name in ("g_loss", "d_loss", "val_real")] == [1, 1, 2]
    for log in logs[1:]:
        running.check_equal(logs[0], log)
    assert all((log / "checkpoints" / f"epoch=1-step={4 * STEPS}.ckpt").is_file() for log in logs)  # updates
    drawn = [pictures(log) for log in logs]
    assert [step for step, _ in drawn[0]] == [0, 1]
    for others in drawn[1:]:
        assert all(a[0] == b[0] and np.array_equal(a[1], b[1]) for a, b in zip(drawn[0], others, strict=True))
    assert not np.array_equal(drawn[0][0][1], drawn[0][1][1])
    for number, (_, picture) in enumerate(drawn[0]):
        with Image.open(folders[0] / f"epoch_{number:02d}.png") as image:
            assert image.size == (8 * 30 + 2, 8 * 30 + 2)
            assert np.abs(np.asarray(image, "int16") - picture).max() <= 1  # TensorBoard does not round


def test_the_older_style_is_told_the_new_one(data: str, tmp_path: Path) -> None:
    names = running.load(SCRIPT)
    options = ("--small", "--data", data, "--style", "optimizer_idx", "--epochs", 1, "--out", tmp_path)
    with running.arguments(SCRIPT, *options), pytest.warns(DeprecationWarning) as told:
        names.main()
    assert len(told) == 1 and "`optimizer_idx` of training_step: set `self.automatic_opt" in str(told[0].message)


def test_the_data_module(mnist_path: str, data: str) -> None:
    names = running.load(SCRIPT)
    whole = names.MNIST(mnist_path)
    whole.setup("fit")
    assert (len(whole.train), len(whole.val)) == (55000, 5000)
    assert sorted([*whole.train.indices, *whole.val.indices]) == list(range(60000))
    images, labels = next(iter(whole.val_dataloader()))
    assert images.shape == (500, 1, 28, 28) and (images.min(), images.max()) == (-1, 1) and labels.dtype == torch.int64
    small = names.MNIST(data, small=True)
    small.setup("fit")
    assert (len(small.train), len(small.val)) == (470, 42)


def classifier(path: str) -> nn.Module:
    """A small convnet that knows MNIST's digits, values from -1 to 1."""
    (x, y), (x_test, y_test) = datasets.mnist.load_data(path=path)
    images, labels = torch.from_numpy(x).unsqueeze(1).float() / 127.5 - 1, torch.from_numpy(y).long()
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(), nn.Flatten(),
        nn.Linear(32 * 49, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip
    optimizer = torch.optim.Adam(net.parameters(), 2e-3)
    for rows in torch.randperm(len(x)).split(128):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(images[rows]), labels[rows]).backward()
        optimizer.step()
    with torch.no_grad():
        found = net(torch.from_numpy(x_test).unsqueeze(1).float() / 127.5 - 1).argmax(1)
    assert (found == torch.from_numpy(y_test)).float().mean() > 0.96
    return net


@torch.no_grad()
def recognised(judge: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """How many images of each digit the classifier is sure of."""
    chances = judge(images).softmax(1)
    return chances.argmax(1)[chances.amax(1) > 0.9].bincount(minlength=10)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_digits_are_recognised(mnist_path: str, tmp_path: Path) -> None:
    names = running.load(SCRIPT)
    names.pl.seed_everything(42)
    model = names.ManualGAN(out=tmp_path)
    trainer = names.pl.Trainer(max_epochs=3, default_root_dir=tmp_path, enable_progress_bar=False)
    with torch.no_grad():
        untrained = model.eval()(torch.randn(1000, 32))
    trainer.fit(model.train(), datamodule=names.MNIST(mnist_path))
    judge = classifier(mnist_path)
    with torch.no_grad():
        digits = model.eval()(torch.randn(1000, 32))
    counts = recognised(judge, digits)
    assert counts.sum() > 400 and (counts > 10).all()
    assert (recognised(judge, untrained) > 10).sum() < 3
    assert [step for step, _ in pictures(tmp_path / "lightning_logs" / "version_0")] == [0, 1, 2]
    assert (tmp_path / "epoch_02.png").is_file()
