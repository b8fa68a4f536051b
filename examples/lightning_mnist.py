"""An MNIST classifier as a LightningModule. `keras_mnist_twin.py` is the same one in Keras: read them side by side.

    python examples/lightning_mnist.py
    python examples/lightning_mnist.py --patience 2 --clip 1.0 --accumulate 2 --precision bf16-mixed
    python examples/lightning_mnist.py --truncate 7                   an LSTM that reads row by row
    python examples/lightning_mnist.py --devices 2 --accelerator cpu  two processes train together
    python examples/lightning_mnist.py --resume --save-every 100      goes on where the last run was cut
    sbatch examples/slurm_mnist.sh                                    on a cluster

What `compile` and `fit` are told in Keras stands in two places here: what belongs to the model, its loss and its
optimizer, is in the module; what belongs to the run, how long, where and who watches, is in the Trainer.

It runs under PyTorch Lightning too: there the last import below reads `import lightning.pytorch as pl`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from mnist_data import datasets
from torch import nn
from torch.utils.data import DataLoader, Subset

import kerastorch.lightning as pl


class Classifier(pl.LightningModule):
    """The network of the Keras twin, with its loss, its metric and its optimizer."""

    def __init__(self, learning_rate: float = 1e-3, dropout: float = 0.2):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.Flatten(),
            nn.Linear(28 * 28, 512),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(512, 10),
        )

    def forward(self, x):
        """Images (n, 1, 28, 28) to logits (n, 10)."""
        return self.net(x)

    def training_step(self, batch, batch_idx):
        """Keras: `compile(loss=..., metrics=...)`."""
        x, y = batch
        logits = self(x)
        loss = nn.functional.cross_entropy(logits, y)
        self.log("loss", loss, prog_bar=True)
        self.log("accuracy", accuracy(logits, y), on_step=False, on_epoch=True, sync_dist=True)
        return loss

    def validation_step(self, batch, batch_idx):
        """Keras: `fit(validation_split=...)`."""
        self.judge(batch, "val")

    def test_step(self, batch, batch_idx):
        """Keras: `evaluate`."""
        self.judge(batch, "test")

    def judge(self, batch, name):
        """Log loss and accuracy; they are averaged over all batches, and over all processes."""
        x, y = batch
        logits = self(x)
        self.log(f"{name}_loss", nn.functional.cross_entropy(logits, y), prog_bar=True, sync_dist=True)
        self.log(f"{name}_accuracy", accuracy(logits, y), prog_bar=True, sync_dist=True)

    def configure_optimizers(self):
        """Keras: `compile(optimizer=...)`."""
        return torch.optim.Adam(self.parameters(), lr=self.hparams.learning_rate)


class RowByRow(Classifier):
    """Reads an image as a sequence of 28 rows; gradients go back through `truncate` rows only (truncated BPTT).

    So there are several updates in a batch, and the module makes them by itself: `automatic_optimization = False`.
    """

    def __init__(self, learning_rate: float = 1e-3, truncate: int = 7):
        super().__init__(learning_rate)
        self.save_hyperparameters()
        self.automatic_optimization = False
        self.net, self.lstm, self.head = None, nn.LSTM(28, 64, batch_first=True), nn.Linear(64, 10)

    def forward(self, x):
        """Images (n, 1, 28, 28) to logits (n, 10), after the last row."""
        return self.read(x.squeeze(1), None)[0]

    def read(self, rows, state):
        """Rows (n, k, 28), and what the LSTM remembers of those before, to logits (n, 10) and what it remembers now."""
        outputs, state = self.lstm(rows, state)
        return self.head(outputs[:, -1]), state

    def training_step(self, batch, batch_idx):
        """Some rows, an update, the next rows, an update; what is remembered goes on without its gradients."""
        x, y = batch
        state, optimizer = None, self.optimizers()
        for rows in x.squeeze(1).split(self.hparams.truncate, dim=1):
            logits, state = self.read(rows, state)
            loss = nn.functional.cross_entropy(logits, y)
            optimizer.zero_grad()
            self.manual_backward(loss)
            optimizer.step()
            state = tuple(part.detach() for part in state)
        self.log("loss", loss, prog_bar=True)
        self.log("accuracy", accuracy(logits, y), on_step=False, on_epoch=True, sync_dist=True)


def accuracy(logits, y):
    """The share of right answers."""
    return (logits.argmax(1) == y).float().mean()


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="auto", help="auto (MNIST, else the bundled digits) or an .npz with MNIST")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--out", type=Path, default=Path("runs/lightning_mnist"), help="folder of all files")
    parser.add_argument("--small", action="store_true", help="take 512 images only: does everything run?")
    parser.add_argument("--patience", type=int, default=3, help="epochs without a better val_loss until it stops")
    parser.add_argument("--clip", type=float, help="the largest norm of the gradients")
    parser.add_argument("--accumulate", type=int, default=1, help="batches to an update")
    parser.add_argument("--precision", default="32-true", help="32-true, bf16-mixed; on GPUs 16-mixed too")
    parser.add_argument("--truncate", type=int, help="train the LSTM, with gradients through so many rows")
    parser.add_argument("--accelerator", default="auto", help="cpu, gpu; by default the fastest that is there")
    parser.add_argument("--devices", type=int, default=1, help="processes that train together, one for each GPU")
    parser.add_argument("--nodes", type=int, default=1, help="machines they are on")
    parser.add_argument("--save-every", type=int, help="save last.ckpt after so many updates, not after epochs only")
    parser.add_argument("--resume", action="store_true", help="go on from last.ckpt, if it is there")
    arguments = parser.parse_args()
    if arguments.truncate and (arguments.clip or arguments.accumulate > 1):
        parser.error("--truncate updates by itself: leave out --clip and --accumulate")
    return arguments


def trainer_for(arguments: argparse.Namespace) -> pl.Trainer:
    """What Keras tells `fit`: how long, where, and who watches."""
    folder = arguments.out / "checkpoints"
    callbacks = [
        pl.callbacks.EarlyStopping("val_loss", patience=arguments.patience),
        pl.callbacks.ModelCheckpoint(folder, "best", monitor="val_loss", enable_version_counter=False),
        pl.callbacks.ModelCheckpoint(
            folder, save_last=True, save_top_k=0, every_n_train_steps=arguments.save_every, enable_version_counter=False
        ),
    ]
    return pl.Trainer(
        max_epochs=arguments.epochs,
        callbacks=callbacks,
        logger=pl.loggers.TensorBoardLogger(arguments.out),  # out/lightning_logs/version_N
        gradient_clip_val=arguments.clip,
        accumulate_grad_batches=arguments.accumulate,
        precision=arguments.precision,
        accelerator=arguments.accelerator,
        devices=arguments.devices,
        num_nodes=arguments.nodes,
        strategy="ddp" if arguments.devices * arguments.nodes > 1 else "auto",
    )


def main() -> None:
    """Load, train, test."""
    arguments = parse_arguments()
    train, test = datasets(arguments.data, arguments.small)
    kept = len(train) - len(train) // 10  # Keras's validation_split=0.1: the last tenth
    loaders = [
        DataLoader(Subset(train, range(kept)), arguments.batch_size, shuffle=True),
        DataLoader(Subset(train, range(kept, len(train))), arguments.batch_size),
    ]

    pl.seed_everything(0)
    module = RowByRow(truncate=arguments.truncate) if arguments.truncate else Classifier()
    trainer = trainer_for(arguments)
    last = arguments.out / "checkpoints" / "last.ckpt"
    trainer.fit(module, *loaders, ckpt_path=last if arguments.resume and last.exists() else None)

    best = trainer.checkpoint_callback.best_model_path  # of the first ModelCheckpoint: the one that monitors val_loss
    figures = trainer.test(module, DataLoader(test, arguments.batch_size), ckpt_path=best, verbose=False)[0]
    if trainer.is_global_zero:  # one of the processes is enough to speak
        print(f"Test loss: {figures['test_loss']:.4f}")
        print(f"Test accuracy: {figures['test_accuracy']:.4f}")
        print(f"Logs: tensorboard --logdir {arguments.out}")


if __name__ == "__main__":
    main()
