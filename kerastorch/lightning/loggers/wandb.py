"""`WandbLogger`: a run in Weights & Biases, with Lightning's arguments."""

from __future__ import annotations

import json
import os
import warnings
from argparse import Namespace
from collections.abc import Mapping
from typing import Any, ClassVar

from kerastorch import loggers
from kerastorch.base import errors
from kerastorch.lightning.loggers.models import ModelLogger
from kerastorch.lightning.utilities import rank_zero_only
from kerastorch.loggers.clients import client
from kerastorch.loggers.settings import plain

_STEP = "trainer/global_step"


class WandbLogger(ModelLogger, loggers.WandbLogger):
    """Keeps a run in Weights & Biases; `experiment` is the client's run, `version` its id, `name` the project.

    Needs `pip install 'kerastorch[wandb]'`. Figures are drawn over "trainer/global_step". The run stays open after
    `fit`, for what is logged later; `wandb.finish()`, or the process's end, closes it.

    Args:
        name: The name of the run; default the service's choice.
        save_dir: The folder for the client's files.
        version: A run to go on with.
        offline: Whether the run is only kept on disk, for `wandb sync`.
        dir: The same as `save_dir`.
        id: The same as `version`.
        anonymous: Whether to log without an account.
        project: The name of the project; default the environment's `WANDB_PROJECT`, or "lightning_logs".
        log_model: Whether checkpoints are kept as artifacts: "all" as they are written, True when the run ends.
        experiment: A run of the client that is open already.
        prefix: Before the names of all figures.
        checkpoint_name: The name of these artifacts; default "model-" and the run's id.
        add_file_policy: "mutable" copies a file before it is sent, "immutable" trusts that it will not change.
        **kwargs: More for `wandb.init` (`entity`, `tags`, `group`, `config`, ...).

    Raises:
        ImportError: wandb is not installed.
        ValueError: `log_model` is asked for offline.

    Example:
        >>> logger = WandbLogger(project="mnist", offline=True)  # doctest: +SKIP
        >>> Trainer(logger=logger).fit(module)  # doctest: +SKIP
    """

    _axis = _STEP
    _axes: ClassVar = {_STEP: None, "*": _STEP}

    def __init__(
        self,
        name: str | None = None,
        save_dir: Any = ".",
        version: str | None = None,
        offline: bool = False,
        dir: Any = None,
        id: str | None = None,
        anonymous: bool | None = None,
        project: str | None = None,
        log_model: bool | str = False,
        experiment: Any = None,
        prefix: str = "",
        checkpoint_name: str | None = None,
        add_file_policy: str = "mutable",
        **kwargs: Any,
    ) -> None:
        if offline and log_model:
            raise errors.value_error(
                "`log_model` of WandbLogger, with `offline=True`",
                expected="False: files are not sent",
                received=log_model,
            )
        mode = kwargs.pop("mode", "offline" if offline else None)
        options = {"reinit": None, **({"anonymous": "allow"} if anonymous else {}), **kwargs}
        project = project or os.environ.get("WANDB_PROJECT", "lightning_logs")
        super().__init__(project, name, save_dir or dir or ".", mode, version or id, **options)
        self.log_model, self.prefix, self._experiment = log_model, prefix, experiment
        self.checkpoint_name, self.add_file_policy = checkpoint_name, add_file_policy

    @property
    def version(self) -> str:
        return super().version if self._experiment is None else str(self._experiment.id)

    def _open(self, wandb: Any) -> Any:
        if wandb.run is None:
            return super()._open(wandb)
        text = "A run of wandb is open: it is used. Call `wandb.finish()` before, to begin another one."
        warnings.warn(text, stacklevel=4)
        return wandb.run

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        axis = {} if step is None or self.options.get("sync_tensorboard") else {_STEP: step}
        self.experiment.log({**self.named(metrics), **axis})

    @rank_zero_only
    def log_hyperparams(self, params: Any, metrics: Mapping[str, float] | None = None) -> None:
        """Keep settings, nested as they are.

        Args:
            params: A dict or Namespace.
            metrics: Figures that belong to them.
        """
        values = vars(params) if isinstance(params, Namespace) else dict(params)
        self.experiment.config.update(json.loads(json.dumps(values, default=plain)), allow_val_change=True)
        if metrics is not None:
            self.log_metrics(metrics)

    def watch(self, model: Any, log: str | None = "gradients", log_freq: int = 100, log_graph: bool = True) -> None:
        """Keep histograms of a module's gradients, and its graph.

        Args:
            model: The module.
            log: "gradients", "parameters", "all" or None.
            log_freq: Batches between two.
            log_graph: Whether the graph is kept.
        """
        self.experiment.watch(model, log=log, log_freq=log_freq, log_graph=log_graph)

    @rank_zero_only
    def log_table(
        self, key: str, columns: list[str] | None = None, data: list[list[Any]] | None = None, dataframe: Any = None,
        step: int | None = None,
    ) -> None:  # fmt: skip
        """Keep a table, of columns and rows or of a DataFrame.

        Args:
            key: Its name.
            columns: The names of the columns.
            data: The rows: numbers, texts, or the client's images, sounds and so on.
            dataframe: A DataFrame in their place.
            step: Where on the axis.
        """
        table = client("wandb", "WandbLogger", "wandb").Table(columns=columns, data=data, dataframe=dataframe)
        self.log_metrics({key: table}, step)

    log_text = log_table

    def log_image(self, key: str, images: list[Any], step: int | None = None, **kwargs: list[Any]) -> None:
        """Keep images.

        Args:
            key: Their name.
            images: Arrays, tensors, PIL images or paths.
            step: Where on the axis.
            **kwargs: Lists with something for each: `caption`, `masks`, `boxes`, ...
        """
        self._log_media("Image", key, images, step, kwargs)

    def log_audio(self, key: str, audios: list[Any], step: int | None = None, **kwargs: list[Any]) -> None:
        """Keep sounds: arrays or paths; `caption` and `sample_rate` are lists with something for each."""
        self._log_media("Audio", key, audios, step, kwargs)

    def log_video(self, key: str, videos: list[Any], step: int | None = None, **kwargs: list[Any]) -> None:
        """Keep videos: arrays or paths; `caption`, `fps` and `format` are lists with something for each."""
        self._log_media("Video", key, videos, step, kwargs)

    @rank_zero_only
    def _log_media(self, kind: str, key: str, media: Any, step: int | None, more: Mapping[str, list[Any]]) -> None:
        if not isinstance(media, list):
            raise errors.type_error(f"`{kind.lower()}s` of WandbLogger", expected="a list", received=media)
        for name, values in more.items():
            if len(values) != len(media):
                raise errors.value_error(
                    f"`{name}` of WandbLogger", expected=f"{len(media)} values", received=errors.Said(str(len(values)))
                )
        make = getattr(client("wandb", "WandbLogger", "wandb"), kind)
        kept = [make(one, **{name: values[i] for name, values in more.items()}) for i, one in enumerate(media)]
        self.log_metrics({key: kept}, step)

    @staticmethod
    def download_artifact(
        artifact: str, save_dir: Any = None, artifact_type: str | None = None, use_artifact: bool | None = True
    ) -> str:
        """Fetch an artifact; returns its folder.

        Args:
            artifact: Its name.
            save_dir: Where to; default the client's choice.
            artifact_type: Its type.
            use_artifact: Whether the open run notes that it uses it.
        """
        wandb = client("wandb", "WandbLogger", "wandb")
        noted = wandb.run is not None and use_artifact
        found = wandb.run.use_artifact(artifact) if noted else wandb.Api().artifact(artifact, type=artifact_type)
        return str(found.download(root=None if save_dir is None else os.fspath(save_dir)))

    def use_artifact(self, artifact: str, artifact_type: str | None = None) -> Any:
        """Note that the run uses an artifact; returns it.

        Args:
            artifact: Its name.
            artifact_type: Its type.
        """
        return self.experiment.use_artifact(artifact, type=artifact_type)

    def keep_checkpoint(self, path: str, metadata: dict[str, Any], aliases: list[str], kind: str) -> None:
        name = self.checkpoint_name or f"model-{self.experiment.id}"
        metadata = {**metadata, kind: metadata.pop("arguments")}
        artifact = client("wandb", "WandbLogger", "wandb").Artifact(name, type="model", metadata=metadata)
        artifact.add_file(path, name="model.ckpt", policy=self.add_file_policy)
        self.experiment.log_artifact(artifact, aliases=aliases)

    def finalize(self, status: str = "success") -> None:
        if status == "success" and self._experiment is not None:
            self._keep_waiting()
