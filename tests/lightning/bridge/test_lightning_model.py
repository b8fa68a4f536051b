"""A LightningModule in Keras's methods: the same losses as in a Trainer of ours and of real Lightning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import kerastorch as keras
import kerastorch.lightning as pl
from tests.lightning import parity

DATA = parity.data()
X, Y = DATA.dataset.tensors  # type: ignore[attr-defined]


def _made(make: Any, owner: Any = pl) -> Any:
    torch.manual_seed(7)
    return make(owner)()


@pytest.mark.parametrize("make", [parity.autoencoder, parity.classifier, parity.gan])
def test_losses_are_those_of_trainers(make: Any, tmp_path: Any) -> None:
    own, real = parity.run_both(make, tmp_path, lambda: parity.data(shuffle=True), max_epochs=3)
    module = _made(make)
    model = keras.Model.from_lightning(module)
    history = model.fit(parity.data(shuffle=True), epochs=3, verbose=0)
    assert module.losses == own[0].losses == real[0].losses
    assert len(module.losses) >= 18
    assert all(torch.equal(a, b) for a, b in zip(module.parameters(), own[0].parameters(), strict=True))
    for name, value in real[1].callback_metrics.items():
        assert history.history[name][-1] == pytest.approx(float(value), abs=1e-6)
    assert len(history.history) == len(real[1].callback_metrics)


def test_figures_of_each_epoch_are_those_of_real_lightning(tmp_path: Any) -> None:
    rows: list[dict[str, float]] = []

    def noting(owner: Any) -> Any:
        class Noting(owner.Callback):  # type: ignore[misc]
            def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
                rows.append({name: float(value) for name, value in trainer.callback_metrics.items()})

        return Noting()

    with parity.quiet():
        _, real = parity.both()
        parity.run(real, parity.classifier, tmp_path, parity.data(), parity.data(20, seed=3), [noting], max_epochs=3)
    history = keras.Model.from_lightning(_made(parity.classifier)).fit(
        parity.data(), epochs=3, validation_data=parity.data(20, seed=3), verbose=0
    )
    late = {"accuracy", "loss_epoch"}  # `callback_metrics` has them after this hook
    for epoch in range(3):
        for name, value in history.history.items():
            if name not in late and name != "loss":
                assert value[epoch] == pytest.approx(rows[epoch][name], abs=1e-6), name
    assert {"val_loss", "val_acc", "val_worst", "loss", "accuracy"} <= set(history.history)


class _Line(pl.LightningModule):
    """Logs one name in both passes."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(10, 3)
        self.seen: list[Any] = []
        self.note = "mine"

    def forward(self, x: Any) -> Any:
        return self.layer(x)

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        self.seen.append(batch)
        x, y, *_ = batch
        loss = functional.cross_entropy(self(x), y)
        self.log("loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.log("loss", functional.cross_entropy(self(batch[0]), batch[1]))
        self.log("valid/own", 1.0)

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.Adam(self.parameters(), 0.1)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)]


def test_arrays_are_as_their_loader() -> None:
    losses = []
    for arrays in (True, False):
        model = keras.Model.from_lightning(_made(lambda owner: _Line))
        given = (X.numpy(), Y.numpy()) if arrays else (parity.data(), None)
        history = model.fit(*given, batch_size=8 if arrays else None, epochs=2, shuffle=False, verbose=0)
        losses.append(history.history["loss"])
    assert losses[0] == losses[1]


def test_names_of_validation() -> None:
    model = keras.Model.from_lightning(_Line())
    history = model.fit(X, Y, epochs=4, validation_split=0.25, validation_freq=2, verbose=0).history
    assert {name: len(values) for name, values in history.items()} == {"loss": 4, "val_loss": 2, "valid/own": 2}
    assert history["loss"] != history["val_loss"]
    assert model.history.history is history


def test_weights_come_in_the_batch_and_orders_change() -> None:
    module = _Line()
    model = keras.Model.from_lightning(module)
    model.fit(X, Y, batch_size=44, sample_weight=np.arange(44.0), epochs=2, verbose=0)
    first, second = module.seen
    assert [len(one) for one in (first, second)] == [3, 3]
    for x, _, weight in (first, second):
        assert torch.equal(x, X[weight.long()])
    assert not torch.equal(first[2], second[2])
    model.fit(X, Y, batch_size=44, class_weight={0: 1.0, 1: 2.0, 2: 3.0}, verbose=0)
    assert torch.equal(module.seen[-1][2].float(), module.seen[-1][1].float() + 1)


def test_a_second_fit_goes_on() -> None:
    ends = []
    for parts in ((4,), (2, 4)):
        model = keras.Model.from_lightning(_made(lambda owner: _Line))
        begin = 0
        for end in parts:
            model.fit(X, Y, batch_size=8, shuffle=False, epochs=end, initial_epoch=begin, verbose=0)
            begin = end
        ends.append((model.get_weights(), model.optimizer.param_groups[0]["lr"], model.trainer.global_step))
    assert ends[0][1:] == ends[1][1:] == (0.1 * 0.5**4, 24)
    for a, b in zip(ends[0][0], ends[1][0], strict=True):
        np.testing.assert_array_equal(a, b)


def test_limits() -> None:
    module = _Line()
    keras.Model.from_lightning(module).fit(parity.data(), steps_per_epoch=2, epochs=2, verbose=0)
    assert len(module.seen) == 4


