from __future__ import annotations

import json
import logging
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastorch.loggers import CometLogger
from tests.loggers.support import fill, fit, small_model

comet_ml = pytest.importorskip("comet_ml", reason="the client of Comet is not installed")
# The client's own threads and HTTP layers warn of their own deprecations.
pytestmark = pytest.mark.filterwarnings("default")
QUIET = {"log_code": False, "log_git_metadata": False, "log_env_details": False}


@pytest.fixture(autouse=True)
def silent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COMET_CONFIG", str(tmp_path / "comet.config"))
    logging.getLogger("comet_ml").setLevel(logging.ERROR)


def messages(folder: Path) -> list[dict[str, Any]]:
    """What the client wrote for `comet upload`."""
    found = []
    for path in folder.glob("*.zip"):
        with zipfile.ZipFile(path) as archive:
            found += [json.loads(line) for line in archive.read("messages.json").decode().splitlines()]
    return found


def test_a_run(tmp_path: Path) -> None:
    logger = CometLogger("trial", "first", save_dir=tmp_path, online=False, log_every_n_steps=3, **QUIET)
    history = fit(small_model(), logger)
    kept = messages(tmp_path)
    metrics = [m["payload"]["metric"] for m in kept if m["type"] == "metric_msg"]
    losses = [m for m in metrics if m["metricName"] == "epoch/val_loss"]
    assert [(m["step"], m["epoch"]) for m in losses] == [(4, 0), (8, 1)]
    assert np.allclose([m["metricValue"] for m in losses], history.history["val_loss"])
    assert [m["step"] for m in metrics if m["metricName"] == "step/loss"] == [3, 6]
    params = [m["payload"]["param"] for m in kept if m["type"] == "parameter_msg"]
    assert ("optimizer", "SGD") in [(p["paramName"], p["paramValue"]) for p in params]


def test_media(tmp_path: Path) -> None:
    logger = CometLogger("trial", save_dir=tmp_path, online=False, **QUIET)
    fill(logger)
    logger.log_graph(small_model())
    logger.finalize()
    (archive,) = tmp_path.glob("*.zip")
    assert logger.version in archive.name
    text = json.dumps(messages(tmp_path))
    assert all(word in text for word in ("picture", "histogram3d", "text-sample"))
