"""`TensorBoardLogger`: a run in TensorBoard, in the folders of Lightning."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from kerastorch import loggers
from kerastorch.lightning.loggers import settings
from kerastorch.lightning.loggers.common import LightningLogger
from kerastorch.lightning.utilities import rank_zero_only


class TensorBoardLogger(LightningLogger, loggers.TensorBoardLogger):
    """Keeps a run as event files in `save_dir/name/version_N`; `experiment` is the `SummaryWriter`.

    Args:
        save_dir: The folder.
        name: A subfolder for runs that belong together; None or "" for none.
        version: The run's own subfolder: a text, or a number N for "version_N"; default the next free number.
        log_graph: Whether the graph of a module with `example_input_array` is kept.
        default_hp_metric: Whether the page HPARAMS gets a figure "hp_metric" of -1, to show the settings beside.
        prefix: Before the names of all figures.
        sub_dir: A subfolder for the events.

    Example:
        >>> TensorBoardLogger("runs", version=3).log_dir == os.path.join("runs", "lightning_logs", "version_3")
        True
    """

    def __init__(
        self,
        save_dir: Any,
        name: str | None = "lightning_logs",
        version: int | str | None = None,
        log_graph: bool = False,
        default_hp_metric: bool = True,
        prefix: str = "",
        sub_dir: str | None = None,
    ) -> None:
        super().__init__(save_dir, name or "", version)
        self._graph, self.default_hp_metric, self.prefix, self.sub_dir = log_graph, default_hp_metric, prefix, sub_dir

    @property
    def log_dir(self) -> str:
        return os.path.join(super().log_dir, self.sub_dir or "") if self.sub_dir else super().log_dir

    @rank_zero_only
    def log_hyperparams(self, params: Any, metrics: Mapping[str, float] | None = None) -> None:
        """Keep settings: as "hparams.yaml", and for the page HPARAMS.

        Args:
            params: A dict or Namespace.
            metrics: Figures for the page.
        """
        settings.write(self.log_dir, params)
        self.hparams.update(settings.by_name(params))
        if metrics is None and self.default_hp_metric and params:  # a module without settings has no such page
            metrics = {"hp_metric": -1}
        if metrics is not None:
            self.log_metrics(metrics, 0)
            self._write_page(list(metrics))

    def log_graph(self, model: Any, x: Any = None) -> None:
        x = getattr(model, "example_input_array", None) if x is None else x
        if self._graph and x is not None:
            super().log_graph(model, x)
