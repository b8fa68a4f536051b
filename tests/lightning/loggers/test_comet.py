"""Comet gets what real Lightning sends."""

from __future__ import annotations

import logging
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

import kerastorch.lightning as pl
from tests.lightning import parity
from tests.loggers.test_comet_logger import QUIET, messages

comet_ml = pytest.importorskip("comet_ml", reason="the client of Comet is not installed")
# The client's own threads and HTTP layers warn of their own deprecations.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(autouse=True)
def silent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COMET_CONFIG", str(tmp_path / "comet.config"))
    monkeypatch.setenv("COMET_DISABLE_AUTO_LOGGING", "1")  # real Lightning sets it, and leaves it so
    logging.getLogger("comet_ml").setLevel(logging.ERROR)
    start = comet_ml.start

    def offline(*args: Any, experiment_config: Any = None, **more: Any) -> Any:
        experiment_config._disabled = None  # real Lightning writes nothing with `online=False`
        return start(*args, experiment_config=experiment_config, **more)

    monkeypatch.setattr(comet_ml, "start", offline)


def test_the_same_run(tmp_path: Path) -> None:
    found = []
    for number, lib in enumerate(parity.both()):
        folder = tmp_path / str(number)
        folder.mkdir()
        with parity.quiet():
            logger = lib.loggers.CometLogger(
                project="trial", name="first", online=False, prefix="p", offline_directory=str(folder), **QUIET
            )
        module, trainer, _ = parity.run(
            lib, parity.classifier, folder, parity.data(24), parity.data(8), max_epochs=2, logger=logger,
            enable_checkpointing=True,
        )  # fmt: skip
        with parity.quiet():
            trainer.test(module, parity.data(8), verbose=False)  # into the same experiment
        logger.log_hyperparams(Namespace(net={"depth": 2}))
        key = logger.version
        assert logger.experiment.get_key() == key and logger.name == "trial" and logger.save_dir == str(folder)
        saved = Path(trainer.checkpoint_callback.best_model_path).relative_to(folder)
        assert saved.parts[:3] == ("trial", key, "checkpoints")
        logger.experiment.end()
        kept = messages(folder)
        metrics = [m["payload"]["metric"] for m in kept if m["type"] == "metric_msg"]
        points = [(m["metricName"], m["step"], m["epoch"], round(float(m["metricValue"]), 5)) for m in metrics]
        params = [m["payload"]["param"] for m in kept if m["type"] == "parameter_msg"]
        given = {p["paramName"]: p["paramValue"] for p in params}
        found.append((sorted(points), {name: given[name] for name in ("lr", "depth", "net|depth")}))
    own, real = found
    assert own == real
    assert own[1]["net|depth"] == 2 and any(point[0] == "p_test_loss" for point in own[0])


def test_older_names(tmp_path: Path) -> None:
    with pytest.warns(DeprecationWarning, match="`CometLogger"):
        logger = pl.loggers.CometLogger(
            project_name="trial", experiment_name="first", save_dir=str(tmp_path), online=False, workspace="mine"
        )
    assert (logger.name, logger.run_name, logger.save_dir) == ("trial", "first", str(tmp_path))
    assert pl.loggers.CometLogger(experiment_key="a" * 32).version == "a" * 32
