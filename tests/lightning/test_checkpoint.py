"""Checkpoints go both ways between this library and real Lightning, and resume exactly."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch

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


def test_best_and_last(tmp_path: Path) -> None:
    module, trainer = fit(pl, tmp_path, max_epochs=2)
    assert trainer.test(module, held_out(), ckpt_path="best", verbose=False)
    assert trainer.validate(module, held_out(), ckpt_path="last", verbose=False)
    with pytest.raises(ValueError, match="ckpt_path"):
        pl.Trainer(logger=False, max_epochs=1, accelerator="cpu").fit(module, train(), ckpt_path="best")


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
