"""Modules that are run under this library and under real Lightning, to be compared."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

import kerastorch.lightning as ours


@contextmanager
def quiet():  # type: ignore[no-untyped-def]
    """Without what real Lightning says."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def both() -> tuple[Any, Any]:
    """This library's Lightning, and the real one."""
    with quiet():
        import lightning.pytorch as real
    return ours, real


def data(rows: int = 44, batch: int = 8, seed: int = 0, shuffle: bool = False, **options: Any) -> DataLoader[Any]:
    """(x, y) with x of shape (rows, 10) and y of 3 classes."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, 10, generator=generator)
    y = (x[:, :3] + 0.3 * torch.randn(rows, 3, generator=generator)).argmax(1)
    return DataLoader(TensorDataset(x, y), batch_size=batch, shuffle=shuffle, **options)


def recording_logger(pl: Any, folder: Any) -> Any:
    """A logger that keeps (step, figures), in Lightning's way or in ours."""
    rows: list[Any] = []
    if pl is ours:

        class Ours(ours.loggers.Logger):
            experiment = None
            given: Any = None

            def log_metrics(self, metrics: Any, step: Any = None) -> None:
                rows.append((step, dict(metrics)))

            def log_hyperparams(self, params: Any, metrics: Any = None) -> None:
                self.given = dict(params)

        logger: Any = Ours(str(folder), version=0)
    else:
        from lightning.pytorch.loggers.logger import Logger

        class Real(Logger):
            given: Any = None
            name, version, save_dir = "", 0, str(folder)

            def log_metrics(self, metrics: Any, step: Any = None) -> None:
                rows.append((step, dict(metrics)))

            def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
                self.given = dict(params)

        logger = Real()
    logger.rows = rows
    return logger


def autoencoder(pl: Any) -> Any:
    """The quick start's module, on 10 numbers."""

    class Autoencoder(pl.LightningModule):  # type: ignore[misc]
        def __init__(self, width: int = 4) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.encoder = nn.Sequential(nn.Linear(10, 6), nn.ReLU(), nn.Linear(6, width))
            self.decoder = nn.Sequential(nn.Linear(width, 6), nn.ReLU(), nn.Linear(6, 10))
            self.losses: list[float] = []

        def forward(self, x: Any) -> Any:
            return self.encoder(x)

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            x, _ = batch
            loss = functional.mse_loss(self.decoder(self.encoder(x)), x)
            self.losses.append(loss.item())
            self.log("train_loss", loss)
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters(), lr=1e-2)

    return Autoencoder


def classifier(pl: Any) -> Any:
    """A classifier with validation, test, both kinds of figures and a scheduler."""

    class Classifier(pl.LightningModule):  # type: ignore[misc]
        def __init__(self, lr: float = 0.05, depth: int = 1) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.net = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 3))
            self.losses: list[float] = []

        def forward(self, x: Any) -> Any:
            return self.net(x)

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            x, y = batch
            logits = self(x)
            loss = functional.cross_entropy(logits, y)
            self.losses.append(loss.item())
            self.log("loss", loss, on_epoch=True, prog_bar=True)
            self.log("accuracy", (logits.argmax(1) == y).float().mean(), on_step=False, on_epoch=True)
            return {"loss": loss, "logits": logits.detach()}

        def validation_step(self, batch: Any, batch_idx: int) -> None:
            self._judge(batch, "val")

        def test_step(self, batch: Any, batch_idx: int) -> None:
            self._judge(batch, "test")

        def _judge(self, batch: Any, kind: str) -> None:
            x, y = batch
            logits = self(x)
            self.log_dict({f"{kind}_loss": functional.cross_entropy(logits, y), f"{kind}_acc": _accuracy(logits, y)})
            self.log(f"{kind}_worst", _accuracy(logits, y), reduce_fx="min")

        def predict_step(self, batch: Any, batch_idx: int) -> Any:
            return self(batch[0]).argmax(1)

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=self.hparams.lr, momentum=0.9)
            scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2, gamma=0.5)
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    return Classifier


