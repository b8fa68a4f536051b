"""ModelCheckpoint leaves the files that real Lightning's leaves."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch

import kerastorch.lightning as pl
from tests.lightning import parity

VALUES = [3.0, 1.0, 2.0, float("nan"), 0.5]
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "the last": ({}, {}),
    "the best": ({"monitor": "told"}, {}),
    "two best, and the last": ({"monitor": "told", "save_top_k": 2, "save_last": True, "mode": "max"}, {}),
    "all": ({"save_top_k": -1, "filename": "{epoch:02d}-{told:.1f}", "monitor": "told"}, {}),
    "none": ({"save_top_k": 0}, {}),
    "only last": ({"save_top_k": 0, "save_last": True}, {}),
    "names as they are": ({"filename": "at{epoch}_{missing}", "auto_insert_metric_name": False}, {}),
    "every two epochs": ({"every_n_epochs": 2, "save_top_k": -1}, {}),
    "every three updates": ({"every_n_train_steps": 3, "save_top_k": -1}, {}),
    "updates with a figure": ({"every_n_train_steps": 2, "save_top_k": -1, "monitor": "told"}, {}),
    "at once": ({"train_time_interval": timedelta(0), "save_top_k": -1}, {}),
    "within epochs": ({"save_top_k": -1}, {"val_check_interval": 0.5}),
    "at epochs": ({"save_top_k": -1, "save_on_train_epoch_end": True}, {"val_check_interval": 0.5}),
    "over itself": ({"filename": "same", "enable_version_counter": False}, {}),
    "new versions": ({"filename": "same", "save_top_k": -1}, {}),
}


@pytest.mark.parametrize(("options", "flags"), CASES.values(), ids=CASES)
def test_the_same_files(options: dict[str, Any], flags: dict[str, Any], tmp_path: Path) -> None:
    found = []
    for number, lib in enumerate(parity.both()):

        class Told(parity.classifier(lib)):  # type: ignore[misc]
            def on_validation_epoch_end(self) -> None:
                self.log("told", VALUES[self.current_epoch])

        folder = tmp_path / str(number)
        saving = lib.callbacks.ModelCheckpoint(dirpath=folder, **options)
        parity.run(
            lib, lambda lib, told=Told: told, folder, parity.data(28), parity.data(8), max_epochs=5,
            enable_checkpointing=True, callbacks=[lambda lib, one=saving: one], **flags,
        )  # fmt: skip
        best = [Path(path).name for path in (saving.best_model_path, saving.last_model_path)]
        held = {Path(path).name: str(value) for path, value in saving.best_k_models.items()}
        files = {p.name: torch.load(p)["global_step"] for p in folder.rglob("*.ckpt")}
        found.append((files, best, held, str(saving.best_model_score)))
    assert found[0] == found[1]


def test_a_link_and_weights_only(tmp_path: Path) -> None:
    saving = pl.callbacks.ModelCheckpoint(dirpath=tmp_path, save_last="link", save_weights_only=True)
    parity.run(
        pl, parity.classifier, tmp_path, parity.data(16), max_epochs=2, enable_checkpointing=True,
        callbacks=[lambda lib: saving],
    )  # fmt: skip
    last = tmp_path / "last.ckpt"
    assert last.is_symlink() and last.resolve() == Path(saving.best_model_path).resolve()
    assert "optimizer_states" not in torch.load(last)


def test_an_error_is_a_reason_to_save(tmp_path: Path) -> None:
    class Breaking(parity.classifier(pl)):  # type: ignore[misc]
        def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
            if batch_idx == 1:
                raise ZeroDivisionError

    saving = pl.callbacks.ModelCheckpoint(dirpath=tmp_path, save_on_exception=True)
    with pytest.raises(ZeroDivisionError):
        parity.run(
            pl, lambda lib: Breaking, tmp_path, parity.data(24), max_epochs=1, enable_checkpointing=True,
            callbacks=[lambda lib: saving],
        )  # fmt: skip
    assert [path.name for path in tmp_path.glob("*.ckpt")] == ["epoch=0-step=2.ckpt"]


@pytest.mark.parametrize(
    "options",
    [
        {"mode": "least"},
        {"save_top_k": 2},
        {"save_top_k": -2},
        {"every_n_epochs": 1, "every_n_train_steps": 1},
        {"every_n_epochs": -1},
    ],
    ids=str,
)
def test_wrong_arguments(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="ModelCheckpoint"):
        pl.callbacks.ModelCheckpoint(**options)
