"""Rates, frozen parameters and weights are real Lightning's, epoch by epoch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

import kerastorch.lightning as pl
from tests.lightning import parity

SETTINGS: dict[str, dict[str, Any]] = {
    "defaults": {"unfreeze_backbone_at_epoch": 1},
    "own growth": {"unfreeze_backbone_at_epoch": 2, "lambda_func": lambda epoch: 1.0 + epoch, "train_bn": False},
    "not aligned": {"unfreeze_backbone_at_epoch": 1, "backbone_initial_lr": 0.02, "should_align": False,
                    "verbose": True},
}  # fmt: skip


def make(lib: Any) -> Any:
    class Tuned(lib.LightningModule):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.backbone = nn.Sequential(nn.Linear(10, 8), nn.BatchNorm1d(8), nn.ReLU())
            self.head = nn.Linear(8, 3)
            self.losses: list[float] = []
            self.seen: list[Any] = []

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            loss = functional.cross_entropy(self.head(self.backbone(batch[0])), batch[1])
            self.losses.append(float(loss))
            self.log("loss", loss)
            return loss

        def on_train_epoch_start(self) -> None:
            rates = [group["lr"] for group in self.trainer.optimizers[0].param_groups]
            self.seen.append((rates, [p.requires_grad for p in self.parameters()]))

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.Adam([p for p in self.parameters() if p.requires_grad], lr=0.05)
            return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.9)]

    return Tuned


@pytest.mark.parametrize("options", SETTINGS.values(), ids=SETTINGS)
def test_the_same_rates(options: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own, real = parity.run_both(
        make, tmp_path, lambda: parity.data(24), max_epochs=6,
        callbacks=[lambda lib: lib.callbacks.BackboneFinetuning(**options)],
    )  # fmt: skip
    parity.check_equal(own, real)
    assert own[0].seen == real[0].seen and len(own[0].seen[-1][0]) == 2
    for found, wanted in zip(own[0].parameters(), real[0].parameters(), strict=True):
        assert torch.equal(found, wanted)
    assert ("Epoch 5: learning rate" in capsys.readouterr().out) == ("verbose" in options)
    states = [run[1].callbacks[0].state_dict()["previous_backbone_lr"] for run in (own, real)]
    assert states[0] == states[1]


def test_a_module_without_backbone(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="in the attribute `backbone`"):
        parity.run(
            pl, parity.classifier, tmp_path, parity.data(8), max_epochs=1,
            callbacks=[lambda lib: lib.callbacks.BackboneFinetuning()],
        )  # fmt: skip


def test_it_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    """Real Lightning leaves the backbone frozen when a run goes on after it was unfrozen."""

    def tuning(lib: Any) -> Any:
        return lib.callbacks.BackboneFinetuning(unfreeze_backbone_at_epoch=1, train_bn=False)

    saving = pl.callbacks.ModelCheckpoint(tmp_path / "kept", save_top_k=-1)
    whole, _, _ = parity.run(
        pl, make, tmp_path, parity.data(24), max_epochs=5, enable_checkpointing=True,
        callbacks=[tuning, lambda lib: saving],
    )  # fmt: skip
    module = make(pl)()
    trainer = pl.Trainer(
        max_epochs=5, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, callbacks=tuning(pl),
    )  # fmt: skip
    trainer.fit(module, parity.data(24), ckpt_path=next((tmp_path / "kept").glob("epoch=2-*.ckpt")))
    assert module.seen == whole.seen[3:]
    wanted = whole.state_dict()
    assert all(torch.equal(value, wanted[name]) for name, value in module.state_dict().items())
