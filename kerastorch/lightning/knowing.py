"""What a Trainer knows and tells of its run."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from kerastorch.base import errors
from kerastorch.lightning import checks, ranks
from kerastorch.lightning.callbacks import (
    Checkpoint,
    EarlyStopping,
    ModelCheckpoint,
    ModelSummary,
    ProgressBar,
    Timer,
    TQDMProgressBar,
)
from kerastorch.lightning.flags import Flags
from kerastorch.lightning.hooks import Hooks
from kerastorch.lightning.loggers import TensorBoardLogger
from kerastorch.lightning.older_names import OlderNames
from kerastorch.lightning.optimizers import LRSchedulerConfig
from kerastorch.lightning.options import Options
from kerastorch.lightning.results import Record
from kerastorch.lightning.states import State
from kerastorch.lightning.strategies import Here


class Knowing(Flags, OlderNames):
    """The attributes of a Trainer.

    Args:
        **flags: See `Trainer`.
    """

    hooks: Hooks
    fitting: Any = None
    evaluation: Any = None
    lightning_module: Any = None
    datamodule: Any = None
    received_sigterm = False  # this signal ends a process at once
    _given_path: Any = None
    _path: str | None = None

    def __init__(self, **flags: Any) -> None:
        self.options = options = Options.make(flags)
        self.plan = options.plan()
        self.state, self.profiler = State(), options.profiling()
        self.record = Record(self.plan.strategy)
        self.default_root_dir = os.fspath(options.default_root_dir or os.getcwd())
        self.loggers = self._loggers(options.logger)
        self.own_callbacks = self._callbacks()
        self.callbacks = list(self.own_callbacks)
        self.optimizers: list[torch.optim.Optimizer] = []
        self.lr_scheduler_configs: list[LRSchedulerConfig] = []
        self.optimizer_frequencies: list[int] = []
        self.given: dict[str, Any] = {}
        self.dataloaders: dict[str, Any] = {}  # kind -> those of the run
        self.batches: dict[str, list[int | None]] = {}  # kind -> how many they have
        self.current_epoch = self.processed = 0
        self.should_stop = self.interrupted = self.tuned = False
        if options.deterministic is not None:
            torch.use_deterministic_algorithms(bool(options.deterministic), warn_only=options.deterministic == "warn")
        if options.benchmark is not None:
            torch.backends.cudnn.benchmark = options.benchmark

    def _loggers(self, wanted: Any) -> list[Any]:
        if wanted is None or wanted is True:
            return [TensorBoardLogger(self.default_root_dir)]
        if not wanted:
            return []
        return list(wanted) if isinstance(wanted, (list, tuple)) else [wanted]

    def _callbacks(self) -> list[Any]:
        """The user's callbacks, with the defaults after them."""
        options, wanted = self.options, self.options.callbacks
        found = [] if wanted is None else list(wanted) if isinstance(wanted, (list, tuple)) else [wanted]
        if options.max_time is not None and not any(isinstance(one, Timer) for one in found):
            found.append(Timer(options.max_time))
        defaults: dict[tuple[str, type], type] = {
            ("enable_progress_bar", ProgressBar): TQDMProgressBar,
            ("enable_model_summary", ModelSummary): ModelSummary,
            ("enable_checkpointing", Checkpoint): ModelCheckpoint,
        }
        for (flag, kind), default in defaults.items():
            there, on = any(isinstance(one, kind) for one in found), getattr(options, flag)
            if on and not there:
                found.append(default())
            elif there and not on and not (options.fast_dev_run or kind is ModelSummary):
                raise errors.value_error(
                    f"`{flag}` of Trainer", expected=f"True beside a {kind.__name__} in `callbacks`", received=False
                )
        return sorted(found, key=checks.place)

    def __getstate__(self) -> dict[str, Any]:
        return ranks.sendable(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.optimizers, self.lr_scheduler_configs, self.given, self.dataloaders = [], [], {}, {}
        self.record = Record(self.plan.strategy)

    # -- what it knows ----------------------------------------------------------------------------------------------

    @property
    def model(self) -> Any:
        """The module."""
        return self.lightning_module

    @property
    def logger(self) -> Any:
        """The first logger, or None."""
        return self.loggers[0] if self.loggers else None

    @property
    def ckpt_path(self) -> Any:
        """The checkpoint that the last run began with; set it for the runs to come that are given none."""
        return self._given_path or self._path

    @ckpt_path.setter
    def ckpt_path(self, path: Any) -> None:
        self._given_path, self._path = path, None

    @property
    def accelerator(self) -> str:
        """The kind of device: "cpu", "cuda" or "mps"."""
        return self.plan.device.type

    @property
    def distributed_sampler_kwargs(self) -> dict[str, int] | None:
        """What a `DistributedSampler` is to be made with; None where there is one rank."""
        rank, ranks = self.plan.part
        return None if ranks == 1 else {"num_replicas": ranks, "rank": rank}

    @contextmanager
    def init_module(self, empty_init: bool | None = None) -> Iterator[None]:
        """Within it new modules are on the device, in the precision of the run.

        Args:
            empty_init: Accepted; parameters are initialized.
        """
        before = torch.get_default_dtype()
        torch.set_default_dtype(self.plan.precision.inputs(torch.zeros(())).dtype)
        try:
            with self.plan.device:
                yield
        finally:
            torch.set_default_dtype(before)

    @property
    def log_dir(self) -> str:
        """The folder of this run."""
        folder = getattr(self.logger, "log_dir", None)
        return folder or self.default_root_dir

    @property
    def global_step(self) -> int:
        """Updates so far."""
        return 0 if self.fitting is None else int(self.fitting.state.step)

    @property
    def accumulate_grad_batches(self) -> int:
        """Batches to an update."""
        return self.plan.accumulate if self.fitting is None else int(self.fitting.step.every)

    @accumulate_grad_batches.setter
    def accumulate_grad_batches(self, every: int) -> None:
        self.fitting.step.every = every

    @property
    def strategy(self) -> Any:
        """Where the run is, and how its ranks speak with each other."""
        return Here(self.plan.strategy)

    @property
    def global_rank(self) -> int:
        """Which process this is, of all."""
        return self.plan.strategy.rank

    @property
    def local_rank(self) -> int:
        """Which process this is, of those on this machine."""
        return self.strategy.local_rank  # type: ignore[no-any-return]

    @property
    def world_size(self) -> int:
        """Processes of the run, those too that this one has yet to start."""
        return self.plan.strategy.ranks

    @property
    def num_devices(self) -> int:
        """Devices of each machine that the run is on."""
        return self.world_size // self.num_nodes

    @property
    def node_rank(self) -> int:
        """Which machine this is, of all."""
        return self.global_rank // self.num_devices

    @property
    def is_global_zero(self) -> bool:
        """Whether this is the first process."""
        return self.global_rank == 0

    @property
    def training(self) -> bool:
        """Whether training batches are gone through."""
        return self.state.stage == "train"

    @property
    def validating(self) -> bool:
        """Whether validation batches are gone through."""
        return self.state.stage == "validate"

    @property
    def testing(self) -> bool:
        """Whether test batches are gone through."""
        return self.state.stage == "test"

    @property
    def predicting(self) -> bool:
        """Whether outputs are predicted."""
        return self.state.stage == "predict"

    @property
    def evaluating(self) -> bool:
        """Whether a model is validated or tested."""
        return self.validating or self.testing or self.sanity_checking

    @property
    def sanity_checking(self) -> bool:
        """Whether this is the validation before training."""
        return self.state.stage == "sanity_check"

    @property
    def num_training_batches(self) -> int | float:
        """Batches in an epoch; infinity where only the end of the data will tell."""
        source = None if self.fitting is None else self.fitting.source
        count = None if source is None else source.num_batches
        return math.inf if count is None else count

    @property
    def is_last_batch(self) -> bool:
        """Whether the training batch is the last of its epoch."""
        batch = None if self.fitting is None else self.fitting.step.batch
        return batch is not None and bool(batch.last)

    @property
    def num_val_batches(self) -> list[int | None]:
        """Batches of each validation dataloader."""
        return self.batches.get("val", [])

    @property
    def num_test_batches(self) -> list[int | None]:
        """Batches of each test dataloader."""
        return self.batches.get("test", [])

    @property
    def num_predict_batches(self) -> list[int | None]:
        """Batches of each dataloader of `predict`."""
        return self.batches.get("predict", [])

    @property
    def num_sanity_val_batches(self) -> list[int | None]:
        """Batches of each validation dataloader before training begins."""
        most = self.options.num_sanity_val_steps
        return self.num_val_batches if most < 0 else [most if n is None else min(n, most) for n in self.num_val_batches]

    @property
    def device_ids(self) -> list[int]:
        """The numbers of the devices on this machine."""
        return list(range(self.num_devices))

    @property
    def scaler(self) -> Any:
        """What scales the loss in "16-mixed", or None."""
        return getattr(self.plan.precision, "scaler", None)

    @property
    def val_dataloaders(self) -> Any:
        """What is validated on."""
        return self.dataloaders.get("val")

    @property
    def test_dataloaders(self) -> Any:
        """What is tested on."""
        return self.dataloaders.get("test")

    @property
    def predict_dataloaders(self) -> Any:
        """What outputs are predicted for."""
        return self.dataloaders.get("predict")

    @property
    def train_dataloader(self) -> Any:
        """What is trained on."""
        return None if self.fitting is None or self.fitting.phase is None else self.fitting.source.loader

    @property
    def callback_metrics(self) -> dict[str, Any]:
        """The figures by name, as tensors: those of the epoch, or while it runs of the last batch."""
        self.record.note(self.record.loader)
        return self.record.callback

    @property
    def logged_metrics(self) -> dict[str, Any]:
        """The figures that loggers got, as tensors."""
        self.record.note(self.record.loader)
        return self.record.logged

    @property
    def progress_bar_metrics(self) -> dict[str, float]:
        """The figures logged with `prog_bar=True`, as floats."""
        return self.record.floats()

    @property
    def checkpoint_callback(self) -> Any:
        """The first ModelCheckpoint, or None."""
        return next(iter(self.checkpoint_callbacks), None)

    @property
    def checkpoint_callbacks(self) -> list[Any]:
        """All that save."""
        return [one for one in self.callbacks if getattr(one, "saves", False)]

    @property
    def early_stopping_callback(self) -> Any:
        """The first EarlyStopping, or None."""
        return next(iter(self.early_stopping_callbacks), None)

    @property
    def early_stopping_callbacks(self) -> list[Any]:
        """All that are EarlyStopping."""
        return [one for one in self.callbacks if isinstance(one, EarlyStopping)]

    @property
    def progress_bar_callback(self) -> Any:
        """The progress bar, or None."""
        return next((one for one in self.callbacks if isinstance(one, ProgressBar)), None)