def test_callbacks_of_both_kinds() -> None:
    seen: list[str] = []

    class Ours(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append(f"keras {epoch} {sorted(logs)} {self.model.note}")

    class Theirs(pl.Callback):
        def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
            seen.append(f"lightning {trainer.current_epoch} {pl_module.note}")

    model = keras.Model.from_lightning(_Line())
    stopping = keras.callbacks.EarlyStopping("loss", patience=0, min_delta=9.0, restore_best_weights=True)
    rates = keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.25)
    history = model.fit(X, Y, epochs=9, verbose=0, callbacks=[rates, Ours(), Theirs(), stopping])
    assert seen == [
        "lightning 0 mine", "keras 0 ['learning_rate', 'loss'] mine",
        "lightning 1 mine", "keras 1 ['learning_rate', 'loss'] mine",
    ]  # fmt: skip
    assert history.epoch == [0, 1] and stopping.stopped_epoch == 1 and model.stop_training
    assert history.history["learning_rate"] == [0.125, 0.125]  # the module's own scheduler halves it after the epoch


def test_lightning_checkpoints_and_bars(tmp_path: Any, capsys: Any) -> None:
    saving = pl.callbacks.ModelCheckpoint(tmp_path, monitor="val_loss")
    model = keras.Model.from_lightning(parity.classifier(pl)())
    bar = pl.callbacks.TQDMProgressBar()
    model.fit(X, Y, validation_data=(X, Y), epochs=2, callbacks=[saving, bar])
    assert "Epoch 1/2" not in capsys.readouterr().out
    fresh = parity.classifier(pl).load_from_checkpoint(saving.best_model_path)
    assert sorted(fresh.state_dict()) == sorted(model.state_dict())


def test_evaluate_and_predict(tmp_path: Any) -> None:
    module = _made(parity.classifier)
    model = keras.Model.from_lightning(module)
    figures = model.evaluate(X, Y, batch_size=8, verbose=0, return_dict=True)
    _, real = parity.both()
    with parity.quiet():
        wanted = parity.run(
            real, parity.classifier, tmp_path, parity.data(), max_epochs=0
        )[1].test(dataloaders=parity.data(), model=_made(parity.classifier, real), verbose=False)[0]  # fmt: skip
    assert figures == pytest.approx(wanted, abs=1e-6)
    assert model.evaluate(parity.data(), verbose=0) == [
        figures["test_loss"],
        figures["test_acc"],
        figures["test_worst"],
    ]
    assert model.predict(parity.data(), verbose=0).shape == (44,)
    line = keras.Model.from_lightning(_made(lambda owner: _Line))
    only = line.evaluate(X, Y, verbose=0, return_dict=True)  # by `validation_step`
    assert sorted(only) == ["loss", "valid/own"]
    outputs = line.predict(X.numpy(), batch_size=7, verbose=0)
    np.testing.assert_allclose(outputs, line.module(X).detach().numpy(), atol=1e-6)


def test_is_the_module_with_keras_methods(tmp_path: Any) -> None:
    module = _Line()
    model = keras.Model.from_lightning(module)
    assert model.to_lightning() is module and model.note == "mine" and model.optimizer is None
    assert list(model.state_dict()) == ["layer.weight", "layer.bias"]
    model.save_weights(tmp_path / "x.weights.h5")
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    model.load_weights(tmp_path / "x.weights.h5")
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    compiled = keras.Sequential([keras.Input((10,)), keras.layers.Dense(1)])
    compiled.compile(loss="mse")
    assert keras.Model.from_lightning(compiled.to_lightning()) is compiled
    with pytest.raises(AttributeError, match="nothing_such"):
        model.nothing_such


def test_flags_are_the_trainers(tmp_path: Any) -> None:
    module = _Line()
    keras.Model.from_lightning(module, accumulate_grad_batches=3, precision="bf16-mixed").fit(
        X, Y, batch_size=8, verbose=0
    )
    assert module.trainer.global_step == 2 and module.trainer.plan.precision.name == "bf16-mixed"
    with pytest.raises(TypeError, match="precision"):
        keras.Model.from_lightning(module, precison="32")


def test_refusals() -> None:
    model = keras.Model.from_lightning(_Line())
    with pytest.raises(ValueError, match="Start the script by `torchrun`"):
        keras.Model.from_lightning(_Line(), accelerator="cpu", devices=2)
    with pytest.raises(TypeError, match="expected a LightningModule"):
        keras.Model.from_lightning(nn.Linear(1, 1))
    with pytest.raises(TypeError, match="Use `fit`, `evaluate` and `predict`"):
        model.compile("adam")
    with pytest.raises(TypeError, match="Use `fit`, `evaluate` and `predict`"):
        model.train_on_batch(X, Y)
    with pytest.raises(TypeError, match="ModelCheckpoint"):
        model.fit(X, Y, checkpoint_dir="there")
    with pytest.raises(ValueError, match="Did you mean 'val_loss'"):
        other = keras.Model.from_lightning(parity.classifier(pl)())
        other.fit(X, Y, validation_split=0.2, verbose=0, callbacks=[keras.callbacks.EarlyStopping("val_los")])
    with pytest.raises(TypeError, match="epochs"):
        model.fit(X, Y, epoch=3)
    with pytest.raises(ValueError, match="Let the loader yield it"):
        model.fit(parity.data(), Y)
    with pytest.raises(ValueError, match="`initial_epoch`"):
        model.fit(X, Y, epochs=1, initial_epoch=2)


def test_progress_is_keras(capsys: Any) -> None:
    keras.Model.from_lightning(_Line()).fit(X, Y, validation_data=(X, Y), epochs=2, verbose=2)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("Epoch")] == ["Epoch 1/2", "Epoch 2/2"]
    assert sum("loss:" in line and "val_loss:" in line for line in lines) == 2
