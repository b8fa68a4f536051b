"""A GAN that learns to draw MNIST's digits: two networks, two optimizers, written in today's way and in that of 2019.

    python examples/lightning_gan.py
    python examples/lightning_gan.py --style optimizer_idx
    tensorboard --logdir runs/lightning_gan

A generator turns noise into images; a discriminator tells them from real ones. Each learns from the other's mistakes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from mnist_data import datasets
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset, random_split
from torchvision.utils import make_grid, save_image

import kerastorch.lightning as pl


class MNIST(pl.LightningDataModule):
    """The training images in batches, with values from -1 to 1; one in twelve is kept for validation."""

    def __init__(self, data: str = "auto", batch_size: int = 64, small: bool = False):
        super().__init__()
        self.data, self.batch_size, self.small = data, batch_size, small

    def prepare_data(self) -> None:
        datasets(self.data)  # downloads where that is needed, in one process only

    def setup(self, stage: str) -> None:
        images, labels = datasets(self.data, self.small)[0].tensors
        held_out = len(images) // 12  # of 60,000: 55,000 and 5,000
        parts = [len(images) - held_out, held_out]
        chance = torch.Generator().manual_seed(0)
        self.train, self.val = random_split(TensorDataset(2 * images - 1, labels), parts, chance)

    def train_dataloader(self) -> DataLoader:
        return DataLoader(self.train, self.batch_size, shuffle=True, drop_last=True)

    def val_dataloader(self) -> DataLoader:
        return DataLoader(self.val, 500)


def generator(latent: int, width: int) -> nn.Sequential:
    """Noise of (n, latent) to images of (n, 1, 28, 28)."""
    return nn.Sequential(
        nn.Linear(latent, 2 * width * 7 * 7),
        nn.Unflatten(1, (2 * width, 7, 7)),
        nn.BatchNorm2d(2 * width),
        nn.ReLU(),
        nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1),  # 14 x 14
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.ConvTranspose2d(width, 1, 4, stride=2, padding=1),  # 28 x 28
        nn.Tanh(),
    )


def discriminator(width: int) -> nn.Sequential:
    """Images of (n, 1, 28, 28) to (n, 1): the logit of "this one is real"."""
    return nn.Sequential(
        nn.Conv2d(1, width, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(width, 2 * width, 4, stride=2, padding=1),
        nn.BatchNorm2d(2 * width),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(2 * width * 7 * 7, 1),
    )


def start_small(layer: nn.Module) -> None:
    """Draw a layer's weights from a narrow normal distribution, with which GANs learn steadily."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(layer.weight, std=0.02)


class GAN(pl.LightningModule):
    """What both styles share: the networks, the two losses, the two optimizers, and pictures after each epoch."""

    def __init__(self, latent: int = 32, width: int = 32, lr: float = 1e-3, out: str | Path | None = None):
        super().__init__()
        self.save_hyperparameters(ignore="out")
        self.generator = generator(latent, width).apply(start_small)
        self.discriminator = discriminator(width).apply(start_small)
        self.register_buffer("noise", torch.randn(64, latent))  # the same for all pictures, to compare them
        self.out = out

    def forward(self, noise: Tensor) -> Tensor:
        return self.generator(noise)

    def fakes(self, images: Tensor) -> Tensor:
        """As many drawn images as there are real ones."""
        return self(torch.randn(len(images), self.hparams.latent, device=self.device))

    def generator_loss(self, images: Tensor) -> Tensor:
        """Small where the discriminator takes the drawn images for real."""
        logits = self.discriminator(self.fakes(images))
        loss = functional.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))
        self.log("g_loss", loss, prog_bar=True)
        return loss

    def discriminator_loss(self, images: Tensor) -> Tensor:
        """Small where the discriminator knows real images and drawn ones."""
        real, fake = self.discriminator(images), self.discriminator(self.fakes(images).detach())
        loss = (
            functional.binary_cross_entropy_with_logits(real, torch.ones_like(real))
            + functional.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
        ) / 2
        self.log("d_loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """How real the held-out digits look: far less than those of training means that those are known by heart."""
        self.log("val_real", self.discriminator(batch[0]).sigmoid().mean(), prog_bar=True)

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        parts = (self.generator, self.discriminator)
        return [torch.optim.Adam(part.parameters(), lr=self.hparams.lr, betas=(0.5, 0.999)) for part in parts]

    def on_train_epoch_end(self) -> None:
        self.generator.eval()
        with torch.no_grad():
            grid = make_grid(self(self.noise), normalize=True, value_range=(-1, 1))
        self.generator.train()
        if self.logger is not None:
            self.logger.experiment.add_image("drawn", grid, self.current_epoch)
        if self.out is not None:
            save_image(grid, Path(self.out) / f"epoch_{self.current_epoch:02d}.png")


class ManualGAN(GAN):
    """Today's way: the step makes both updates by itself."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.automatic_optimization = False

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        images, _ = batch
        losses = self.generator_loss, self.discriminator_loss
        for optimizer, loss in zip(self.optimizers(), losses, strict=True):
            self.toggle_optimizer(optimizer)  # only its own parameters get gradients
            optimizer.zero_grad()
            self.manual_backward(loss(images))
            optimizer.step()
            self.untoggle_optimizer(optimizer)


class IndexedGAN(GAN):
    """The way of earlier years: the step is called once for each optimizer, and the Trainer makes the updates.

    Real Lightning has refused this since 2.0; here it runs, with a line that says what to write today.
    """

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int, optimizer_idx: int) -> Tensor:
        images, _ = batch
        return self.generator_loss(images) if optimizer_idx == 0 else self.discriminator_loss(images)


STYLES = {"manual": ManualGAN, "optimizer_idx": IndexedGAN}


def main() -> None:
    """Train, and say where the pictures are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="auto", help="auto (MNIST, else the bundled digits) or an .npz with MNIST")
    parser.add_argument("--style", choices=STYLES, default="manual")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--small", action="store_true", help="take few images only: does everything run?")
    parser.add_argument("--out", type=Path, default=Path("runs/lightning_gan"), help="folder of pictures and logs")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)

    pl.seed_everything(42)
    model = STYLES[arguments.style](out=arguments.out)
    trainer = pl.Trainer(max_epochs=arguments.epochs, default_root_dir=arguments.out)
    trainer.fit(model, datamodule=MNIST(arguments.data, small=arguments.small))
    print(f"Pictures: {arguments.out}/epoch_*.png; logs: {trainer.log_dir}")


if __name__ == "__main__":
    main()
