"""The example of 2019 on real MNIST: each old word is told its new one, and the module of today learns the same."""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path
from typing import Any

import pytest

import kerastorch.lightning as pl
from tests.examples import running
from tests.lightning import parity

SCRIPT = "lightning_2019.py"
TOLD = [
    "`@data_loader` of tng_dataloader is not needed today: leave it out.",
    "`@data_loader` of val_dataloader is not needed today: leave it out.",
    "`Trainer(experiment=...)` is called `logger` today.",
    "`Trainer(max_nb_epochs=...)` is called `max_epochs` today.",
    "`Trainer(train_percent_check=...)` is called `limit_train_batches` today.",
    "`validation_end` of CoolModel: write `on_validation_epoch_end(self)`, or `self.log` in `validation_step` today.",
    "`tng_dataloader` of CoolModel: write `train_dataloader(self)` today.",
    "`batch_nb` of training_step: write `batch_idx` today.",
    "`batch_nb` of validation_step: write `batch_idx` today.",
    "`log` and `progress_bar` in what training_step returns: "
    "write `self.log(name, value)`, and `prog_bar=True` for the bar, today.",
]


@pytest.fixture(scope="module")
def data(mnist_path: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    return running.part_of_mnist(mnist_path, tmp_path_factory.mktemp("mnist") / "part.npz", 2000, 1000)


def run(data: str, folder: Path, epochs: int = 3) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return running.run(SCRIPT, "--data", data, "--epochs", epochs, "--out", folder, module="CoolModel")


def run_today(library: Any, data: str, folder: Path) -> list[float]:
    """Run the code at the end of the script's docstring; the losses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        names = running.load(SCRIPT)
    text = inspect.cleandoc(names.__doc__).partition("as it is written today:")[2]
    top, _, rest = inspect.cleandoc(text).partition("logger = ")
    known = vars(names)
    known.update(pl=library, datasets=lambda _, small, datasets=names.datasets: datasets(data, small))
    exec(top, known)
    losses: list[float] = []
    running.keep_losses(known["CoolModel"], losses)
    library.seed_everything(0)
    exec(f"logger = {rest}".replace("runs/lightning_2019", str(folder)), known)
    return losses


def test_each_old_word_is_told_its_new_one_once(data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.warns(DeprecationWarning) as told:
        running.run(SCRIPT, "--data", data, "--epochs", 2, "--out", tmp_path)
    assert [str(one.message) for one in told] == TOLD
    assert {Path(one.filename).name for one in told} == {SCRIPT}  # so Python shows them
    assert (tmp_path / "cool_model" / "version_0" / "checkpoints" / "epoch=1-step=62.ckpt").is_file()
    assert "Validation accuracy: 0." in capsys.readouterr().out


def test_today_s_module_learns_the_same(data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = run(data, tmp_path / "old")
    today = run_today(pl, data, tmp_path / "today")
    with parity.quiet():
        import lightning.pytorch as real

        there = run_today(real, data, tmp_path / "real")
    assert len(old.losses) == 3 * 31 and sum(old.losses[-10:]) < 0.5 * sum(old.losses[:10])
    assert old.losses == today == there
    folders = [tmp_path / name / "cool_model" / "version_0" for name in ("old", "today", "real")]
    figures = running.events(folders[0])
    assert [len(figures[name]) for name in ("train_loss", "val_loss", "val_accuracy")] == [1, 3, 3]
    running.check_equal(folders[0], folders[1])
    running.check_equal(folders[1], folders[2])


@pytest.mark.slow
def test_learns_mnist(mnist_path: str, tmp_path: Path) -> None:
    run(mnist_path, tmp_path)
    steps = running.events(tmp_path / "cool_model" / "version_0")["val_accuracy"]
    assert [step for step, _ in steps] == [936, 1873, 2810]
    assert 0.9 < steps[0][1] < steps[-1][1] and steps[-1][1] > 0.915
