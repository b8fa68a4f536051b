from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from kerastorch.loggers import MLflowLogger
from tests.loggers.support import fill, fit, small_model

mlflow = pytest.importorskip("mlflow", reason="the client of MLflow is not installed")
pytest.importorskip("sqlalchemy", reason="MLflow keeps local runs in a database")
# SQLAlchemy and MLflow's own schema code warn of their own deprecations.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)  # artifacts go to ./mlruns
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", str(tmp_path / "registry"))
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


def test_a_run(uri: str) -> None:
    logger = MLflowLogger("trial", run_name="first", tracking_uri=uri, tags={"who": "me"}, log_every_n_steps=3)
    assert logger.version == ""
    history = fit(small_model(), logger)
    fill(logger)
    logger.log_hyperparams({"epochs": 7, "trials": 1})
    client = mlflow.MlflowClient(uri)
    run = client.get_run(logger.version)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "first"
    assert run.data.params["optimizer"] == "SGD"
    assert run.data.params["trials"] == "1"
    assert run.data.params["epochs"] == "2"
    assert run.data.tags["epochs"] == "7"
    assert run.data.tags["who"] == "me"
    kept = client.get_metric_history(logger.version, "epoch/val_loss")
    assert [m.step for m in kept] == [0, 1]
    assert np.allclose([m.value for m in kept], history.history["val_loss"])
    assert [m.step for m in client.get_metric_history(logger.version, "step/loss")] == [3, 6]
    found = {artifact.path for artifact in client.list_artifacts(logger.version)}
    assert {"images", "histograms", "texts"} <= found


def test_a_run_goes_on(uri: str) -> None:
    first = MLflowLogger("trial", tracking_uri=uri)
    first.log_metrics({"a": 1.0}, 0)
    second = MLflowLogger("trial", tracking_uri=uri, run_id=first.version)
    second.log_metrics({"a": 2.0}, 1)
    second.finalize("failed")
    client = mlflow.MlflowClient(uri)
    assert [m.value for m in client.get_metric_history(first.version, "a")] == [1.0, 2.0]
    assert client.get_run(first.version).info.status == "FAILED"
    assert os.path.exists("mlflow.db")
