"""TensorBoard gets the tags, steps and values that real Lightning writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import kerastorch.lightning as pl
from tests.lightning import parity


def scalars(folder: Path) -> dict[str, Any]:
    held = EventAccumulator(str(folder))
    held.Reload()
    return {tag: [(one.step, one.value) for one in held.Scalars(tag)] for tag in held.Tags()["scalars"]}


def test_the_same_curves_and_folders(tmp_path: Path) -> None:
    found, files = [], []
    for number, lib in enumerate(parity.both()):
        folder = tmp_path / str(number)
        for _ in range(2):
            parity.run(
                lib, parity.classifier, folder, parity.data(24), parity.data(8), max_epochs=2, logger=True,
                enable_checkpointing=True,
            )  # fmt: skip
        run = folder / "lightning_logs" / "version_1"
        found.append(scalars(run))
        files.append(sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if "events" not in p.name))
    own, real = found
    assert files[0] == files[1]
    assert sorted(own) == sorted(real) and "hp_metric" in own
    for tag, points in own.items():
        assert [step for step, _ in points] == [step for step, _ in real[tag]], tag
        assert [value for _, value in points] == pytest.approx([value for _, value in real[tag]]), tag


def test_its_own_folder_prefix_and_graph(tmp_path: Path) -> None:
    logger = pl.loggers.TensorBoardLogger(tmp_path, "name", "mine", prefix="p", sub_dir="sub", log_graph=True)
    assert logger.log_dir == str(tmp_path / "name" / "mine" / "sub") and logger.root_dir == str(tmp_path / "name")
    module = torch.nn.Linear(2, 1)
    module.example_input_array = torch.ones(1, 2)  # type: ignore[assignment]
    logger.log_metrics({"a": torch.tensor(1.0)}, 3)
    logger.log_graph(module)
    logger.log_hyperparams({"lr": 0.1}, {"best": 2.0})
    logger.finalize()
    assert scalars(tmp_path / "name" / "mine" / "sub") == {"p-a": [(3, 1.0)], "p-best": [(0, 2.0)]}
