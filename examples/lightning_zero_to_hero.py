"""From zero to hero: an own dataset, a search for batch size and learning rate, an end in time, charts.

    python examples/lightning_zero_to_hero.py
    python examples/lightning_zero_to_hero.py --old      the search, asked for as in earlier years
    tensorboard --logdir runs/lightning_zero_to_hero

The hero needs less than 75 lines; the others read the command line and draw the charts.
"""

import argparse
import csv
from pathlib import Path

import torch
from mnist_data import load
from torch import nn
from torch.utils.data import DataLoader, Dataset, random_split

import kerastorch.lightning as pl


class Digits(Dataset):
    """A dataset knows how many samples there are, and gives one by its number."""

    def __init__(self, images, labels):
        self.images, self.labels = torch.from_numpy(images).float() / 255, torch.from_numpy(labels).long()

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index], self.labels[index]


class Hero(pl.LightningModule):
    """Three linear layers, and all that it takes to train them."""

    def __init__(self, data="auto", small=False, lr=1e-3, batch_size=64):
        super().__init__()
        self.save_hyperparameters()  # self.hparams.lr and so on; checkpoints and logs keep them
        hidden = nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU()
        self.net = nn.Sequential(nn.Flatten(), *hidden, nn.Linear(64, 10))

    def setup(self, stage):
        if not hasattr(self, "held_out"):  # a search asks again and again
            parts = [Digits(*part) for part in load(self.hparams.data, self.hparams.small)]
            self.train_part, self.val_part = random_split(parts[0], [11 / 12, 1 / 12])
            self.held_out = parts[1]

    def train_dataloader(self):
        return DataLoader(self.train_part, self.hparams.batch_size, shuffle=True)

    def val_dataloader(self):
        return DataLoader(self.val_part, 500)

    def test_dataloader(self):
        return DataLoader(self.held_out, 500)

    def judge(self, batch, part):
        logits, labels = self.net(batch[0]), batch[1]
        loss, accuracy = nn.functional.cross_entropy(logits, labels), (logits.argmax(1) == labels).float().mean()
        figures = {f"{part}_loss": loss, f"{part}_accuracy": accuracy}
        self.log_dict(figures, prog_bar=True, on_step=False, on_epoch=True)
        return loss

    def training_step(self, batch, batch_idx):
        return self.judge(batch, "train")

    def validation_step(self, batch, batch_idx):
        self.judge(batch, "val")

    def test_step(self, batch, batch_idx):
        self.judge(batch, "test")

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.hparams.lr)


def draw(rates, table, folder):
    """Charts of the search and of the training, where matplotlib is installed."""
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        return print("No charts: `pip install matplotlib` for them.")
    rates.plot(suggest=True).savefig(folder / "learning_rate.png")
    rows = list(csv.DictReader(table.read_text().splitlines()))
    figure, axes = plt.subplots()
    for name in ("train_loss", "val_loss"):
        axes.plot([float(row[name]) for row in rows if row.get(name)], ".-", label=name)
    axes.set(xlabel="epoch", ylabel="loss")
    axes.legend()
    figure.savefig(folder / "losses.png")
    plt.close("all")


def main():
    """Tune, train, test, save, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="auto", help="auto (MNIST, else the bundled digits) or an .npz with MNIST")
    parser.add_argument("--epochs", type=int, default=20, help="the most; it ends when val_loss no longer falls")
    parser.add_argument("--small", action="store_true", help="take 512 images of each part only")
    parser.add_argument("--old", action="store_true", help="ask for the search by the flags of earlier years")
    parser.add_argument("--out", type=Path, default=Path("runs/lightning_zero_to_hero"), help="folder of all files")
    arguments = parser.parse_args()

    pl.seed_everything(42)
    model = Hero(arguments.data, arguments.small)
    stopping = pl.callbacks.EarlyStopping("val_loss", patience=2)
    best = pl.callbacks.ModelCheckpoint(arguments.out, "hero", monitor="val_loss", enable_version_counter=False)
    table = pl.loggers.CSVLogger(arguments.out, name="table")
    loggers = [pl.loggers.TensorBoardLogger(arguments.out, name="tensorboard"), table]
    flags = {"auto_scale_batch_size": True, "auto_lr_find": True} if arguments.old else {}
    trainer = pl.Trainer(max_epochs=arguments.epochs, callbacks=[stopping, best], logger=loggers, **flags)

    # The search puts what it finds into `model.hparams`. On a CPU all images fit into one batch, which makes for few
    # updates: 8 doubled five times is enough.
    sizes = {"init_val": 8, "max_trials": 6}
    if arguments.old:
        rates = trainer.tune(model, scale_batch_size_kwargs=sizes)["lr_find"]
    else:
        tuner = pl.tuner.Tuner(trainer)
        tuner.scale_batch_size(model, **sizes)
        rates = tuner.lr_find(model)
    print(f"Batch size: {model.hparams.batch_size}; learning rate: {model.hparams.lr:.2g}")

    trainer.fit(model)
    print(stopping.stopping_reason_message or f"val_loss still fell after {arguments.epochs} epochs.")
    figures = trainer.test(ckpt_path="best", verbose=False)[0]
    print(f"Test loss: {figures['test_loss']:.4f}\nTest accuracy: {figures['test_accuracy']:.4f}")
    hero = Hero.load_from_checkpoint(best.best_model_path)  # a checkpoint keeps arguments and weights
    torch.save(hero.net.state_dict(), arguments.out / "net.pt")  # weights alone, for plain PyTorch
    draw(rates, Path(table.log_dir) / "metrics.csv", arguments.out)
    print(f"Files: {arguments.out}")


if __name__ == "__main__":
    main()
