"""The example with which PyTorch Lightning was announced in 2019, in the words of that year; each is told its new one.

    python examples/lightning_2019.py

This is the same module as it is written today:

    class CoolModel(pl.LightningModule):
        def __init__(self, data="auto", small=False):
            super().__init__()
            self.train_set, self.test_set = datasets(data, small)
            self.layer = nn.Linear(28 * 28, 10)

        def forward(self, x):
            return self.layer(x.flatten(1))

        def training_step(self, batch, batch_idx):
            x, y = batch
            loss = functional.cross_entropy(self(x), y)
            self.log("train_loss", loss, prog_bar=True)
            return loss

        def validation_step(self, batch, batch_idx):
            x, y = batch
            logits = self(x)
            self.log("val_loss", functional.cross_entropy(logits, y), prog_bar=True)
            self.log("val_accuracy", (logits.argmax(1) == y).float().mean(), prog_bar=True)

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), lr=2e-3)

        def train_dataloader(self):
            return DataLoader(self.train_set, batch_size=32, shuffle=True)

        def val_dataloader(self):
            return DataLoader(self.test_set, batch_size=500)


    logger = pl.loggers.TensorBoardLogger("runs/lightning_2019", name="cool_model")
    trainer = pl.Trainer(max_epochs=3, limit_train_batches=0.5, logger=logger)
    trainer.fit(CoolModel())
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from mnist_data import datasets
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader

import kerastorch.lightning as pl


class CoolModel(pl.LightningModule):
    """A linear classifier of MNIST's digits."""

    def __init__(self, data="auto", small=False):
        super().__init__()
        self.train_set, self.test_set = datasets(data, small)
        self.layer = nn.Linear(28 * 28, 10)

    def forward(self, x):
        return self.layer(x.flatten(1))

    def training_step(self, batch, batch_nb):  # today: batch_idx
        x, y = batch
        loss = functional.cross_entropy(self.forward(x), y)
        # Figures were returned; today they are told by `self.log`, wherever they arise.
        return {"loss": loss, "progress_bar": {"train_loss": loss}, "log": {"train_loss": loss}}

    def validation_step(self, batch, batch_nb):
        x, y = batch
        logits = self.forward(x)
        accuracy = (logits.argmax(1) == y).float().mean()
        return {"val_loss": functional.cross_entropy(logits, y), "val_accuracy": accuracy}

    def validation_end(self, outputs):
        # The mean of all batches was taken by hand, and a short last batch counted as much as the others.
        # Today's `self.log` in `validation_step` does it, and counts each image once.
        means = {name: torch.stack([one[name] for one in outputs]).mean() for name in outputs[0]}
        return {"progress_bar": means, "log": means}

    def configure_optimizers(self):
        return [torch.optim.Adam(self.parameters(), lr=2e-3)]

    @pl.data_loader
    def tng_dataloader(self):  # today: train_dataloader, without the decorator
        return DataLoader(self.train_set, batch_size=32, shuffle=True)

    @pl.data_loader
    def val_dataloader(self):
        return DataLoader(self.test_set, batch_size=500)


def main() -> None:
    """Train with the flags of 2019."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="auto", help="auto (MNIST, else the bundled digits) or an .npz with MNIST")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="take 512 images of each part only")
    parser.add_argument("--out", type=Path, default=Path("runs/lightning_2019"), help="folder of the experiment")
    arguments = parser.parse_args()

    pl.seed_everything(0)
    experiment = pl.loggers.TensorBoardLogger(arguments.out, name="cool_model")
    trainer = pl.Trainer(experiment=experiment, max_nb_epochs=arguments.epochs, train_percent_check=0.5)
    trainer.fit(CoolModel(arguments.data, arguments.small))
    print(f"Validation accuracy: {trainer.callback_metrics['val_accuracy']:.4f}")
    print(f"Experiment: {experiment.log_dir}")


if __name__ == "__main__":
    main()
