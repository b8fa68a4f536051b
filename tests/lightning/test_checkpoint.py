"""Checkpoints go both ways between this library and real Lightning, and resume exactly."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
import torchmetrics

import kerastorch.lightning as pl
from kerastorch.lightning import checkpoint
from tests.lightning import parity


def train() -> Any:
    return parity.data(shuffle=True)


def held_out() -> Any:
    return parity.data(20, 6, seed=1)


def fit(lib: Any, folder: Path, ckpt_path: Any = None, **flags: Any) -> Any:
    torch.manual_seed(7)
    module = parity.classifier(lib)()
    options = {"enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu", "logger": False}
    callbacks = [lib.callbacks.ModelCheckpoint(dirpath=folder, save_last=True), lib.callbacks.EarlyStopping("val_loss")]
    with parity.quiet():
        trainer = lib.Trainer(**{**options, "default_root_dir": str(folder), "callbacks": callbacks, **flags})
        trainer.fit(module, train(), held_out(), ckpt_path=ckpt_path)
    return module, trainer


def test_files_go_both_ways(tmp_path: Path) -> None:
    runs = [fit(lib, tmp_path / str(i), max_epochs=2) for i, lib in enumerate(parity.both())]
    paths = [trainer.checkpoint_callback.last_model_path for _, trainer in runs]
    own, real = (torch.load(path, weights_only=True) for path in paths)
    assert set(own) - set(real) == {"kerastorch"} and set(real) <= set(own)
    for key in ("epoch", "global_step", "hyper_parameters", "hparams_name", "lr_schedulers"):
        assert own[key] == real[key], key
    assert set(own["callbacks"]) == set(real["callbacks"]) and set(own["loops"]) == set(real["loops"])
    assert set(own["loops"]["fit_loop"]) == set(real["loops"]["fit_loop"])
    epochs = [one["loops"]["fit_loop"]["epoch_progress"]["current"] for one in (own, real)]
    assert epochs[0] == epochs[1]
    for lib, path in zip(parity.both(), reversed(paths), strict=True):
        module = parity.classifier(lib).load_from_checkpoint(path)
        assert module.hparams == {"lr": 0.05, "depth": 1}
        assert all(map(torch.equal, module.state_dict().values(), torch.load(path)["state_dict"].values()))
    # either goes on with the other's file
    more = [fit(lib, tmp_path / f"more{i}", paths[1 - i], max_epochs=4) for i, lib in enumerate(parity.both())]
    for module, trainer in more:
        assert (trainer.global_step, trainer.current_epoch, len(module.losses)) == (24, 4, 12)


@pytest.mark.parametrize("flags", [{}, {"every_n_train_steps": 4}], ids=["epochs", "within"])
def test_a_resumed_run_has_the_same_bits(flags: dict[str, Any], tmp_path: Path) -> None:
    whole, trainer = fit(pl, tmp_path / "whole", max_epochs=4)
    saving = pl.callbacks.ModelCheckpoint(dirpath=tmp_path / "cut", save_last=True, **flags)
    limits = {"max_steps": 10} if flags else {"max_epochs": 2}
    fit(pl, tmp_path / "cut", callbacks=[saving], **limits)
    rest, resumed = fit(pl, tmp_path / "rest", saving.last_model_path, max_epochs=4)
    assert (resumed.global_step, resumed.current_epoch) == (trainer.global_step, trainer.current_epoch) == (24, 4)
    assert rest.losses == whole.losses[-len(rest.losses) :]
    assert all(map(torch.equal, rest.state_dict().values(), whole.state_dict().values()))


def test_a_window_that_is_cut_is_taken_up(tmp_path: Path) -> None:
    class Saving(pl.Callback):
        def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
            if (trainer.current_epoch, batch_idx) == (1, 4):
                trainer.save_checkpoint(tmp_path / "cut.ckpt")

    flags = {"max_epochs": 3, "accumulate_grad_batches": 3}
    whole, _ = fit(pl, tmp_path, callbacks=[Saving()], **flags)
    rest, trainer = fit(pl, tmp_path, tmp_path / "cut.ckpt", callbacks=[], **flags)
    assert len(rest.losses) == 7 and rest.losses == whole.losses[-7:] and trainer.global_step == 6
    assert all(map(torch.equal, rest.state_dict().values(), whole.state_dict().values()))


def measured(lib: Any) -> Any:
    class Measured(parity.classifier(lib)):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            multi: Any = {"task": "multiclass", "num_classes": 3}
            self.right, self.val_right = torchmetrics.Accuracy(**multi), torchmetrics.Accuracy(**multi)
            self.held = torchmetrics.MetricCollection(
                {"recall": torchmetrics.Recall(**multi), "precision": torchmetrics.Precision(**multi)}, prefix="t_"
            )
            self.by_hand, self.scores = torchmetrics.MeanMetric(), torchmetrics.CatMetric()

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            found = super().training_step(batch, batch_idx)
            for metric in (self.right, self.held):
                metric(found["logits"], batch[1])
            self.log("right", self.right, on_step=True, on_epoch=True)
            self.log_dict(self.held, on_epoch=True, on_step=False)
            self.by_hand.update(found["loss"])
            self.scores.update(found["logits"].max())
            self.log("worst", found["loss"], reduce_fx="max", on_step=False, on_epoch=True)
            return found

        def on_train_epoch_end(self) -> None:
            self.log_dict({"by_hand": self.by_hand.compute(), "scores": self.scores.compute().sum()})
            self.scores.reset()

        def validation_step(self, batch: Any, batch_idx: int) -> None:
            super().validation_step(batch, batch_idx)
            self.val_right(self(batch[0]), batch[1])
            self.log("val_right", self.val_right)

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=self.hparams.lr, momentum=0.9)
            plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, factor=0.5, mode="max")
            how = {"monitor": "loss" if self.interval == "step" else "val_loss", "interval": self.interval}
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": plateau, **how}}

    return Measured


# where a run is cut -> (the hook in which it saves, flags)
CUTS = {
    "after a batch": ("on_train_batch_end", {}),
    "in a window": ("on_train_batch_end", {"accumulate_grad_batches": 3}),
    "in a validation": ("on_validation_end", {"val_check_interval": 2}),
    "before a validation": ("on_train_batch_end", {"val_check_interval": 2}),
    "in the last validation": ("on_validation_end", {}),
    "after an epoch": ("on_train_epoch_end", {}),
}


@pytest.mark.parametrize("interval", ["step", "epoch"])
@pytest.mark.parametrize("cut", CUTS)
def test_figures_of_a_resumed_run_are_the_uncut_ones(cut: str, interval: str, tmp_path: Path) -> None:
    hook, flags = CUTS[cut]

    def save(self: Any, trainer: Any, *args: Any) -> None:
        if trainer.current_epoch == 1 and self.path is None and trainer.fitting.done in (4, 6):
            self.path = tmp_path / "cut.ckpt"
            trainer.save_checkpoint(self.path)
            self.told = (len(trainer.logger.rows), len(trainer.lightning_module.losses))

    saving = type("Saving", (pl.Callback,), {hook: save, "saves": True, "monitors": True, "path": None})()
    kind = type("Kind", (measured(pl),), {"interval": interval})
    flags = {"max_epochs": 3, "log_every_n_steps": 1, **flags}
    whole, trainer, logger = parity.run(
        pl, lambda lib: kind, tmp_path, train(), held_out(), callbacks=[lambda lib: saving], **flags
    )
    torch.manual_seed(99)
    rest, again = kind(), parity.recording_logger(pl, tmp_path)
    resumed = pl.Trainer(
        enable_progress_bar=False, enable_model_summary=False, accelerator="cpu", logger=again,
        enable_checkpointing=False, default_root_dir=tmp_path, **flags,
    )  # fmt: skip
    resumed.fit(rest, train(), held_out(), ckpt_path=saving.path)
    rows, losses = saving.told
    assert len(losses_left := whole.losses[losses:]) > 0 and rest.losses == losses_left
    left = logger.rows[rows:]
    if hook == "on_train_batch_end" and "accumulate_grad_batches" not in flags or hook == "on_train_epoch_end":
        left = left[1:]  # what was logged of that batch, or epoch, after it was saved
    assert again.rows == left
    assert all(map(torch.equal, rest.state_dict().values(), whole.state_dict().values()))
    for name in ("callback_metrics", "logged_metrics", "progress_bar_metrics"):
        assert getattr(resumed, name) == getattr(trainer, name), name
    assert (
        resumed.lr_scheduler_configs[0].scheduler.state_dict() == trainer.lr_scheduler_configs[0].scheduler.state_dict()
    )
    assert (resumed.global_step, resumed.fitting.stepped) == (trainer.global_step, trainer.fitting.stepped)


def test_best_and_last(tmp_path: Path) -> None:
    module, trainer = fit(pl, tmp_path, max_epochs=2)
    assert trainer.test(module, held_out(), ckpt_path="best", verbose=False)
    assert trainer.validate(module, held_out(), ckpt_path="last", verbose=False)
    with parity.quiet():  # twice the best, as in Lightning
        assert trainer.test(dataloaders=held_out(), verbose=False) == trainer.test(
            module, held_out(), ckpt_path="best", verbose=False
        )
    with pytest.warns(UserWarning, match="best checkpoint"):
        trainer.predict(dataloaders=held_out())
    with pytest.raises(ValueError, match="ckpt_path"):
        pl.Trainer(logger=False, max_epochs=1, accelerator="cpu").fit(module, train(), ckpt_path="best")


def test_last_may_be_asked_for_before_there_is_one(tmp_path: Path) -> None:
    for lib in parity.both():
        steps = []
        for epochs in (2, 4):
            folder = tmp_path / lib.__name__
            module, trainer = fit(lib, folder, "last", max_epochs=epochs)
            steps.append((len(module.losses), trainer.global_step))
        assert steps == [(12, 12), (12, 24)]
    with pytest.warns(UserWarning, match="save_last=True"):
        pl.Trainer(logger=False, max_epochs=1, default_root_dir=tmp_path)._checkpoint_path("last")


def test_what_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        checkpoint.read(tmp_path / "none.ckpt")
    torch.save({"weights": 1}, tmp_path / "other.ckpt")
    with pytest.raises(ValueError, match="state_dict"):
        checkpoint.read(tmp_path / "other.ckpt")
    torch.save({"state_dict": {}, "hyper_parameters": {"f": Path("x")}}, tmp_path / "code.ckpt")
    with pytest.raises(ValueError, match="plain values"):
        checkpoint.read(tmp_path / "code.ckpt")
    with pytest.raises(TypeError, match="own"):
        checkpoint.write(tmp_path / "a.ckpt", {"own": object()})
    assert not (tmp_path / "a.ckpt").exists()


def test_weights_only_cannot_be_resumed(tmp_path: Path) -> None:
    _, trainer = fit(pl, tmp_path, max_epochs=1)
    trainer.save_checkpoint(tmp_path / "w.ckpt", weights_only=True)
    assert "optimizer_states" not in torch.load(tmp_path / "w.ckpt")
    with pytest.raises(ValueError, match="weights only"):
        fit(pl, tmp_path, tmp_path / "w.ckpt", max_epochs=2)


def test_a_module_may_add_to_it(tmp_path: Path) -> None:
    class Adding(parity.classifier(pl)):  # type: ignore[misc]
        def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
            checkpoint["mine"] = OrderedDict(a=1)

        def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
            self.mine = checkpoint["mine"]

    _, trainer, _ = parity.run(pl, lambda lib: Adding, tmp_path, train(), max_epochs=1)
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    assert Adding.load_from_checkpoint(tmp_path / "a.ckpt").mine["a"] == 1


def test_fewer_epochs_than_were_made_are_refused(tmp_path: Path) -> None:
    _, trainer = fit(pl, tmp_path, max_epochs=2)
    path = trainer.checkpoint_callback.last_model_path
    with pytest.raises(ValueError, match="at least the 2 epochs"):
        fit(pl, tmp_path, path, max_epochs=1)
    assert fit(pl, tmp_path, path, max_epochs=2)[1].global_step == 12


def test_double_weights_of_a_checkpoint_are_not_rounded(tmp_path: Path) -> None:
    module, trainer, _ = parity.run(
        pl, parity.classifier, tmp_path, parity.data(), max_epochs=1, precision="64-true", enable_checkpointing=True
    )
    fresh = parity.classifier(pl)()
    trainer.test(fresh, parity.data(), ckpt_path="best", verbose=False)
    assert all(torch.equal(a, b) for a, b in zip(fresh.parameters(), module.parameters(), strict=True))
