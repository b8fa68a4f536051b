"""The module by itself: hyperparameters, freezing, toggling, files, exports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import kerastorch.lightning as pl
from tests.lightning import parity


def test_outside_of_a_trainer() -> None:
    module = parity.autoencoder(pl)()
    module.log("a", 1.0)
    assert (module.current_epoch, module.global_step, module.global_rank, module.logger) == (0, 0, 0, None)
    assert module.device == torch.device("cpu") and module.dtype is torch.float32 and not module.on_gpu
    with pytest.raises(RuntimeError, match="no Trainer"):
        _ = module.trainer
    module.freeze()
    assert not module.training and not any(p.requires_grad for p in module.parameters())
    module.unfreeze()
    assert module.training and all(p.requires_grad for p in module.parameters())


def test_state_dict_has_no_extra_names() -> None:
    own, real = (parity.autoencoder(lib)() for lib in parity.both())
    assert list(own.state_dict()) == list(real.state_dict())


def test_toggling_leaves_what_was_frozen(tmp_path: Path) -> None:
    seen = []

    class Gan(parity.gan(pl)):  # type: ignore[misc]
        def training_step(self, batch: Any, batch_idx: int) -> None:
            g, d = self.optimizers()
            self.discriminator[0].bias.requires_grad = False
            with g.toggle_model():
                seen.append([p.requires_grad for p in (*self.generator.parameters(), *self.discriminator.parameters())])
            seen.append([p.requires_grad for p in self.discriminator.parameters()])
            assert d.param_groups[0]["lr"] == 2e-2 and self.lr_schedulers() is None

    parity.run(pl, lambda lib: Gan, tmp_path, parity.data(8), max_epochs=1)
    assert seen == [[True] * 4 + [False] * 4, [True, False, True, True]]


def test_manual_backward_is_for_manual_optimization() -> None:
    with pytest.raises(RuntimeError, match="automatic_optimization"):
        parity.autoencoder(pl)().manual_backward(torch.ones(()))


def test_logger_and_gathering(tmp_path: Path) -> None:
    module, trainer, logger = parity.run(pl, parity.autoencoder, tmp_path, parity.data(8), max_epochs=1)
    assert module.logger is logger and module.loggers == [logger] and module.trainer is trainer
    value = torch.ones(2)
    assert module.all_gather(value) is value


def test_modules_within_are_in_the_trainer_too(tmp_path: Path) -> None:
    class Part(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net, self.steps = torch.nn.Linear(10, 1), []

        def forward(self, x: Any) -> Any:
            self.steps.append(self.global_step)
            self.log("size", self.net(x).square().mean())
            return self.net(x)

    class Whole(parity.autoencoder(pl)):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.parts = torch.nn.ModuleList([Part()])

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return self.parts[0](batch[0]).mean()

    module, trainer, _ = parity.run(pl, lambda lib: Whole, tmp_path, parity.data(24), max_epochs=1)
    assert module.parts[0].trainer is trainer and module.parts[0].steps == [0, 1, 2]
    assert "size" in trainer.callback_metrics


def test_manual_optimization_as_a_property(tmp_path: Path) -> None:
    told = []
    for lib in parity.both():

        class Manual(parity.classifier(lib)):  # type: ignore[misc]
            @property
            def automatic_optimization(self) -> bool:
                return False

            def training_step(self, batch: Any, batch_idx: int) -> None:
                optimizer = self.optimizers()
                optimizer.zero_grad()
                self.manual_backward(super().training_step(batch, batch_idx)["loss"])
                optimizer.step()

        module, trainer, _ = parity.run(lib, lambda lib, kind=Manual: kind, tmp_path, parity.data(16), max_epochs=1)
        told.append((trainer.global_step, *(p.detach().tolist() for p in module.parameters())))
    assert told[0] == told[1]
