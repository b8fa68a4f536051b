"""Lightning's words on our engine."""

from __future__ import annotations

import kerastorch.lightning
from benchmarks.peers._lightning_like import LightningLike
from benchmarks.task import Task


class Peer(LightningLike):
    """`kerastorch.lightning.Trainer`."""

    def __init__(self, task: Task) -> None:
        super().__init__(task, kerastorch.lightning)
