"""kerastorch in bfloat16 mixed precision; faster than float32 only where the CPU has bfloat16 units."""

from __future__ import annotations

import kerastorch
from benchmarks.peers._keras_like import KerasLike
from benchmarks.task import Task


class Peer(KerasLike):
    """`compile(..., precision="bf16-mixed")`."""

    def __init__(self, task: Task) -> None:
        super().__init__(task, kerastorch)

    def build(self) -> None:
        self.model = self.network()
        loss = kerastorch.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.model.compile(optimizer="adam", loss=loss, metrics=["accuracy"], precision="bf16-mixed")
