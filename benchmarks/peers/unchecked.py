"""kerastorch without the scan of the data: what the scan costs is the difference."""

from __future__ import annotations

import kerastorch
from benchmarks.peers._keras_like import KerasLike
from benchmarks.task import Task


class Peer(KerasLike):
    """`fit(..., check_data=False)`."""

    def __init__(self, task: Task) -> None:
        super().__init__(task, kerastorch, check_data=False)