def _accuracy(logits: Any, y: Any) -> Any:
    return (logits.argmax(1) == y).float().mean()


def gan(pl: Any) -> Any:
    """Two optimizers, stepped by hand."""

    class Gan(pl.LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.automatic_optimization = False
            self.generator = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 10))
            self.discriminator = nn.Sequential(nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 1))
            self.losses: list[float] = []

        def training_step(self, batch: Any, batch_idx: int) -> None:
            x, _ = batch
            g_opt, d_opt = self.optimizers()
            z = torch.randn(x.shape[0], 4)
            ones, zeros = torch.ones(x.shape[0], 1), torch.zeros(x.shape[0], 1)
            judge = functional.binary_cross_entropy_with_logits
            self.toggle_optimizer(g_opt)
            g_loss = judge(self.discriminator(self.generator(z)), ones)
            self.log("g_loss", g_loss, prog_bar=True)
            self.manual_backward(g_loss)
            self.clip_gradients(g_opt, gradient_clip_val=0.5, gradient_clip_algorithm="norm")
            g_opt.step()
            g_opt.zero_grad()
            self.untoggle_optimizer(g_opt)
            self.toggle_optimizer(d_opt)
            fake = judge(self.discriminator(self.generator(z).detach()), zeros)
            d_loss = (judge(self.discriminator(x), ones) + fake) / 2
            self.log("d_loss", d_loss, prog_bar=True)
            self.manual_backward(d_loss)
            d_opt.step()
            d_opt.zero_grad()
            self.untoggle_optimizer(d_opt)
            self.losses += [float(g_loss), float(d_loss)]

        def configure_optimizers(self) -> Any:
            g = torch.optim.Adam(self.generator.parameters(), lr=2e-2, betas=(0.5, 0.999))
            d = torch.optim.Adam(self.discriminator.parameters(), lr=2e-2, betas=(0.5, 0.999))
            return [g, d], []

    return Gan


def run(pl: Any, make: Any, folder: Any, train: Any, val: Any = None, callbacks: Any = (), **flags: Any) -> Any:
    """Fit a module from the same seed; returns (module, trainer, logger)."""
    torch.manual_seed(7)
    module = make(pl)()
    logger = recording_logger(pl, folder)
    defaults = {
        "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu", "logger": logger,
        "default_root_dir": str(folder), "log_every_n_steps": 2, "enable_checkpointing": False,
    }  # fmt: skip
    with quiet():
        trainer = pl.Trainer(**{**defaults, **flags}, callbacks=[one(pl) for one in callbacks])
        trainer.fit(module, train, val)
    return module, trainer, logger


def run_both(make: Any, folder: Any, train: Any, val: Any = None, **options: Any) -> tuple[Any, Any]:
    """The same fit under this library and under the real one; `train` and `val` make the loaders."""
    found = []
    for number, pl in enumerate(both()):
        found.append(run(pl, make, folder / str(number), train(), val and val(), **options))
    return found[0], found[1]


def check_equal(own: Any, real: Any, tolerance: float = 1e-6) -> None:
    """The same losses, updates, logged names, values and steps, and the same figures for callbacks and bars."""
    (module, trainer, logger), (real_module, real_trainer, real_logger) = own, real
    assert module.losses == real_module.losses, "losses"
    assert len(module.losses) > 0
    assert trainer.global_step == real_trainer.global_step
    assert trainer.current_epoch == real_trainer.current_epoch
    assert [(step, sorted(row)) for step, row in logger.rows] == [(step, sorted(row)) for step, row in real_logger.rows]
    for (step, row), (_, real_row) in zip(logger.rows, real_logger.rows, strict=True):
        for name, value in row.items():
            assert abs(value - float(real_row[name])) <= tolerance, (step, name)
    for kind in ("callback_metrics", "logged_metrics", "progress_bar_metrics"):
        figures, wanted = getattr(trainer, kind), getattr(real_trainer, kind)
        assert sorted(figures) == sorted(wanted), kind
        for name in figures:
            assert abs(float(figures[name]) - float(wanted[name])) <= tolerance, (kind, name)
