"""The base of loggers."""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from kerastorch.base import errors
from kerastorch.loggers.settings import numbers, settings

_NOT_PICKLED = ("_experiment", "_model")


class Logger(ABC):
    """Keeps what a run tells: give it to `fit` among the callbacks.

    Every epoch's figures are kept as "epoch/<name>" at the epoch's index, those of every `log_every_n_steps`-th
    update as "step/<name>" at the number of updates so far (that the optimizer counts; a torch optimizer: of batches),
    results of `evaluate` as "evaluate/<name>". The settings of the run are kept when it begins. Of several processes
    that train together only the first one logs.

    A logger of your own overrides `log_metrics`, perhaps `experiment`, `name`, `version` and `save_dir`, and of the
    methods that do nothing here those for what else it can keep.

    Args:
        save_dir: The folder; subfolders are made when something is written.
        name: A subfolder for runs that belong together; "" for none.
        version: The run's own subfolder: a text, or a number N for "version_N"; default the next free number.
        log_every_n_steps: Updates between two of which the figures are kept, 0 for none. Reading them waits for the
            device.

    Raises:
        ValueError: `log_every_n_steps` is not an integer >= 0.

    Example:
        >>> class Printing(Logger):
        ...     experiment = None
        ...     def log_metrics(self, metrics, step=None):
        ...         print(step, dict(metrics))
        >>> Printing().on_epoch_end(0, {"loss": 0.5})
        0 {'epoch/loss': 0.5}
    """

    rank_zero_only = True

    def __init__(
        self,
        save_dir: str | os.PathLike[str] = "logs",
        name: str = "",
        version: int | str | None = None,
        log_every_n_steps: int = 50,
    ) -> None:
        if isinstance(log_every_n_steps, bool) or not isinstance(log_every_n_steps, int) or log_every_n_steps < 0:
            raise errors.value_error(
                f"`log_every_n_steps` of {type(self).__name__}",
                expected="an integer >= 0",
                received=log_every_n_steps,
            )
        self._save_dir = os.fspath(save_dir)
        self._name = name
        self.log_every_n_steps = log_every_n_steps
        self.params: dict[str, Any] = {}
        self.step = 0
        self._version = version
        self._experiment: Any = None
        self._model: Any = None
        self._epoch_step = 0  # updates before this epoch
        self._in_fit = False

    def __getstate__(self) -> dict[str, Any]:
        """What travels to other processes: not what is open; the version is chosen, so that all have the same."""
        self._version = self.version
        return {**self.__dict__, **dict.fromkeys(_NOT_PICKLED)}

    # -- where ------------------------------------------------------------------------------------------------------

    @property
    def experiment(self) -> Any:
        """The object that writes (a `SummaryWriter`, a client's run), opened when it is first asked for, or None."""
        return None

    @property
    def save_dir(self) -> str:
        """The folder."""
        return self._save_dir

    @property
    def name(self) -> str:
        """The subfolder for runs that belong together."""
        return self._name

    @property
    def version(self) -> int | str:
        """Which of the runs of this name this is."""
        if self._version is None:
            self._version = _next_version(os.path.join(self.save_dir, self.name))
        return self._version

    @property
    def log_dir(self) -> str:
        """The folder of this run."""
        version = self.version
        return os.path.join(self.save_dir, self.name, f"version_{version}" if isinstance(version, int) else version)

    # -- what -------------------------------------------------------------------------------------------------------

    @abstractmethod
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Keep figures.

        Args:
            metrics: Name to number.
            step: Where on the axis; default the updates so far.
        """

    def log_epoch(self, metrics: Mapping[str, float], epoch: int) -> None:
        """Keep the figures of an epoch, named as in the logs, at the epoch's index."""
        self.log_metrics({f"epoch/{name}": value for name, value in metrics.items()}, epoch)

    def log_step(self, metrics: Mapping[str, float], step: int) -> None:
        """Keep the figures after an update, named as in the logs."""
        self.log_metrics({f"step/{name}": value for name, value in metrics.items()}, step)

    def log_hyperparams(self, params: Mapping[str, Any], metrics: Mapping[str, float] | None = None) -> None:  # noqa: B027
        """Keep settings.

        Args:
            params: Name to value.
            metrics: Figures that belong to them.
        """

    def log_graph(self, model: Any, x: Any = None) -> None:  # noqa: B027
        """Keep a picture of the model, where there is a place for it.

        Args:
            model: The model.
            x: Inputs to trace it with; None: its layers as the config tells them.
        """

    def add_image(self, tag: str, image: Any, step: int | None = None) -> None:
        """Keep an image.

        Args:
            tag: Its name.
            image: (H, W) or (H, W, C) with C of 1, 3 or 4: bytes, or numbers in [0, 1].
            step: Where on the axis; default the updates so far.

        Raises:
            NotImplementedError: This logger keeps none.
        """
        raise self._cannot("images")

    def add_histogram(self, tag: str, values: Any, step: int | None = None) -> None:
        """Keep the distribution of values.

        Args:
            tag: Its name.
            values: An array or tensor of any shape.
            step: Where on the axis; default the updates so far.

        Raises:
            NotImplementedError: This logger keeps none.
        """
        raise self._cannot("histograms")

    def add_text(self, tag: str, text: str, step: int | None = None) -> None:
        """Keep a text.

        Args:
            tag: Its name.
            text: The text.
            step: Where on the axis; default the updates so far.

        Raises:
            NotImplementedError: This logger keeps none.
        """
        raise self._cannot("texts")

    def after_save_checkpoint(self, checkpoint_callback: Any) -> None:  # noqa: B027
        """Take note of a checkpoint that `lightning.callbacks.ModelCheckpoint` has written."""

    def save(self) -> None:  # noqa: B027
        """Write what is still held back."""

    def finalize(self, status: str = "success") -> None:  # noqa: B027
        """End the run; what is logged later opens it again.

        Args:
            status: "success" or "failed".
        """

    def _cannot(self, what: str) -> NotImplementedError:
        text = errors.message(
            f"{type(self).__name__}",
            expected="figures and settings",
            received=errors.Said(what),
            remedy="Use a logger that keeps them, for example `TensorBoardLogger`, or your own through `experiment`.",
        )
        return NotImplementedError(text)

    def _at(self, step: int | None) -> int:
        return self.step if step is None else step

    # -- what a run tells -------------------------------------------------------------------------------------------

    def set_params(self, params: dict[str, Any]) -> None:
        """Take the run's parameters."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Take the model that will be run."""
        self._model = model

    def on_train_begin(self, logs: Any = None) -> None:
        """Keep the settings."""
        self._in_fit = True
        self.step = self._updates(0)
        self.log_hyperparams(settings(self._model, self.params))

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Take the place on the axis."""
        steps = self.params.get("steps")
        if self.step == 0 and epoch and steps:  # a run that goes on from an earlier one
            self.step = self._updates(epoch * steps)
        self._epoch_step = self.step

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Keep the figures, when it is time."""
        before, self.step = self.step, self._updates(self._epoch_step + batch + 1)
        every = self.log_every_n_steps
        if every and self.step // every > before // every:
            self.log_step(numbers(logs), self.step)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Keep the figures of the epoch."""
        self.log_epoch(numbers(logs), epoch)
        self.save()

    def on_test_end(self, logs: Any = None) -> None:
        """Keep the results of `evaluate`; those of validations come with the epoch's."""
        if not self._in_fit:
            self.step = self._updates(self.step)
            self.log_metrics({f"evaluate/{name}": value for name, value in numbers(logs).items()}, self.step)
            self.finalize("success")

    def on_train_end(self, logs: Any = None) -> None:
        """End the run."""
        self._in_fit = False
        self.finalize("success")

    def on_exception(self, exception: BaseException) -> None:
        """End the run as one that failed."""
        self._in_fit = False
        self.finalize("failed")

    def _updates(self, batches: int) -> int:
        """The updates so far: those the optimizer has counted, else `batches`."""
        counted = getattr(getattr(self._model, "optimizer", None), "iterations", None)
        return batches if counted is None else int(counted)


def _next_version(folder: str) -> int:
    found = os.listdir(folder) if os.path.isdir(folder) else []
    return 1 + max((int(entry[8:]) for entry in found if re.fullmatch(r"version_\d+", entry)), default=-1)
