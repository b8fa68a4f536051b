"""`Trainer`: fits, validates, tests and predicts with LightningModules."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from kerastorch.base import chance, errors
from kerastorch.data.source import closing
from kerastorch.engine.loop import Loop
from kerastorch.engine.state import RunState
from kerastorch.lightning import checkpoint, checks, legacy, ranks, trial
from kerastorch.lightning.callbacks import Callback
from kerastorch.lightning.deprecations import older_argument
from kerastorch.lightning.evaluation import KINDS, Evaluation
from kerastorch.lightning.fitting import Fit
from kerastorch.lightning.hooks import Hooks
from kerastorch.lightning.optimizers import Schedulers, configured
from kerastorch.lightning.profilers.profiler import PassThroughProfiler, profiled
from kerastorch.lightning.program import LightningProgram
from kerastorch.lightning.running import Running
from kerastorch.lightning.step import LightningManualStep, LightningStep
from kerastorch.lightning.tuner import tune


class Trainer(Running):
    """Runs modules: where, how long, in which numbers, and who watches is said here.

    Args:
        accelerator: "auto", "cpu", "gpu", "cuda" or "mps".
        strategy: "auto", "ddp" or "fsdp".
        devices: How many, or which: "auto", a number, a list of indices.
        num_nodes: Machines.
        precision: "32-true", "16-mixed", "bf16-mixed", "bf16-true", "16-true" or "64-true".
        logger: A logger, a list of them, False for none; default TensorBoard in `default_root_dir`.
        callbacks: A callback or a list of them.
        fast_dev_run: A few batches of everything, one if True, to see whether it runs; nothing is logged or saved.
        max_epochs: The epoch to end before; -1 for no limit; default 1000 where nothing else limits.
        min_epochs: Epochs before which no callback can end training.
        max_steps: Updates after which training ends; -1 for no limit.
        min_steps: Updates before which no callback can end training.
        max_time: A time after which training ends: "DD:HH:MM:SS", a timedelta or a dict for one.
        limit_train_batches: Batches in an epoch: a number, or a fraction of them. So `limit_val_batches`,
            `limit_test_batches` and `limit_predict_batches`.
        overfit_batches: So many batches, always the same, are trained on and validated on.
        val_check_interval: Batches between two validations: a number, or a fraction of an epoch; or the time between
            two: "DD:HH:MM:SS", a timedelta or a dict for one.
        check_val_every_n_epoch: Epochs between two; None lets `val_check_interval` count over epochs.
        num_sanity_val_steps: Batches of validation before training begins; -1 for all.
        log_every_n_steps: Updates between two that are logged.
        enable_checkpointing: Whether there is a `ModelCheckpoint` without being asked for. So
            `enable_progress_bar` and `enable_model_summary`.
        accumulate_grad_batches: Batches to an update.
        gradient_clip_val: The limit for gradients.
        gradient_clip_algorithm: "norm" or "value".
        deterministic: Whether torch takes deterministic algorithms only; "warn" where it can.
        profiler: What measures where the time goes: "simple", "advanced", "pytorch", or a profiler.
        benchmark: Whether cuDNN tries which algorithm is fastest.
        inference_mode: Whether evaluations run in torch's inference mode.
        use_distributed_sampler: Whether each rank gets its own part of a DataLoader.
        detect_anomaly: Whether autograd looks for NaNs.
        barebones: Whether everything that costs time beside training is off.
        sync_batchnorm: Whether BatchNorm counts over all ranks.
        reload_dataloaders_every_n_epochs: Epochs after which dataloaders are asked for anew.
        default_root_dir: The folder for logs and checkpoints; default that of the process.
        **flags: The others; older names are taken with a warning.

    Raises:
        ValueError: A flag is wrong, or two contradict each other.
        TypeError: A flag is unknown.

    Example:
        >>> import torch
        >>> from kerastorch.lightning import LightningModule
        >>> class Line(LightningModule):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.layer = torch.nn.Linear(1, 1)
        ...     def training_step(self, batch, batch_idx):
        ...         return self.layer(batch).square().mean()
        ...     def configure_optimizers(self):
        ...         return torch.optim.SGD(self.parameters(), lr=0.1)
        >>> trainer = Trainer(fast_dev_run=True, enable_progress_bar=False, enable_model_summary=False)
        >>> trainer.fit(Line(), torch.utils.data.DataLoader(torch.ones(4, 1)))
        >>> trainer.global_step
        1
    """

    def fit(
        self,
        model: Any,
        train_dataloaders: Any = None,
        val_dataloaders: Any = None,
        datamodule: Any = None,
        ckpt_path: Any = None,
        weights_only: bool | None = None,
        **older: Any,
    ) -> None:
        """Train a module.

        Args:
            model: The LightningModule.
            train_dataloaders: What to train on: an iterable of batches, or a list or dict of them; or a datamodule.
            val_dataloaders: What to validate on: one or a list.
            datamodule: A LightningDataModule, in the place of dataloaders.
            ckpt_path: A checkpoint to go on from; "last", "best".
            weights_only: Accepted; checkpoints are read so.
            **older: `train_dataloader`, as the first was called in earlier years.

        Raises:
            TypeError, ValueError: The module or the data are not fit for it; nothing was trained then.
        """
        train_dataloaders = older_argument("fit", "train_dataloaders", train_dataloaders, "train_dataloader", older)
        if (self.options.auto_lr_find or self.options.auto_scale_batch_size) and not self.tuned and ckpt_path is None:
            self.tune(model, train_dataloaders, datamodule=datamodule)
        given = {"train": train_dataloaders, "val": val_dataloaders}
        there = {"train_dataloaders": train_dataloaders, "val_dataloaders": val_dataloaders, "datamodule": datamodule}
        if self._elsewhere("fit", model, {**there, "ckpt_path": ckpt_path})[0]:
            return
        with self._running("fit", model, given, datamodule) as found:
            fit = self._prepare_fit(found)
            if fit is None:
                return
            with torch.autograd.set_detect_anomaly(self.options.detect_anomaly), closing(fit.source):
                loop: Any = Loop(fit.state, fit, self.plan.strategy.any)  # type: ignore[arg-type]
                loop.run_epoch = profiled(self.profiler, "run_training_epoch", loop.run_epoch)
                loop.run(fit.phase, self.max_epochs, lambda epoch: {}, lambda: None)

    def validate(
        self, model: Any = None, dataloaders: Any = None, ckpt_path: Any = None, verbose: bool = True,
        datamodule: Any = None, weights_only: bool | None = None, **older: Any,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Go through validation data; returns the logged figures of each dataloader.

        Args:
            model: The module; default that of the last run.
            dataloaders: The data: one or a list, or a datamodule.
            ckpt_path: A checkpoint whose weights are taken: a path, "best", "last".
            verbose: Whether the figures are printed.
            datamodule: A LightningDataModule, in the place of dataloaders.
            weights_only: Accepted; checkpoints are read so.
            **older: `val_dataloaders`, as the data were called in earlier years; in `test` `test_dataloaders`.
        """
        dataloaders = older_argument("validate", "dataloaders", dataloaders, "val_dataloaders", older)
        return self._evaluate("validate", model, {"val": dataloaders}, datamodule, ckpt_path, verbose)

    def test(
        self, model: Any = None, dataloaders: Any = None, ckpt_path: Any = None, verbose: bool = True,
        datamodule: Any = None, weights_only: bool | None = None, **older: Any,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Go through test data; see `validate`."""
        dataloaders = older_argument("test", "dataloaders", dataloaders, "test_dataloaders", older)
        return self._evaluate("test", model, {"test": dataloaders}, datamodule, ckpt_path, verbose)

    def predict(
        self, model: Any = None, dataloaders: Any = None, datamodule: Any = None,
        return_predictions: bool | None = None, ckpt_path: Any = None, weights_only: bool | None = None,
    ) -> Any:  # fmt: skip
        """The outputs for all batches, in a list; of several dataloaders a list for each; see `validate`.

        Args:
            model: The module; default that of the last run.
            dataloaders: The data.
            datamodule: A LightningDataModule, in the place of dataloaders.
            return_predictions: False keeps no outputs.
            ckpt_path: A checkpoint whose weights are taken.
            weights_only: Accepted; checkpoints are read so.
        """
        ckpt_path = self._best_by_default(model, ckpt_path)
        given = {"dataloaders": dataloaders, "datamodule": datamodule, "ckpt_path": ckpt_path}
        ran, outputs = self._elsewhere("predict", model, {**given, "return_predictions": return_predictions})
        if ran:
            return outputs
        with self._running("predict", model, {"predict": dataloaders}, datamodule):
            evaluation = self._evaluation("predict")
            evaluation.run(inference=self.options.inference_mode)
            return None if return_predictions is False else evaluation.predictions()

    def tune(
        self, model: Any, train_dataloaders: Any = None, val_dataloaders: Any = None, datamodule: Any = None,
        scale_batch_size_kwargs: Mapping[str, Any] | None = None, lr_find_kwargs: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """What the flags `auto_scale_batch_size` and `auto_lr_find` ask for, by which it is called today; see `Tuner`.

        Args:
            model: The module.
            train_dataloaders: See `fit`.
            val_dataloaders: Accepted.
            datamodule: See `fit`.
            scale_batch_size_kwargs: More for `Tuner.scale_batch_size`.
            lr_find_kwargs: More for `Tuner.lr_find`.

        Returns:
            The size of batches as "scale_batch_size" and the result of "lr_find", where they were asked for.
        """
        return tune(self, model, train_dataloaders, datamodule, scale_batch_size_kwargs or {}, lr_find_kwargs or {})

    def try_out(self, callbacks: Sequence[Callback] = (), **flags: Any) -> Any:
        """Do what the run is about to do, for a moment, and put all back; see `trial.run`.

        Args:
            callbacks: Who watches; those of the Trainer do not.
            **flags: The flags that differ.

        Returns:
            The Trainer that did it.
        """
        return trial.run(self, callbacks, **flags)

    def _evaluate(
        self, stage: str, model: Any, given: dict[str, Any], datamodule: Any, ckpt_path: Any, verbose: bool
    ) -> list[dict[str, Any]]:
        ckpt_path = self._best_by_default(model, ckpt_path)
        there = {"dataloaders": next(iter(given.values())), "datamodule": datamodule, "ckpt_path": ckpt_path}
        ran, figures = self._elsewhere(stage, model, {**there, "verbose": verbose})
        if ran:
            return figures  # type: ignore[no-any-return]
        with self._running(stage, model, given, datamodule):
            figures = self._evaluation(stage).run(inference=self.options.inference_mode)
            if verbose and self.is_global_zero:
                for number, one in enumerate(figures):
                    print(f"{stage}, dataloader {number}: " + ", ".join(f"{k} {v:.6g}" for k, v in one.items()))
        return figures

    def _evaluation(self, stage: str) -> Evaluation:
        program = LightningProgram(self.lightning_module, self.plan, self.record)
        sources = self.sources(self.data_kind)
        if not sources:
            raise errors.value_error(
                f"`{stage}`", expected="data: dataloaders, a datamodule, or a method of the module", received=None
            )
        self.log_hyperparameters()
        self.evaluation = Evaluation(self, program, KINDS[stage], sources)
        return self.evaluation

    def _elsewhere(self, method: str, model: Any, given: dict[str, Any]) -> tuple[bool, Any]:
        """Check the module; where this process starts the ranks, run there: whether it did, and what came back."""
        model = self.lightning_module if model is None else model
        checks.check_module(model, method)
        given["ckpt_path"] = self._path = self._checkpoint_path(given["ckpt_path"] or self._given_path)
        return ranks.launch(self, method, model, given)

    # -- a run ------------------------------------------------------------------------------------------------------

    @contextmanager
    def _running(
        self, stage: str, model: Any, given: dict[str, Any], datamodule: Any
    ) -> Iterator[dict[str, Any] | None]:
        """Around a run: what comes before its first batch and after its last. Gives the checkpoint to go on from."""
        model = self.lightning_module if model is None else model
        given, datamodule = checks.data(given, datamodule)
        self.plan.strategy.start()
        self._attach(stage, model, given, datamodule)
        try:
            found = self._set_up(self._path)
            yield found
            self._tear_down()
        except KeyboardInterrupt as error:
            self.interrupted, self.state.status = True, "interrupted"
            self._tell_exception(error)
        except BaseException as error:
            self.state.status = "interrupted"
            self._tell_exception(error)
            raise
        finally:
            self.state.stage = None

    def _attach(self, stage: str, model: Any, given: dict[str, Any], datamodule: Any) -> None:
        self.state.fn, self.state.stage, self.state.status = stage, "train" if stage == "fit" else stage, "running"
        self.lightning_module, self.datamodule, self.given = model, datamodule, given
        model.trainer = self
        if datamodule is not None:
            datamodule.trainer = self
        self.record.forget()
        self.interrupted = self.should_stop = False
        self.callbacks = checks.ordered(self.own_callbacks, model.configure_callbacks())
        self._start_profiler()
        self.hooks = Hooks(self, model, [*legacy.old_hooks(model), *self.callbacks], Callback)

    def _start_profiler(self) -> None:
        if isinstance(self.profiler, PassThroughProfiler):
            return
        self.profiler._lightning_module = self.lightning_module
        rank = self.local_rank if self.world_size > 1 else None
        self.profiler.setup(stage=self.state.fn or "", local_rank=rank, log_dir=self.log_dir)

    def _set_up(self, path: str | None) -> dict[str, Any] | None:
        """Everything up to the weights."""
        strategy, module, stage = self.plan.strategy, self.lightning_module, self.state.fn
        if strategy.rank == 0:
            for one in self.owners:
                self.timed(one, "prepare_data")()
        strategy.any(None)  # the others wait for the data
        if self.datamodule is not None:
            self.timed(self.datamodule, "setup")(stage)
        self.hooks("setup", stage)
        module.configure_model()
        self.plan.precision.prepare(module)  # first, lest weights of a checkpoint be rounded
        found = None if path is None else checkpoint.read(path)
        if found is not None:
            checkpoint.load_module(self, found)
        if self.options.sync_batchnorm and strategy.world_size > 1:
            torch.nn.SyncBatchNorm.convert_sync_batchnorm(module)
        strategy.place(module)
        strategy.distribute(module)
        if stage != "fit":
            strategy.share(module.parameters())
        return found

    def _prepare_fit(self, found: dict[str, Any] | None) -> Fit | None:
        """All of a fit up to its first epoch; None where there is nothing to train on."""
        module = self.lightning_module
        self.optimizers, self.lr_scheduler_configs, self.optimizer_frequencies = configured(module)
        old = legacy.is_old(module, self.options)
        checks.check_fit(self, module, old)
        program = LightningProgram(module, self.plan, self.record, self.optimizers, by_itself=old)
        state = self._state(found is not None)
        fit = self.fitting = self._fit(program, state)
        self.hooks("on_fit_start")
        self.log_hyperparameters()
        if found is not None:
            checkpoint.load_training(self, found)
        module.zero_grad()
        self._check_sanity(fit, found)
        fit.load(validation=False)
        over = state.epoch >= self.max_epochs or 0 <= self.max_steps <= state.step or fit.may_stop(state.epoch)
        if over or fit.source.num_batches == 0:
            return None
        if fit.validation is None and self.validates:
            fit.load(validation=True)
        checks.check_interval(fit)
        program.first = lambda: checks.check_monitors(fit)
        if found is not None:
            checkpoint.load_own(self, found)
        return fit

    def _fit(self, program: LightningProgram, state: RunState) -> Fit:
        """A fit by a program, from where `state` stands."""
        own_step = self.hooks.own("lr_scheduler_step")
        schedulers = Schedulers(self.lr_scheduler_configs, own_step, lambda: self.callback_metrics)
        old = legacy.is_old(self.lightning_module, self.options)
        kind = legacy.OldStep if old else LightningManualStep if program.manual else LightningStep
        return Fit(self, kind(program, self.plan, state, self.hooks), state, schedulers)

    def _state(self, resumes: bool) -> RunState:
        """The cursor: a second `fit` goes on counting where the first one ended."""
        if resumes or self.fitting is None:
            return RunState()
        before = self.fitting.state
        return RunState(epoch=before.epoch, step=before.step)

    def _check_sanity(self, fit: Fit, found: dict[str, Any] | None) -> None:
        """A few batches of validation before anything is trained, with the random numbers put back afterwards."""
        amid = found is not None and (fit.state.batch > 0 or self.max_steps != -1)
        if not self.validates or not self.options.num_sanity_val_steps or amid:
            return
        before = chance.state(self.plan.device)
        with self.staged("sanity_check"):
            self.hooks("on_sanity_check_start")
            fit.load(validation=True)
            assert fit.validation is not None
            with fit.validation.shortened(self.num_sanity_val_batches):
                fit.validation.run()
            self.hooks("on_sanity_check_end")
        self.record.forget()
        chance.restore(before)

    def _tear_down(self) -> None:
        if self.state.fn == "fit":
            self.hooks("on_fit_end")
        if self.datamodule is not None:
            self.timed(self.datamodule, "teardown")(self.state.fn)
        self.hooks("teardown", self.state.fn)
        self.profiler.describe()
        self.record.active = None
        for logger in self.loggers:
            logger.finalize("success")
        self.state.status = "finished"

    def _tell_exception(self, error: BaseException) -> None:
        for hook in self.hooks.of(self.callbacks, "on_exception"):
            hook(error)
        if self.datamodule is not None:
            self.datamodule.on_exception(error)
        for logger in self.loggers:
            logger.finalize("failed")

    def _checkpoint_path(self, wanted: Any) -> str | None:
        """The file that `ckpt_path` means."""
        if wanted == "last":
            return self._last_checkpoint()
        if wanted != "best":
            return None if wanted is None else os.fspath(wanted)
        saving = self.checkpoint_callback
        if not saving or not saving.best_model_path:
            raise errors.value_error(
                "`ckpt_path`",
                expected="a path, or the name of a checkpoint that the last fit has saved",
                received=wanted,
                remedy="Call `fit` before, with a ModelCheckpoint.",
            )
        return str(saving.best_model_path)

    def _last_checkpoint(self) -> str | None:
        """The newest of the checkpoints called "last"; a run that may be cut asks for it before there is one."""
        found = [one.last_model_path for one in self.checkpoint_callbacks]
        for folder in (getattr(one, "dirpath", None) for one in self.checkpoint_callbacks):
            if folder is not None and os.path.isdir(folder):
                found += [os.path.join(folder, name) for name in os.listdir(folder) if name.startswith("last")]
        path = max(filter(os.path.isfile, found), key=os.path.getmtime, default=None)
        if path is None:
            text = '`ckpt_path="last"`: there is no such checkpoint yet, so none is loaded'
            warnings.warn(f"{text}; `ModelCheckpoint(save_last=True)` writes one.", stacklevel=4)
        return path

    def _best_by_default(self, model: Any, ckpt_path: Any) -> Any:
        """As in Lightning: an evaluation without a module takes the best weights of the fit before."""
        saving, ckpt_path = self.checkpoint_callback, ckpt_path or self._given_path
        if model is not None or ckpt_path is not None or not (saving and saving.best_model_path):
            return ckpt_path
        text = "No module is given: the best checkpoint of the last fit is loaded"
        warnings.warn(f'{text}. Say which weights you want: give the module, or `ckpt_path="best"`.', stacklevel=4)
        return "best"
