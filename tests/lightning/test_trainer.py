"""The Trainer against real Lightning: the same module, seed and data give the same run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import kerastorch.lightning as pl
from tests.lightning import parity


def shuffled() -> Any:
    return parity.data(shuffle=True)


def held_out() -> Any:
    return parity.data(20, 6, seed=1)


def stopping(pl: Any) -> Any:
    return pl.callbacks.EarlyStopping("val_loss", patience=1, min_delta=0.05)


def saving(pl: Any) -> Any:
    return pl.callbacks.ModelCheckpoint(monitor="val_acc", mode="max", save_top_k=2)


@pytest.mark.parametrize(
    "flags",
    [
        {"max_epochs": 3},
        {"max_epochs": 3, "limit_train_batches": 0.5, "log_every_n_steps": 1},
        {"max_steps": 7},
        {"fast_dev_run": 2},
        {"max_epochs": 2, "overfit_batches": 2},
        {"max_epochs": 2, "precision": "64-true"},
    ],
    ids=str,
)
def test_the_quick_start(flags: dict[str, Any], tmp_path: Path) -> None:
    own, real = parity.run_both(parity.autoencoder, tmp_path, shuffled, **flags)
    parity.check_equal(own, real)
    assert own[2].given == real[2].given or flags.get("fast_dev_run")


@pytest.mark.parametrize(
    "flags",
    [
        {"max_epochs": 8, "accumulate_grad_batches": 4, "gradient_clip_val": 0.3},
        {"max_epochs": 2, "val_check_interval": 0.5, "gradient_clip_val": 0.01, "gradient_clip_algorithm": "value"},
        {"max_epochs": 3, "val_check_interval": 4, "check_val_every_n_epoch": None},
        {"max_epochs": 5, "min_epochs": 4, "min_steps": 20, "num_sanity_val_steps": -1},
        {"max_epochs": 4, "check_val_every_n_epoch": 2, "limit_val_batches": 2, "precision": "bf16-mixed"},
        {"max_epochs": 2, "detect_anomaly": True},
    ],
    ids=str,
)
def test_a_classifier(flags: dict[str, Any], tmp_path: Path) -> None:
    options = {"callbacks": [stopping, saving], "enable_checkpointing": True, **flags}
    own, real = parity.run_both(parity.classifier, tmp_path, shuffled, held_out, **options)
    parity.check_equal(own, real, 1e-2 if "precision" in flags else 1e-6)
    best, real_best = own[1].checkpoint_callback, real[1].checkpoint_callback
    assert Path(best.best_model_path).name == Path(real_best.best_model_path).name
    assert sorted(Path(p).name for p in best.best_k_models) == sorted(Path(p).name for p in real_best.best_k_models)


def test_a_gan_by_hand(tmp_path: Path) -> None:
    own, real = parity.run_both(parity.gan, tmp_path, shuffled, max_epochs=3)
    parity.check_equal(own, real)


def test_data_of_unknown_length(tmp_path: Path) -> None:
    class Stream(torch.utils.data.IterableDataset[Any]):
        def __iter__(self) -> Any:
            return iter(parity.data(20).dataset)

    def loader() -> Any:
        return torch.utils.data.DataLoader(Stream(), batch_size=8)

    own, real = parity.run_both(parity.classifier, tmp_path, loader, held_out, max_epochs=2, accumulate_grad_batches=2)
    parity.check_equal(own, real)


def test_several_loaders(tmp_path: Path) -> None:
    def make(pl: Any) -> Any:
        class Several(pl.LightningModule):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.layer, self.losses = nn.Linear(10, 3), []

            def training_step(self, batch: Any, batch_idx: int) -> Any:
                loss = self.layer(batch["a"][0]).square().mean() + self.layer(batch["b"][0]).abs().mean()
                self.losses.append(float(loss))
                self.log("loss", loss)
                return loss

            def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int) -> None:
                self.log("val_loss", self.layer(batch[0]).square().mean())
                self.log(f"own_{dataloader_idx}", batch[0].mean(), add_dataloader_idx=False, on_step=True)

            def configure_optimizers(self) -> Any:
                return torch.optim.SGD(self.parameters(), lr=0.1)

        return Several

    own, real = parity.run_both(
        make, tmp_path, lambda: {"a": parity.data(24), "b": parity.data(10, 4, seed=3)},
        lambda: [held_out(), parity.data(8, 4, seed=4)], max_epochs=2,
    )  # fmt: skip
    parity.check_equal(own, real)


@pytest.mark.parametrize("stage", ["validate", "test"])
def test_evaluation_gives_the_same_figures(stage: str, tmp_path: Path) -> None:
    found = []
    for lib, (module, trainer, _) in zip(
        parity.both(), parity.run_both(parity.classifier, tmp_path, shuffled, max_epochs=1), strict=True
    ):
        with parity.quiet():
            figures = getattr(trainer, stage)(module, held_out(), verbose=lib is pl)
            outputs = trainer.predict(module, held_out())
        found.append((figures, outputs))
    (own, outputs), (real, real_outputs) = found
    assert [sorted(one) for one in own] == [sorted(one) for one in real]
    assert all(abs(own[0][name] - real[0][name]) < 1e-6 for name in real[0])
    assert all(map(torch.equal, outputs, real_outputs)) and len(outputs) == 4


def test_a_second_fit_goes_on_counting(tmp_path: Path) -> None:
    module, trainer, _ = parity.run(pl, parity.autoencoder, tmp_path, shuffled(), max_epochs=2)
    assert (trainer.global_step, trainer.current_epoch, trainer.state.finished) == (12, 2, True)
    trainer.fit(module, shuffled())
    assert (trainer.global_step, trainer.current_epoch) == (12, 2), "max_epochs is reached"


def test_an_interrupt_ends_gracefully_and_an_error_is_told(tmp_path: Path) -> None:
    told = []

    class Breaking(pl.Callback):
        def __init__(self, error: type[BaseException]) -> None:
            self.error = error

        def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
            raise self.error

        def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
            told.append(type(exception))

    _, trainer, _ = parity.run(
        pl, parity.autoencoder, tmp_path, shuffled(), max_epochs=2, callbacks=[lambda pl: Breaking(KeyboardInterrupt)]
    )
    assert trainer.interrupted and trainer.global_step == 1
    with pytest.raises(ZeroDivisionError):
        parity.run(
            pl, parity.autoencoder, tmp_path, shuffled(), max_epochs=2,
            callbacks=[lambda pl: Breaking(ZeroDivisionError)],
        )  # fmt: skip
    assert told == [KeyboardInterrupt, ZeroDivisionError]


def test_max_time_ends_training(tmp_path: Path) -> None:
    for time, steps in (({"microseconds": 1}, 1), ({"seconds": 0}, 0)):
        _, trainer, _ = parity.run(pl, parity.autoencoder, tmp_path, shuffled(), max_time=time)
        assert trainer.global_step == steps and trainer.should_stop
    trainer.max_epochs = 1
    timer = next(one for one in trainer.callbacks if isinstance(one, pl.callbacks.Timer))
    timer.load_state_dict({"time_elapsed": {"train": 5.0}})  # of a run that this one goes on with
    assert timer.time_elapsed() == 5.0


def test_dataloaders_are_asked_for_anew(tmp_path: Path) -> None:
    calls = []
    for lib in parity.both():

        class Own(parity.autoencoder(lib)):  # type: ignore[misc]
            def train_dataloader(self) -> Any:
                calls[-1].append("train")
                return parity.data()

            def val_dataloader(self) -> Any:
                calls[-1].append("val")
                return held_out()

            def validation_step(self, batch: Any, batch_idx: int) -> None:
                self.log("val_loss", batch[0].mean())

        calls.append([])
        parity.run(lib, lambda lib, own=Own: own, tmp_path, None, max_epochs=4, reload_dataloaders_every_n_epochs=2)
    assert calls[0] == calls[1]


def test_a_second_fit_forgets_the_wish_to_stop(tmp_path: Path) -> None:
    found = []
    for lib in parity.both():
        stop = lib.callbacks.LambdaCallback(
            on_train_epoch_end=lambda trainer, module: setattr(trainer, "should_stop", trainer.current_epoch == 1)
        )
        module, trainer, _ = parity.run(
            lib, parity.autoencoder, tmp_path, parity.data(), max_epochs=4, callbacks=[lambda lib, stop=stop: stop]
        )
        with parity.quiet():
            trainer.fit(module, parity.data())
        found.append((trainer.current_epoch, trainer.global_step, module.losses))
    assert found[0] == found[1] and found[0][0] == 4


class Stream(torch.utils.data.IterableDataset[Any]):
    def __iter__(self) -> Any:
        return iter([(x, y) for batch in parity.data(28) for x, y in zip(*batch, strict=True)])


def odd(name: str) -> Any:
    """A module that does something rare, by what it does."""

    def make(lib: Any) -> Any:
        class Odd(parity.classifier(lib)):  # type: ignore[misc,name-defined]
            def training_step(self, batch: Any, batch_idx: int) -> Any:
                if name == "leaves out batches" and batch_idx in (1, 2):
                    return None
                batch = [batch["x"], batch["y"]] if name == "takes dicts" else batch
                found = super().training_step(batch, batch_idx)
                if name == "logs by its own size":
                    self.log("size", found["loss"], batch_size=3, reduce_fx="sum", on_epoch=True, on_step=True)
                    self.log("whole", batch_idx, reduce_fx=max, on_epoch=True)
                return found

            def on_train_batch_start(self, batch: Any, batch_idx: int) -> Any:
                return -1 if name == "ends epochs early" and batch_idx == 3 else None

            def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
                if name == "stops in between" and self.global_step == 4:
                    self.trainer.should_stop = True

        return Odd

    return make


@pytest.mark.parametrize(
    "name",
    [
        "leaves out batches", "takes dicts", "logs by its own size", "ends epochs early", "stops in between",
        "streams",
    ],
)  # fmt: skip
def test_odd_modules(name: str, tmp_path: Path) -> None:
    def loader() -> Any:
        if name == "streams":
            return torch.utils.data.DataLoader(Stream(), batch_size=8)
        plain = parity.data(36)
        if name != "takes dicts":
            return plain
        pairs = [{"x": x, "y": y, "name": "n"} for x, y in plain.dataset]
        return torch.utils.data.DataLoader(pairs, batch_size=8)  # type: ignore[arg-type]

    flags: Any = {"max_epochs": 3, "accumulate_grad_batches": 2, "log_every_n_steps": 1}
    parity.check_equal(*parity.run_both(odd(name), tmp_path, loader, held_out, **flags))
