"""What earlier tutorials write runs, with one line each that names today's form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

import kerastorch.lightning as pl
from kerastorch.lightning.legacy import OLD
from tests.lightning import parity


def test_the_first_announcement(tmp_path: Path) -> None:
    with pytest.warns(DeprecationWarning, match="data_loader"):

        class CoolModel(pl.LightningModule):
            def __init__(self) -> None:
                super().__init__()
                self.layer = nn.Linear(10, 3)

            def forward(self, x: Any) -> Any:
                return torch.relu(self.layer(x))

            def training_step(self, batch: Any, batch_nb: int) -> Any:
                loss = functional.cross_entropy(self(batch[0]), batch[1])
                return {"loss": loss, "log": {"train_loss": loss}, "progress_bar": {"bar_loss": loss}}

            def validation_step(self, batch: Any, batch_nb: int) -> Any:
                return {"val_loss": functional.cross_entropy(self(batch[0]), batch[1])}

            def validation_end(self, outputs: Any) -> Any:
                mean = torch.stack([one["val_loss"] for one in outputs]).mean()
                return {"avg_val_loss": mean, "log": {"val": mean}, "progress_bar": {"v": mean}}

            def configure_optimizers(self) -> Any:
                return [torch.optim.SGD(self.parameters(), lr=0.1)]

            @pl.data_loader
            def tng_dataloader(self) -> Any:
                return parity.data()

            @pl.data_loader
            def val_dataloader(self) -> Any:
                return parity.data(16)

    logger = parity.recording_logger(pl, tmp_path)
    with pytest.warns(DeprecationWarning) as told:
        trainer = pl.Trainer(
            max_nb_epochs=2, train_percent_check=0.5, experiment=logger, log_every_n_steps=1, accelerator="cpu",
            default_root_dir=tmp_path, enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip
        trainer.fit(CoolModel())
    texts = [str(one.message) for one in told]
    for name, today in (
        ("max_nb_epochs", "max_epochs"), ("train_percent_check", "limit_train_batches"), ("experiment", "logger"),
        ("tng_dataloader", "train_dataloader"), ("validation_end", "on_validation_epoch_end"),
    ):  # fmt: skip
        assert sum(f"{name}`" in t or f"{name}=" in t for t in texts) == 1, name
        assert any(today in t for t in texts), today
    assert trainer.global_step == 6
    assert {"avg_val_loss", "val", "train_loss", "bar_loss"} <= set(trainer.callback_metrics)
    logged = {name for _, row in logger.rows for name in row}
    assert logged == {"epoch", "train_loss", "val"}
    assert {"bar_loss", "v"} == set(trainer.progress_bar_metrics)


def gan(old: bool) -> Any:
    base = parity.gan(pl)

    class Old(base):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.automatic_optimization = True

        def training_step(self, batch: Any, batch_idx: int, optimizer_idx: int) -> Any:
            x, judge = batch[0], functional.binary_cross_entropy_with_logits
            z = torch.randn(x.shape[0], 4)
            ones, zeros = torch.ones(x.shape[0], 1), torch.zeros(x.shape[0], 1)
            if optimizer_idx == 0:
                loss = judge(self.discriminator(self.generator(z)), ones)
                self.losses.append(loss.item())
                return {"loss": loss, "log": {"g_loss": loss}}
            fake = judge(self.discriminator(self.generator(z).detach()), zeros)
            loss = (judge(self.discriminator(x), ones) + fake) / 2
            self.losses.append(loss.item())
            return loss

    class Today(base):  # type: ignore[misc]
        def training_step(self, batch: Any, batch_idx: int) -> None:
            for number, optimizer in enumerate(self.optimizers()):
                self.toggle_optimizer(optimizer)
                found = Old.training_step(self, batch, batch_idx, number)
                optimizer.zero_grad()
                self.manual_backward(found["loss"] if isinstance(found, dict) else found)
                optimizer.step()
                self.untoggle_optimizer(optimizer)

    return Old if old else Today


def test_two_optimizers_by_number(tmp_path: Path) -> None:
    with pytest.warns(DeprecationWarning) as told:
        own, trainer, _ = _fit(gan(True), tmp_path)
    assert ["optimizer_idx" in str(one.message) for one in told] == [True, False]  # the other: what the step returns
    today, _, _ = _fit(gan(False), tmp_path)
    assert own.losses == today.losses and trainer.global_step == 24
    assert all(map(torch.equal, own.state_dict().values(), today.state_dict().values()))


def _fit(make: Any, folder: Path, train: Any = None, **flags: Any) -> Any:
    torch.manual_seed(7)
    module = make()
    flags = {"max_epochs": 2, "logger": False, "enable_checkpointing": False, **flags}
    trainer = pl.Trainer(
        accelerator="cpu", enable_progress_bar=False, enable_model_summary=False, default_root_dir=folder, **flags
    )
    trainer.fit(module, train or parity.data())
    return module, trainer, None


def test_optimizers_take_turns(tmp_path: Path) -> None:
    turns: list[int] = []

    class Turns(gan(True)):  # type: ignore[misc]
        def training_step(self, batch: Any, batch_idx: int, optimizer_idx: int) -> Any:
            turns.append(optimizer_idx)
            return super().training_step(batch, batch_idx, optimizer_idx)

        def configure_optimizers(self) -> Any:
            parts = (self.generator, 1), (self.discriminator, 2)
            return tuple(
                {"optimizer": torch.optim.SGD(part.parameters(), lr=0.1), "frequency": many} for part, many in parts
            )

    with pytest.warns(DeprecationWarning):
        _fit(Turns, tmp_path, max_epochs=1)
    assert turns == [0, 1, 1, 0, 1, 1]


def test_a_sequence_in_parts(tmp_path: Path) -> None:
    class Recurrent(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.seen = nn.GRU(2, 3, batch_first=True), []

        def training_step(self, batch: Any, batch_idx: int, hiddens: Any) -> Any:
            self.seen.append((batch.shape[1], hiddens is not None and not hiddens.requires_grad))
            outputs, hiddens = self.rnn(batch, hiddens)
            return {"loss": outputs.square().mean(), "hiddens": hiddens}

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.1)

    loader = torch.utils.data.DataLoader(torch.ones(4, 7, 2), batch_size=2)  # type: ignore[arg-type]
    module, trainer, _ = _fit(Recurrent, tmp_path, loader, max_epochs=1, truncated_bptt_steps=3)
    assert module.seen == [(3, False), (3, True), (1, True)] * 2
    assert trainer.global_step == 6


def test_ends_of_epochs_get_the_outputs(tmp_path: Path) -> None:
    class Ends(parity.classifier(pl)):  # type: ignore[misc]
        told: Any = ()

        def training_epoch_end(self, outputs: Any) -> None:
            self.told = (*self.told, len(outputs), outputs[0]["loss"].requires_grad)

        def on_epoch_start(self) -> None:
            self.told = (*self.told, "start")

        def on_epoch_end(self) -> None:
            self.told = (*self.told, "end")

        def test_epoch_end(self, outputs: Any) -> dict[str, Any]:
            return {"log": {"seen": float(len(outputs))}}

    with pytest.warns(DeprecationWarning) as told:
        module, trainer, _ = _fit(Ends, tmp_path, max_epochs=1)
        figures = trainer.test(module, parity.data(16), verbose=False)
    assert module.told == ("start", 6, False, "end") and figures[0]["seen"] == 2
    assert len({str(one.message) for one in told}) == 4 and len(OLD) == 10


def test_a_method_of_the_modules_own_is_left_alone(tmp_path: Path) -> None:
    told: list[Any] = []

    class Own(parity.classifier(pl)):  # type: ignore[misc]
        def on_train_epoch_end(self) -> None:
            self.on_epoch_end(1)

        def on_epoch_end(self, outputs: Any) -> None:
            told.append(outputs)

    parity.run(pl, lambda lib: Own, tmp_path, parity.data(16), max_epochs=2)
    assert told == [1, 1]
