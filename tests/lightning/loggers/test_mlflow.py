"""MLflow gets the figures, settings, tags and files that real Lightning sends."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
import torch

import kerastorch.lightning as pl
from tests.lightning import parity

mlflow = pytest.importorskip("mlflow", reason="the client of MLflow is not installed")
pytest.importorskip("sqlalchemy", reason="MLflow keeps local runs in a database")
# SQLAlchemy and MLflow's own schema code warn of their own deprecations.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", str(tmp_path / "registry"))
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


def told(client: Any, run_id: str, folder: Path) -> Any:
    run = client.get_run(run_id)
    kept = {name: client.get_metric_history(run_id, name) for name in run.data.metrics}
    metrics = {name: [(m.step, round(m.value, 5)) for m in points] for name, points in kept.items()}
    tags = {name: value for name, value in run.data.tags.items() if name != "mlflow.log-model.history"}
    files = {a.path: [b.path for b in client.list_artifacts(run_id, a.path)] for a in client.list_artifacts(run_id)}
    return metrics, run.data.params, tags, run.info.status, files


def test_the_same_run(uri: str, tmp_path: Path) -> None:
    client, found = mlflow.MlflowClient(uri), []
    for number, lib in enumerate(parity.both()):
        folder = tmp_path / str(number)
        with parity.quiet():
            logger = lib.loggers.MLFlowLogger(
                f"trial{number}", run_name="first", tracking_uri=uri, tags={"who": "me"}, log_model="all", prefix="p",
                artifact_location=str(folder / "artifacts"), synchronous=True,
            )  # fmt: skip

        def make(lib: Any) -> Any:
            class Nested(parity.classifier(lib)):  # type: ignore[misc]
                def __init__(self, lr: float = 0.05, net: Any = None, sizes: Any = (1, 2)) -> None:
                    super().__init__(lr)
                    self.save_hyperparameters({"net": {"depth": 2, "wide": True}, "sizes": sizes, "lr": lr})

            return Nested

        _, trainer, _ = parity.run(
            lib, make, folder, parity.data(24), parity.data(8), max_epochs=2, logger=logger, enable_checkpointing=True
        )
        with parity.quiet():
            logger.log_hyperparams(Namespace(later=None))
            logger.log_metrics({"bad:name*": torch.tensor(1.0), "text": "none"}, 7)
        found.append(told(client, logger.run_id, folder))
        assert logger.version == logger.run_id and logger.name == logger.experiment_id
        assert client.get_experiment(logger.name).name == f"trial{number}"
        saved = Path(trainer.checkpoint_callback.best_model_path).relative_to(folder).parts
        assert saved[:3] == (logger.name, logger.version, "checkpoints")
        assert Path(trainer.log_dir or folder) == folder
    own, real = found
    assert own == real
    assert own[0]["p-val_loss"] and own[3] == "FINISHED" and own[1]["net/depth"] == "2" and len(own[4]) == 2
    logger.finalize("failed")


def test_a_run_goes_on(uri: str) -> None:
    first = pl.loggers.MLFlowLogger("trial", tracking_uri=uri)
    first.log_metrics({"a": 1.0}, 0)
    second = pl.loggers.MLFlowLogger("other", tracking_uri=uri, run_id=first.run_id)
    assert second.experiment_id == first.experiment_id
    second.log_metrics({"a": 2.0}, 1)
    second.finalize("failed")
    client = mlflow.MlflowClient(uri)
    assert [m.value for m in client.get_metric_history(first.version, "a")] == [1.0, 2.0]
    assert client.get_run(first.version).info.status == "FAILED"


def test_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for lib in parity.both():
        with parity.quiet():
            assert not lib.loggers.MLFlowLogger(tracking_uri="sqlite://").save_dir
    assert pl.loggers.MLFlowLogger(save_dir="there").save_dir == "there"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "file:elsewhere")
    assert pl.loggers.MLFlowLogger().save_dir == "elsewhere"
