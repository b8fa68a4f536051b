"""What two ranks do, under this library or real Lightning: `torchrun ... rank_script.py ours|real folder`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import torch
import torchmetrics
from torch import nn
from torch.nn import functional

from tests.lightning import parity


def module(lib: Any, **parts: Any) -> Any:
    """A class of modules that logs figures of one rank and of all, and metrics."""

    class Judging(lib.LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            middle = nn.BatchNorm1d(8) if parts.get("normalized") else nn.ReLU()
            self.net = nn.Sequential(nn.Linear(10, 8), middle, nn.Linear(8, 3))
            kind: Any = {"task": "multiclass", "num_classes": 3}
            self.right, self.held_out = torchmetrics.Accuracy(**kind), torchmetrics.Accuracy(**kind)

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            logits = self.net(batch[0])
            loss = functional.cross_entropy(logits, batch[1])
            self.right(logits, batch[1])
            self.log("right", self.right, on_epoch=True)
            self.log("loss", loss, sync_dist=True, on_epoch=True)
            self.log("own", loss, on_epoch=True)
            self.log("sum", loss, sync_dist=True, reduce_fx="sum", on_epoch=True, on_step=True)
            self.log("rank", float(self.global_rank), rank_zero_only=True)
            return loss

        def validation_step(self, batch: Any, batch_idx: int) -> None:
            logits = self.net(batch[0])
            self.held_out.update(logits, batch[1])
            self.log("held_out", self.held_out)
            self.log("val_loss", functional.cross_entropy(logits, batch[1]), sync_dist=True)
            self.log("worst", functional.cross_entropy(logits, batch[1]), sync_dist=True, reduce_fx="max")

        def test_step(self, batch: Any, batch_idx: int) -> None:
            self.log("test_loss", functional.cross_entropy(self.net(batch[0]), batch[1]), sync_dist=True)

        def predict_step(self, batch: Any, batch_idx: int) -> Any:
            return self.net(batch[0]).sum(1)

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters(), lr=0.05)

    return Judging()


def plain(value: Any) -> Any:
    """Figures as floats, in whatever holds them."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, (list, tuple)) else float(value)


def told(lib: Any, held: Any, folder: str, **flags: Any) -> dict[str, Any]:
    """A fit, a test and predictions; what came of them."""
    logger = parity.recording_logger(lib, folder)
    trainer = lib.Trainer(
        accelerator="cpu", devices=2, logger=logger, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, default_root_dir=folder, log_every_n_steps=1, max_epochs=2,
        **{"strategy": "ddp", **flags},
    )  # fmt: skip
    torch.manual_seed(trainer.global_rank)
    trainer.fit(held, parity.data(44, shuffle=True), parity.data(21, 4, seed=2))
    found = {"steps": trainer.global_step, "figures": dict(trainer.callback_metrics), "rows": logger.rows}
    if hasattr(held, "test_step") and not hasattr(held, "generator"):
        found["test"] = trainer.test(held, parity.data(22, 4, seed=3), verbose=False)
        found["predictions"] = torch.cat(trainer.predict(held, parity.data(22, 4, seed=3))).tolist()
    found["state"] = {name: value.double().sum() for name, value in held.state_dict().items()}
    return plain(found)  # type: ignore[no-any-return]


def main(name: str, folder: str) -> None:
    """Do all, and let the first rank write it down."""
    torch.set_num_threads(1)
    lib = dict(zip(("ours", "real"), parity.both(), strict=True))[name]
    with parity.quiet():
        found = {
            "plain": told(lib, module(lib), folder),
            "windows": told(lib, module(lib), folder, accumulate_grad_batches=2, gradient_clip_val=0.1),
            "normalized": told(lib, module(lib, normalized=True), folder),
        }
        torch.manual_seed(0)
        every = {"strategy": "ddp_find_unused_parameters_true"}
        found["by hand"] = told(lib, parity.gan(lib)(), folder, **every)
    if os.environ["RANK"] == "0":
        Path(folder, f"{name}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
