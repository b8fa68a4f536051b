"""Every hook of a LightningModule, a LightningDataModule and a Callback, in the order of real Lightning."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from kerastorch.lightning.callbacks.callback import Callback
from kerastorch.lightning.datamodule import LightningDataModule
from kerastorch.lightning.hooks import DataHooks, ModelHooks
from tests.examples import running
from tests.lightning import parity

SCRIPT = "lightning_hooks.py"
STEPS = ("training_step", "validation_step", "test_step", "predict_step", "configure_optimizers")
# Not told: the data come from the datamodule alone; the last one real Lightning's module has not.
NOT_OF_MODULE = {name for name in vars(DataHooks) if "dataloader" in name or "batch" in name}
NOT_OF_MODULE |= {"on_predict_model_train"}


@pytest.fixture(scope="module")
def data(mnist_path: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    return running.part_of_mnist(mnist_path, tmp_path_factory.mktemp("mnist") / "part.npz", 200, 100)


def _calls(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines that tell of calls or of what is done, with how far right they stand."""
    return [line for line in capsys.readouterr().out.splitlines() if re.match(r" *\w+\.\w+\(|# ", line)]


@pytest.mark.parametrize("epochs", [1, 2])
def test_the_order_is_that_of_real_lightning(epochs: int, data: str, tmp_path: Path, capsys: Any) -> None:
    told = []
    for real in (False, True):
        running.run(SCRIPT, "--data", data, "--epochs", epochs, "--out", tmp_path / str(real), real=real)
        told.append(_calls(capsys))
    assert told[0] == told[1]
    assert len(told[0]) > 200 * epochs**0.5 and "# RuntimeError: This was to be expected." in told[0]


def test_every_hook_is_told(data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    running.run(SCRIPT, "--data", data, "--out", tmp_path)
    found = {found[1] for line in _calls(capsys) if (found := re.match(r" *(\w+\.\w+)\(", line))}
    wanted = {
        "callback": {name for name in vars(Callback) if _is_hook(name)},
        "data": {*vars(DataHooks), *vars(LightningDataModule), "on_exception"},
        "module": {*vars(DataHooks), *vars(ModelHooks), *STEPS} - NOT_OF_MODULE,
    }
    ways = {"from_datasets", "load_from_checkpoint", "name", "prepare_data_per_node", "trainer"}
    for who, names in wanted.items():
        hooks = {f"{who}.{name}" for name in names - ways if not name.startswith("_") and name.islower()}
        assert hooks - found == set(), who


def _is_hook(name: str) -> bool:
    return name.startswith("on_") or name in ("setup", "teardown", "state_dict", "load_state_dict")


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"max_epochs": 1}, {"max_epochs": 3}),
        ({"max_epochs": 2}, {"max_epochs": 2}),
        ({"max_steps": 4}, {"max_steps": 4}),
    ],
)
def test_a_resumed_run_has_the_order_too(first: Any, then: Any, data: str, tmp_path: Path, capsys: Any) -> None:
    told, steps = [], []
    for real in (False, True):
        names, path = running.load(SCRIPT, real), tmp_path / f"{real}.ckpt"
        flags = {"limit_val_batches": 1, "logger": False, "enable_checkpointing": False, "accelerator": "cpu"}
        flags |= {"enable_progress_bar": False, "enable_model_summary": False, "limit_train_batches": 4}
        with parity.quiet():
            module, digits = names.Classifier(), names.Digits(*names.datasets(data))
            trainer = names.pl.Trainer(**flags, **first, callbacks=[names.Watching()])
            trainer.fit(module, datamodule=digits)
            trainer.save_checkpoint(path)
            capsys.readouterr()
            trainer = names.pl.Trainer(**flags, **then, callbacks=[names.Watching()])
            trainer.fit(module, datamodule=digits, ckpt_path=path)
        told.append(_calls(capsys))
        steps.append((trainer.global_step, trainer.current_epoch))
    assert told[0] == told[1]
    assert steps[0] == steps[1]
