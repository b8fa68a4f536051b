"""What a Trainer tells of itself is what real Lightning's tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

import kerastorch.lightning as pl
from tests.lightning import parity

SAID = (
    "global_step", "current_epoch", "max_epochs", "max_steps", "num_training_batches", "num_val_batches", "world_size",
    "global_rank", "is_global_zero", "training", "validating", "testing", "predicting", "sanity_checking",
    "accumulate_grad_batches", "estimated_stepping_batches", "should_stop", "fast_dev_run", "log_every_n_steps",
)  # fmt: skip


def watching(lib: Any, seen: list[Any]) -> Any:
    def look(name: str) -> Any:
        def hook(self: Any, trainer: Any, pl_module: Any, *args: Any) -> None:
            seen.append((name, str(getattr(trainer.state.fn, "value", trainer.state.fn)), tell(trainer)))

        return hook

    names = ("on_fit_start", "on_sanity_check_start", "on_validation_start", "on_train_start", "on_train_epoch_start",
             "on_train_batch_start", "on_train_batch_end", "on_train_epoch_end", "on_train_end",
             "on_test_start")  # fmt: skip
    return type("Watching", (lib.Callback,), {name: look(name) for name in names})()


def tell(trainer: Any) -> dict[str, Any]:
    names = [name for name in SAID if "batches" not in name or "accumulate" in name]
    return {name: getattr(trainer, name) for name in names}


def test_the_same_is_told_at_every_hook(tmp_path: Path) -> None:
    seen: list[list[Any]] = []
    for lib in parity.both():
        seen.append([])
        module, trainer, _ = parity.run(
            lib, parity.classifier, tmp_path, parity.data(20), parity.data(8), max_epochs=2, accumulate_grad_batches=2,
            val_check_interval=2, callbacks=[lambda lib, s=seen[-1]: watching(lib, s)],
        )  # fmt: skip
        seen[-1].append({name: getattr(trainer, name) for name in SAID if name != "training"})
        with parity.quiet():
            trainer.test(module, parity.data(8), verbose=False)
    assert len(seen[0]) == len(seen[1]) > 10
    for own, real in zip(*seen, strict=True):
        assert own == real


def test_who_there_is(tmp_path: Path) -> None:
    stopping = pl.callbacks.EarlyStopping("a")
    trainer = pl.Trainer(callbacks=stopping, default_root_dir=tmp_path, max_epochs=1, accelerator="cpu")
    kinds = [type(one).__name__ for one in trainer.callbacks]
    assert kinds == ["EarlyStopping", "TQDMProgressBar", "ModelSummary", "ModelCheckpoint"]
    assert (
        trainer.checkpoint_callback is trainer.callbacks[-1] and trainer.progress_bar_callback is trainer.callbacks[1]
    )
    assert isinstance(trainer.logger, pl.loggers.TensorBoardLogger)
    assert trainer.log_dir == str(tmp_path / "lightning_logs" / "version_0") and trainer.train_dataloader is None
    assert (trainer.local_rank, trainer.model, trainer.callback_metrics) == (0, None, {})


def test_names_that_lightning_documents(tmp_path: Path) -> None:
    for lib in parity.both():
        with parity.quiet():
            trainer = lib.Trainer(
                default_root_dir=tmp_path, logger=False, accelerator="cpu", precision="bf16-true", max_epochs=1,
                enable_progress_bar=False, enable_model_summary=False,
            )  # fmt: skip
        assert (trainer.received_sigterm, trainer.ckpt_path, trainer.loggers) == (False, None, [])
        assert trainer.distributed_sampler_kwargs is None and trainer.default_root_dir == str(tmp_path)
        with trainer.init_module():
            layer = torch.nn.Linear(2, 1)
        assert (layer.weight.dtype, layer.weight.device.type) == (torch.bfloat16, "cpu")
        assert torch.get_default_dtype() is torch.float32
        with parity.quiet():
            trainer.fit(parity.classifier(lib)(), parity.data())
            assert len(trainer.lr_scheduler_configs) == 1 and trainer.ckpt_path is None
            path = trainer.checkpoint_callback.best_model_path
            trainer.test(parity.classifier(lib)(), parity.data(), ckpt_path="best", verbose=False)
            assert trainer.ckpt_path == path
            trainer.ckpt_path = path
            fresh = parity.classifier(lib)()
            trainer.test(fresh, parity.data(), verbose=False)  # the one that was set
        assert trainer.ckpt_path == path
        found = torch.load(path, weights_only=False)["state_dict"]
        assert all(torch.equal(value, found[name]) for name, value in fresh.state_dict().items())
    two = pl.Trainer(devices=2, accelerator="cpu", logger=False, max_epochs=1)
    assert (two.distributed_sampler_kwargs, two.accelerator) == (None, "cpu")
