"""STYLE row 3: what a batch costs in calls, and that no batch waits for the device."""

from __future__ import annotations

import copy
import io
import sys
import time
from collections import Counter
from typing import Any

import pytest
import torch

import kerastorch as keras
from benchmarks import probe

LIMIT = 300


def _calls(model: Any, **options: Any) -> float:
    return probe.calls_per_batch(
        lambda arrays: model.fit(*arrays, batch_size=128, verbose=0, **options), short=64, long=192
    )


def test_a_batch_costs_few_calls() -> None:
    calls = _calls(probe.tiny())
    assert calls <= LIMIT, calls


def test_a_batch_costs_no_more_calls_than_a_bare_loop() -> None:
    assert _calls(probe.tiny()) <= probe.calls_per_batch(probe.bare, short=64, long=192)


def test_options_do_not_break_the_limit() -> None:
    calls = _calls(probe.tiny(accumulate_grad_batches=2, gradient_clip_val=1.0))
    assert calls <= LIMIT, calls


def test_the_count_sees_what_is_added() -> None:
    class Chatty(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            for _ in range(100):
                abs(batch)

    assert _calls(probe.tiny(), callbacks=[Chatty()]) >= _calls(probe.tiny()) + 100


def _waits(model: Any, batches: int, **options: Any) -> Counter[str]:
    """What two epochs wait for; the scan of the data is left out, which waits once for each piece it looks at."""
    x, y = probe.data(batches)
    with probe.waits() as counted:
        model.fit(x, y, batch_size=128, epochs=2, check_data=False, **options)
    return counted


OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "bf16": {"precision": "bf16-mixed"},
    "accumulation": {"accumulate_grad_batches": 2},
    "clipping": {"gradient_clip_val": 1.0},
    "schedule": {"optimizer": keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9))},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("verbose", [0, 1])
def test_no_batch_waits_for_the_device(options: dict[str, Any], verbose: int) -> None:
    model = probe.tiny(**copy.deepcopy(options))
    _waits(model, 2, verbose=0)  # building counts once
    few, many = (_waits(model, batches, verbose=verbose) for batches in (2, 12))
    assert few == many


def test_the_scan_of_the_data_waits_before_the_first_step_only() -> None:
    model, arrays = probe.tiny(), probe.data(32)
    model.fit(*arrays, batch_size=128, verbose=0)

    def waits(epochs: int) -> int:
        with probe.waits() as counted:
            model.fit(*arrays, batch_size=128, verbose=0, epochs=epochs)
        return sum(counted.values())

    assert waits(3) - waits(2) == waits(2) - waits(1)  # each epoch fetches its figures


def test_weights_penalties_and_validation_wait_for_nothing_either() -> None:
    dense = keras.layers.Dense(10, kernel_regularizer="l2")
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dropout(0.5), keras.layers.BatchNormalization(), dense])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="rmsprop", loss=loss, weighted_metrics=["accuracy"])
    class_weight = dict.fromkeys(range(10), 2.0)

    def waits(batches: int) -> Counter[str]:
        return _waits(model, batches, verbose=0, class_weight=class_weight, validation_data=probe.data(batches))

    waits(2)
    assert waits(2) == waits(12)


def test_a_terminal_is_redrawn_ten_times_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    model = probe.tiny()
    quiet = _waits(model, 4, verbose=0)
    monkeypatch.setattr(sys, "stdout", Terminal())
    started = time.perf_counter()
    shown = _waits(model, 32, verbose=1)
    redraws = 10 * (time.perf_counter() - started) + 4  # a first and a last one in both epochs
    assert sum(shown.values()) <= sum(quiet.values()) + 2 * redraws


def test_a_wait_would_be_seen() -> None:
    with probe.waits() as counted:
        value = torch.ones(2).sum()
        float(value), value.item(), value.tolist(), bool(value), value.cpu()
    assert counted == {"_local_scalar_dense": 3, "tolist": 1, "cpu": 1}
