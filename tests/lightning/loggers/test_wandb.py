"""Weights & Biases gets what real Lightning sends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import kerastorch.lightning as pl
from tests.lightning import parity
from tests.loggers.test_wandb_logger import records, rows

wandb = pytest.importorskip("wandb", reason="the client of Weights & Biases is not installed")
# The client's own service and generated messages warn of their own deprecations.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(autouse=True)
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("WANDB_CONFIG_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("WANDB_MODE", "offline")  # real Lightning sets it, and leaves it so
    yield
    wandb.teardown()


def logger_of(lib: Any, folder: Path, **more: Any) -> Any:
    folder.mkdir(parents=True, exist_ok=True)
    settings = wandb.Settings(silent=True, console="off")
    with parity.quiet():
        return lib.loggers.WandbLogger(
            "first", folder, offline=True, project="trial", settings=settings, tags=["a"], **more
        )


def axes(folder: Path) -> dict[str, str]:
    found = [record.metric for record in records(folder) if record.WhichOneof("record_type") == "metric"]
    return {one.name or one.glob_name: one.step_metric for one in found}


def config(folder: Path) -> dict[str, Any]:
    updates = [r.config.update for r in records(folder) if r.WhichOneof("record_type") == "config"]
    held = {u.key: json.loads(u.value_json) for update in updates for u in update if u.key}
    return {name: value for name, value in held.items() if name != "_wandb"}


def clean(row: dict[str, Any]) -> dict[str, Any]:
    return {k: round(v, 5) if isinstance(v, float) else v for k, v in row.items() if not k.startswith("_")}


def test_the_same_run(tmp_path: Path) -> None:
    found = []
    for number, lib in enumerate(parity.both()):
        folder = tmp_path / str(number)
        logger = logger_of(lib, folder, prefix="p", version=f"run{number}")
        module, trainer, _ = parity.run(
            lib, parity.classifier, folder, parity.data(24), parity.data(8), max_epochs=2, logger=logger,
            enable_checkpointing=True,
        )  # fmt: skip
        with parity.quiet():
            trainer.test(module, parity.data(8), verbose=False)  # into the same run
            logger.log_hyperparams({"net": {"depth": 2}, "kind": torch.float32, "none": None})
        assert logger.experiment is wandb.run and logger.version == f"run{number}" and logger.name == "trial"
        saved = Path(trainer.checkpoint_callback.best_model_path).relative_to(folder)
        assert saved.parts[:3] == ("trial", f"run{number}", "checkpoints")
        assert Path(trainer.log_dir) == folder
        wandb.finish()
        runs = [r.run for r in records(folder) if r.HasField("run")]
        names = [(r.display_name, r.project, list(r.tags)) for r in runs]
        found.append(([clean(row) for row in rows(folder)], axes(folder), config(folder), names))
    own, real = found
    assert own == real
    assert any("p-test_loss" in row for row in own[0]) and own[1]["*"] == "trainer/global_step"


def test_the_same_media(tmp_path: Path) -> None:
    found = []
    for number, lib in enumerate(parity.both()):
        folder = tmp_path / str(number)
        logger = logger_of(lib, folder)
        logger.log_image("pictures", [np.eye(4), torch.zeros(3, 4, 4)], step=3, caption=["one", "two"])
        logger.log_table("table", ["a", "b"], [[1, "x"]], step=4)
        logger.log_text("texts", columns=["a"], data=[["hello"]])
        logger.watch(torch.nn.Linear(2, 1))
        with pytest.raises(TypeError):
            logger.log_audio("sound", np.zeros(8))
        with pytest.raises(ValueError):
            logger.log_video("films", [], caption=["one"])
        wandb.finish()
        kept = [{key.split("/")[0] for key in row if not key.startswith("_")} for row in rows(folder)]
        files = sorted(path.name.rsplit("_", 2)[0] for path in folder.rglob("media/*/*") if path.is_file())
        steps = [row.get("trainer/global_step") for row in rows(folder)]
        found.append((kept, files, steps))
    assert found[0] == found[1]
    assert found[0][0][0] == {"pictures", "trainer"} and len(found[0][1]) == 4


def test_additions_of_ours(tmp_path: Path) -> None:
    logger = logger_of(pl, tmp_path)
    logger.add_image("picture", np.eye(4), step=3)
    logger.log_hyperparams({"a": 1}, {"b": 2.0})
    wandb.finish()
    found = rows(tmp_path)
    assert found[0]["trainer/global_step"] == 3 and found[1]["b"] == 2.0


def test_runs_and_wrong_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="`log_model` of WandbLogger"):
        pl.loggers.WandbLogger(offline=True, log_model=True)
    monkeypatch.setenv("WANDB_PROJECT", "fromhere")
    assert pl.loggers.WandbLogger(id="x").name == "fromhere" and pl.loggers.WandbLogger(id="x").version == "x"
    one, two = logger_of(pl, tmp_path), logger_of(pl, tmp_path)
    run = one.experiment
    with pytest.warns(UserWarning, match=r"A run of wandb is open"):
        assert two.experiment is run
    assert two.version == run.id == one.version
    monkeypatch.setattr(run, "use_artifact", lambda name, type=None: (name, type))
    assert one.use_artifact("data:v0", "dataset") == ("data:v0", "dataset")


class Kept:
    id = "abc"

    def __init__(self) -> None:
        self.kept: list[Any] = []
        self.config: dict[str, Any] = {}

    def log_artifact(self, artifact: Any, aliases: Any) -> None:
        self.kept.append((artifact.name, artifact.type, sorted(artifact.manifest.entries), aliases))

    def log(self, row: Any) -> None: ...


def test_the_same_artifacts(tmp_path: Path) -> None:
    found = []
    for number, lib in enumerate(parity.both()):
        run = Kept()
        with parity.quiet():
            logger = lib.loggers.WandbLogger(experiment=run, log_model=True, save_dir=tmp_path, checkpoint_name=None)
        parity.run(
            lib, parity.classifier, tmp_path / str(number), parity.data(24), max_epochs=1, logger=logger,
            enable_checkpointing=True,
        )  # fmt: skip
        assert logger.experiment is run and logger.version == "abc"
        found.append(run.kept)
    assert found[0] == found[1] == [("model-abc", "model", ["model.ckpt"], ["latest", "best"])]
