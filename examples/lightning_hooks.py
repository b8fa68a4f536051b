"""Every hook of a LightningModule, a LightningDataModule and a Callback, in the order in which a Trainer calls them.

    python examples/lightning_hooks.py
    python examples/lightning_hooks.py --epochs 2 | less

A line is a call, with the arguments that the hook gets beside `self` (and, in a callback, beside `trainer` and
`pl_module`). What stands further right is called within what stands above it. Override the hooks that you need; those
that nobody overrides are never called, and cost nothing.

Under PyTorch Lightning (`import lightning.pytorch as pl` in the place of the last import) the same lines are printed.
"""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Callable
from pathlib import Path

import torch
from mnist_data import datasets
from torch import nn
from torch.utils.data import DataLoader

import kerastorch.lightning as pl

# What modules and callbacks both are told.
RUN = ["setup", "on_fit_start", "on_train_start", "on_train_end", "on_fit_end", "teardown"]
TRAINING = [
    *("on_train_epoch_start", "on_train_batch_start", "on_train_batch_end", "on_train_epoch_end"),
    *("on_before_zero_grad", "on_before_backward", "on_after_backward", "on_before_optimizer_step"),
]
EVALUATION = [
    f"on_{kind}{level}_{edge}"
    for kind in ("validation", "test", "predict")
    for level in ("", "_epoch", "_batch")
    for edge in ("start", "end")
]
FILES = ["on_save_checkpoint", "on_load_checkpoint"]

# What only callbacks, only datamodules and only modules have.
CALLBACK = ["on_sanity_check_start", "on_sanity_check_end", "state_dict", "load_state_dict", "on_exception"]
DATA = [
    *("prepare_data", "setup", "teardown", "state_dict", "load_state_dict", "on_exception"),
    *("train_dataloader", "val_dataloader", "test_dataloader", "predict_dataloader"),
    *("on_before_batch_transfer", "transfer_batch_to_device", "on_after_batch_transfer"),
]
MODULE = [
    *("prepare_data", "configure_callbacks", "configure_model", "configure_optimizers"),
    *("training_step", "validation_step", "test_step", "predict_step"),
    *("backward", "optimizer_zero_grad", "configure_gradient_clipping", "optimizer_step", "lr_scheduler_step"),
    *("on_validation_model_zero_grad", "on_validation_model_eval", "on_validation_model_train"),
    *("on_test_model_eval", "on_test_model_train", "on_predict_model_eval"),
]

depth = 0


def telling(who: str, names: list[str]) -> Callable[[type], type]:
    """Decorates a class: its hooks of these names tell that they are called, and then do what they do."""

    def tell(cls: type) -> type:
        for name in names:
            setattr(cls, name, told(who, getattr(cls, name)))
        return cls

    return tell


def told(who: str, hook: Callable) -> Callable:
    """A hook that tells."""
    signature = inspect.signature(hook)
    given = ", ".join(name for name in signature.parameters if name not in ("self", "trainer", "pl_module"))

    def calling(self, *args, **kwargs):
        global depth
        print("    " * depth + f"{who}.{hook.__name__}({given})")
        depth += 1
        try:
            return hook(self, *args, **kwargs)
        finally:
            depth -= 1

    calling.__signature__ = signature  # a Trainer looks how many arguments a hook takes
    return calling


@telling("data", DATA)
class Digits(pl.LightningDataModule):
    """Where the images come from. What it does not define here, it has from its base class."""

    def __init__(self, train, test):
        super().__init__()
        self.train, self.test = train, test

    def train_dataloader(self):
        """For `fit`."""
        return DataLoader(self.train, batch_size=32)

    def val_dataloader(self):
        """For `fit` and `validate`."""
        return DataLoader(self.test, batch_size=32)

    def test_dataloader(self):
        """For `test`."""
        return DataLoader(self.test, batch_size=32)

    def predict_dataloader(self):
        """For `predict`."""
        return DataLoader(self.test, batch_size=32)

    def state_dict(self):
        """What a checkpoint keeps of the data; `load_state_dict` gets it back."""
        return {"images": len(self.train)}


@telling("callback", RUN + TRAINING + EVALUATION + FILES + CALLBACK)
class Watching(pl.Callback):
    """Watches a run. It defines nothing, so its hooks do nothing but tell."""

    def state_dict(self):
        """What a checkpoint keeps of it."""
        return {"anything": 1}


@telling("module", RUN + TRAINING + EVALUATION + FILES + MODULE)
class Classifier(pl.LightningModule):
    """The smallest classifier. The hooks that it does not define do what all modules do there."""

    def __init__(self, fails: bool = False):
        super().__init__()
        self.net, self.fails = nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 10)), fails

    def training_step(self, batch, batch_idx):
        """The loss of a batch."""
        if self.fails:
            raise RuntimeError("This was to be expected.")
        loss = self.loss(batch)
        self.log("loss", loss)
        return loss

    def validation_step(self, batch, batch_idx):
        """What is to be seen of a batch."""
        self.log("val_loss", self.loss(batch))

    def test_step(self, batch, batch_idx):
        """What is to be seen of a batch."""
        self.log("test_loss", self.loss(batch))

    def predict_step(self, batch, batch_idx):
        """The outputs for a batch."""
        return self.net(batch[0]).argmax(1)

    def loss(self, batch):
        """The loss; no hook."""
        return nn.functional.cross_entropy(self.net(batch[0]), batch[1])

    def configure_optimizers(self):
        """An optimizer and a scheduler, which `lr_scheduler_step` steps."""
        optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1)]


def main() -> None:
    """Go through all that a Trainer does."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="auto", help="auto (MNIST, else the bundled digits) or an .npz with MNIST")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("runs/lightning_hooks"), help="folder of the checkpoint")
    parser.add_argument("--small", action="store_true", help="takes 512 images; two batches are enough in any case")
    arguments = parser.parse_args()
    pl.seed_everything(0)
    data, module = Digits(*datasets(arguments.data, arguments.small)), Classifier()

    def trainer(**flags) -> pl.Trainer:
        batches = dict.fromkeys(("train", "val", "test", "predict"), 1)
        return pl.Trainer(
            max_epochs=arguments.epochs,
            callbacks=[Watching()],
            **{f"limit_{kind}_batches": count for kind, count in batches.items()},
            default_root_dir=arguments.out,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            **flags,
        )

    print("\n# trainer.fit")
    fitting = trainer(gradient_clip_val=1.0)
    fitting.fit(module, datamodule=data)
    print("\n# trainer.save_checkpoint")
    fitting.save_checkpoint(arguments.out / "hooks.ckpt")
    for name in ("validate", "test", "predict"):
        print(f"\n# trainer.{name}")
        verbose = {} if name == "predict" else {"verbose": False}
        getattr(fitting, name)(module, datamodule=data, **verbose)
    print("\n# trainer.fit from the checkpoint, which has all epochs: nothing is left to train")
    trainer().fit(module, datamodule=data, ckpt_path=arguments.out / "hooks.ckpt")
    print("\n# trainer.fit with an error in training_step")
    try:
        trainer(num_sanity_val_steps=0).fit(Classifier(fails=True), datamodule=data)
    except RuntimeError as error:
        print(f"# RuntimeError: {error}")


if __name__ == "__main__":
    main()
