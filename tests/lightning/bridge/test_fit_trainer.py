"""What stands for a Trainer; most of it is tested through the callbacks that read it."""

from __future__ import annotations

from typing import Any

import torch

import kerastorch as keras
from kerastorch.engine.state import RunState
from kerastorch.lightning.bridge import CompiledModule
from kerastorch.lightning.bridge.fit_trainer import Fitting, FitTrainer


def test_counts() -> None:
    fitting = Fitting(RunState(epoch=1, batch=3, step=13), steps=10, before=10)
    assert (fitting.done, fitting.seen, fitting.stepped, fitting.source.num_batches) == (3, 13, 12, 10)
    fitting.state.batch = 0
    assert (fitting.done, fitting.stepped) == (0, 13)


def test_figures_and_stopping(tmp_path: Any) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    module = CompiledModule(model)
    trainer = FitTrainer(model, module, [])
    trainer.begin("predict", {})  # a model that is not compiled
    assert trainer.optimizers == [] and trainer.predicting and module.trainer is trainer
    model.compile(loss="mse")
    trainer.begin("fit", {"epochs": 3})
    trainer.settle({"loss": 0.5})
    trainer.settle({"loss": 0.25}, "val_")
    trainer.logs = {"loss": 0.75}
    assert trainer.callback_metrics == {"loss": torch.tensor(0.75), "val_loss": torch.tensor(0.25)}
    assert trainer.max_epochs == 3 and not trainer.should_stop
    trainer.should_stop = True
    assert model.stop_training and trainer.should_stop
    trainer.save_checkpoint(tmp_path / "x.ckpt", weights_only=True)
    found = torch.load(tmp_path / "x.ckpt", weights_only=True)
    assert list(found["state_dict"]) == ["dense.weight", "dense.bias"] and "optimizer_states" not in found
