"""kerastorch as a user of Keras writes it."""

from __future__ import annotations

import kerastorch
from benchmarks.peers._keras_like import KerasLike
from benchmarks.task import Task


class Peer(KerasLike):
    """`Sequential`, `compile`, `fit`."""

    def __init__(self, task: Task) -> None:
        super().__init__(task, kerastorch)
