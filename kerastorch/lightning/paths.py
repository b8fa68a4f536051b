"""The paths by which Lightning's users import what lies elsewhere here, and what is said of what is left out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from kerastorch.base import errors
from kerastorch.lightning import (
    callbacks,
    loggers,
    optimizers,
    profilers,
    states,
    strategies,
    summaries,
    trainer,
    tuner,
    utilities,
)
from kerastorch.lightning.callbacks import rich_progress_bar, tqdm_progress_bar

_ROOT = "kerastorch.lightning"
_ITSELF = sys.modules[_ROOT]
# the module here that offers the names -> today's and older paths of them in Lightning
_PLACES: tuple[tuple[ModuleType, str], ...] = (
    (_ITSELF, "pytorch core core.lightning core.module core.datamodule"),
    (callbacks, "callbacks.base callbacks.finetuning callbacks.lr_monitor callbacks.lr_finder callbacks.progress"),
    (callbacks, "callbacks.progress.base callbacks.progress.progress_bar callbacks.stochastic_weight_avg"),
    (tqdm_progress_bar, "callbacks.progress.tqdm_progress"),
    (rich_progress_bar, "callbacks.progress.rich_progress"),
    (summaries, "utilities.model_summary"),
    (loggers, "loggers.base loggers.logger"),
    (optimizers, "core.optimizer"),
    (profilers, "profiler profilers.base"),
    (states, "trainer.states"),
    (strategies, "strategies.ddp strategies.fsdp"),
    (trainer, "trainer.trainer"),
    (tuner, "tuner.tuning tuner.lr_finder"),
    (utilities, "utilities.types utilities.rank_zero utilities.exceptions utilities.distributed utilities.seed"),
    (utilities, "utilities.parsing utilities.grads utilities.combined_loader"),
)
_PLUGINS = "Say it to the Trainer: `precision=`, `strategy=`, `sync_batchnorm=`, `accelerator=`."
# what there is in Lightning and not here -> what to do instead
LEFT_OUT = {
    "LightningCLI": "Read arguments with argparse: `Trainer(max_epochs=args.max_epochs)`.",
    "Fabric": "Write a LightningModule with `automatic_optimization = False`, or the loop in torch.",
    "ModelPruning": "Call `torch.nn.utils.prune` in `on_train_epoch_end` of a callback of your own.",
    "ThroughputMonitor": 'Use `Trainer(profiler="simple")`.',
    "SpikeDetection": "Look at the loss in `on_train_batch_end` of a callback of your own.",
    "cli_lightning_logo": "It draws a picture: leave it out.",
    "ParallelStrategy": "Ask `trainer.world_size > 1`.",
    "SingleDeviceStrategy": "Ask `trainer.world_size == 1`.",
    "DeepSpeedStrategy": "Use `FSDPStrategy`.",
    "ModelParallelStrategy": "Use `FSDPStrategy`.",
    "NeptuneLogger": "Use MLFlowLogger, WandbLogger, CometLogger, TensorBoardLogger or CSVLogger.",
}
_MODULES_LEFT_OUT = {
    "cli": LEFT_OUT["LightningCLI"],
    **dict.fromkeys(("accelerators", "plugins", "plugins.environments", "plugins.io", "plugins.precision"), _PLUGINS),
}


def _telling(where: str, known: dict[str, str], otherwise: str | None) -> Callable[[str], Any]:
    """What a module does for a name that it has not: say what to do instead, where that is known."""

    def missing(name: str) -> Any:
        remedy = known.get(name, None if name.startswith("__") else otherwise)
        if remedy is None:
            raise AttributeError(f"module {where!r} has no attribute {name!r}")
        raise errors.import_error(where, expected="a name that is not left out", received=name, remedy=remedy)

    return missing


def _put(path: str, module: ModuleType) -> None:
    """Let a path below the package be that of a module."""
    sys.modules[f"{_ROOT}.{path}"] = module
    parent, _, name = f"{_ROOT}.{path}".rpartition(".")
    vars(sys.modules[parent]).setdefault(name, module)


for _module, _paths in _PLACES:
    for _path in _paths.split():
        _put(_path, _module)
for _path, _remedy in _MODULES_LEFT_OUT.items():
    _module = ModuleType(f"{_ROOT}.{_path}")
    vars(_module)["__getattr__"] = _telling(_module.__name__, {}, _remedy)
    _put(_path, _module)
for _module in (_ITSELF, callbacks, loggers, strategies):
    vars(_module)["__getattr__"] = _telling(_module.__name__, LEFT_OUT, None)
for _name, _module in list(sys.modules.items()):  # who replaces `lightning` writes `kerastorch.lightning.pytorch`
    if _name.startswith(f"{_ROOT}.") and not _name.startswith(f"{_ROOT}.pytorch"):
        sys.modules[f"{_ROOT}.pytorch{_name[len(_ROOT) :]}"] = _module
pytorch = core = _ITSELF
