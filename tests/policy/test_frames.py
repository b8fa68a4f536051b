"""STYLE row 1: from `fit` to `Tensor.backward` in at most five frames and four files, whatever is switched on."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import kerastorch as keras
from benchmarks import probe


class Watcher(keras.callbacks.Callback):
    """A callback that asks for every batch."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.seen += 1

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.seen += 1


OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "bf16": {"precision": "bf16-mixed"},
    "accumulation": {"accumulate_grad_batches": 2},
    "clipping": {"gradient_clip_val": 1.0},
    "executions": {"steps_per_execution": 2},
    "all": {"precision": "bf16-mixed", "accumulate_grad_batches": 2, "gradient_clip_val": 1.0},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_few_frames_in_few_files(options: dict[str, Any]) -> None:
    watcher = Watcher()
    stack = probe.frames(probe.tiny(**options), callbacks=[watcher], verbose=1)
    assert watcher.seen, "the callback must have been on"
    assert stack[0][1] == "fit"
    assert len(stack) <= 5, stack
    assert len({file for file, _ in stack}) <= 4, stack


def test_the_way_is_the_same_for_a_torch_module() -> None:
    model = keras.Model(torch.nn.Linear(784, 10))
    model.compile(optimizer="sgd", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    assert probe.frames(model) == probe.frames(probe.tiny())


def test_validation_does_not_lengthen_it() -> None:
    assert len(probe.frames(probe.tiny(), validation_data=probe.data(1))) <= 5
