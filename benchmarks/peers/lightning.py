"""PyTorch Lightning."""

from __future__ import annotations

import logging
import warnings

import lightning.pytorch

from benchmarks.peers._lightning_like import LightningLike
from benchmarks.task import Task

warnings.filterwarnings("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


class Peer(LightningLike):
    """Lightning's `Trainer`."""

    def __init__(self, task: Task) -> None:
        super().__init__(task, lightning.pytorch)
