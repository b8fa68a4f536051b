"""An autoencoder as a LightningModule: train it, save it, load it, and use its encoder alone.

    python examples/lightning_autoencoder.py
    tensorboard --logdir runs/lightning_autoencoder

It runs under PyTorch Lightning too: there the third import below reads `import lightning.pytorch as pl`.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import torch
from mnist_data import datasets
from torch import nn
from torch.utils.data import DataLoader
from torchvision.utils import make_grid, save_image

import kerastorch.lightning as pl


class Autoencoder(pl.LightningModule):
    """Squeezes an image into a few numbers, and draws it again from them."""

    def __init__(self, size: int = 16, learning_rate: float = 1e-3):
        super().__init__()
        self.save_hyperparameters()  # `size` and `learning_rate` go into checkpoints; here they are `self.hparams`
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 128), nn.ReLU(), nn.Linear(128, size))
        self.decoder = nn.Sequential(nn.Linear(size, 128), nn.ReLU(), nn.Linear(128, 28 * 28), nn.Sigmoid())
        self.example_input_array = torch.zeros(1, 1, 28, 28)  # what exports are traced with

    def forward(self, x):
        """What the module is used for when it is trained: images (n, 1, 28, 28) to embeddings (n, size)."""
        return self.encoder(x)

    def reconstruct(self, x):
        """Images to images."""
        return self.decoder(self.encoder(x)).view_as(x)

    def training_step(self, batch, batch_idx):
        """The loss of a batch; the Trainer does the rest: gradients, update, devices, precision."""
        x, _ = batch
        loss = nn.functional.mse_loss(self.reconstruct(x), x)
        self.log("train_loss", loss, prog_bar=True)
        return loss

    def test_step(self, batch, batch_idx):
        """What is logged here is averaged over the test images."""
        x, _ = batch
        self.log("test_loss", nn.functional.mse_loss(self.reconstruct(x), x))

    def configure_optimizers(self):
        """Which parameters are trained, and how."""
        return torch.optim.Adam(self.parameters(), lr=self.hparams.learning_rate)


def export(module: Autoencoder, images: torch.Tensor, folder: Path) -> None:
    """Write `forward` for places without this class, or without Python: as TorchScript and as ONNX."""
    warnings.filterwarnings("ignore", "`torch.jit", FutureWarning)  # torch would rather have `torch.export` today
    module.to_torchscript(folder / "encoder.pt")
    loaded = torch.jit.load(folder / "encoder.pt")
    print(f"TorchScript: {folder / 'encoder.pt'}, differs by {(loaded(images) - module(images)).abs().max():.1g}")
    try:
        module.to_onnx(folder / "encoder.onnx")
        print(f"ONNX: {folder / 'encoder.onnx'}")
    except ImportError as error:
        print(f"ONNX: left out ({error}); `pip install onnx onnxscript` adds it")


def main() -> None:
    """Train, test, load, embed, draw, export."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="auto", help="auto (MNIST, else the bundled digits) or an .npz with MNIST")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--out", type=Path, default=Path("runs/lightning_autoencoder"), help="folder of all files")
    parser.add_argument("--small", action="store_true", help="take 512 images only: does everything run?")
    arguments = parser.parse_args()
    train, test = datasets(arguments.data, arguments.small)

    # 1. Train. The Trainer logs to out/lightning_logs/version_N, and keeps a checkpoint there.
    pl.seed_everything(0)
    trainer = pl.Trainer(max_epochs=arguments.epochs, default_root_dir=arguments.out, log_every_n_steps=10)
    trainer.fit(Autoencoder(), DataLoader(train, arguments.batch_size, shuffle=True))
    folder = Path(trainer.log_dir)

    # 2. Make it anew from the checkpoint: with the same hyperparameters and the trained weights.
    module = Autoencoder.load_from_checkpoint(trainer.checkpoint_callback.best_model_path).eval()
    figures = trainer.test(module, DataLoader(test, arguments.batch_size), verbose=False)
    print(f"Test loss: {figures[0]['test_loss']:.4f} (mean squared difference of a pixel)")

    # 3. Use it. Called, it embeds; and its parts are plain torch modules, which need no Trainer.
    images = test.tensors[0][:16]
    with torch.no_grad():
        embeddings = module(images)
        drawn = module.decoder(module.encoder(images)).view_as(images)
        print(f"Embeddings: {tuple(images.shape)} to {tuple(embeddings.shape)}")
        save_image(torch.cat([images, drawn]), folder / "digits.png", nrow=16)
        print(f"Digits, above as they are and below as drawn: {folder / 'digits.png'}")
        trainer.logger.experiment.add_image("digits", make_grid(torch.cat([images, drawn]), nrow=16))
        export(module, images, folder)
    print(f"Logs: tensorboard --logdir {arguments.out}")


if __name__ == "__main__":
    main()
