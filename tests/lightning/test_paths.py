"""Lightning's import paths lead to what is here, and what is left out says so."""

from __future__ import annotations

import importlib
import pickle

import pytest

import kerastorch.lightning as pl
from tests.lightning import parity

NAMES = {
    "core": "LightningModule LightningDataModule",
    "core.module": "LightningModule",
    "core.optimizer": "LightningOptimizer",
    "callbacks.early_stopping": "EarlyStopping",
    "callbacks.finetuning": "BaseFinetuning BackboneFinetuning",
    "callbacks.lr_monitor": "LearningRateMonitor",
    "callbacks.progress": "ProgressBar TQDMProgressBar RichProgressBar",
    "callbacks.progress.tqdm_progress": "Tqdm TQDMProgressBar",
    "callbacks.progress.rich_progress": "RichProgressBar RichProgressBarTheme",
    "callbacks.prediction_writer": "BasePredictionWriter WriteInterval",
    "loggers.logger": "Logger rank_zero_experiment",
    "loggers.tensorboard": "TensorBoardLogger",
    "strategies.ddp": "DDPStrategy",
    "trainer.states": "TrainerFn RunningStage TrainerStatus",
    "trainer.trainer": "Trainer",
    "tuner.tuning": "Tuner",
    "utilities.combined_loader": "CombinedLoader",
    "utilities.exceptions": "MisconfigurationException",
    "utilities.rank_zero": "rank_zero_only rank_zero_info rank_zero_warn rank_zero_debug rank_zero_deprecation",
    "utilities.model_summary": "ModelSummary summarize",
    "utilities.parsing": "AttributeDict",
    "utilities.seed": "isolate_rng",
    "utilities.types": "STEP_OUTPUT TRAIN_DATALOADERS EVAL_DATALOADERS OptimizerLRScheduler LRSchedulerConfig",
}


@pytest.mark.parametrize("path", NAMES)
def test_a_path_of_lightning(path: str) -> None:
    _, real = parity.both()
    for root in ("kerastorch.lightning", "kerastorch.lightning.pytorch"):
        module = importlib.import_module(f"{root}.{path}")
        there = importlib.import_module(f"{real.__name__}.{path}")
        for name in NAMES[path].split():
            assert hasattr(module, name) and hasattr(there, name), name


def test_paths_as_attributes() -> None:
    assert pl.pytorch.callbacks.ModelCheckpoint is pl.callbacks.ModelCheckpoint
    assert pl.utilities.rank_zero.rank_zero_only is pl.utilities.rank_zero_only
    assert pl.core.LightningModule is pl.LightningModule and pl.module.LightningModule is pl.LightningModule
    assert pickle.loads(pickle.dumps(pl.core.LightningModule)) is pl.LightningModule


@pytest.mark.parametrize(
    ("path", "name", "remedy"),
    [
        ("cli", "LightningCLI", "argparse"),
        ("", "Fabric", "LightningModule"),
        ("callbacks", "ModelPruning", "prune"),
        ("plugins.environments", "SLURMEnvironment", "strategy="),
        ("accelerators", "CUDAAccelerator", "accelerator="),
        ("strategies", "DeepSpeedStrategy", "FSDPStrategy"),
        ("loggers", "NeptuneLogger", "WandbLogger"),
    ],
)
def test_what_is_left_out(path: str, name: str, remedy: str) -> None:
    with pytest.raises(ImportError, match=remedy):
        getattr(importlib.import_module(f"kerastorch.lightning.{path}".rstrip(".")), name)


def test_what_nobody_has_is_an_attribute_error() -> None:
    assert not hasattr(pl, "Nonsense") and not hasattr(pl.callbacks, "Nonsense") and not hasattr(pl.cli, "__wrapped__")
