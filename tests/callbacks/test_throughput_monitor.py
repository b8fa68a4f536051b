from __future__ import annotations

import time
import types

import numpy as np
import pytest
from torch.utils.data import DataLoader, Dataset

import kerastorch as keras
from kerastorch.callbacks import ThroughputMonitor, throughput_monitor
from tests.callbacks.fakes import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(throughput_monitor.time, "perf_counter", clock)
    return clock


def test_the_split(clock: Clock) -> None:
    monitor = ThroughputMonitor()
    tracker = types.SimpleNamespace(count=0.0)
    monitor.set_model(types.SimpleNamespace(metrics=[tracker]))
    monitor.on_epoch_begin(0)
    for batch in range(4):
        clock.now += 0.010
        monitor.on_train_batch_begin(batch)
        clock.now += 0.030
        tracker.count += 8
        monitor.on_train_batch_end(batch, {})
    assert monitor.current() == pytest.approx({"step_ms": 40.0, "data_ms": 10.0, "compute_ms": 30.0})
    clock.now += 0.040  # the device is behind
    monitor.on_test_begin()
    tracker.count = 2.0  # the validation's
    clock.now += 5.0
    logs = {"loss": 1.0}
    monitor.on_epoch_end(0, logs)
    expected = {"step_ms": 50.0, "data_ms": 10.0, "compute_ms": 40.0, "samples_per_second": 160.0, "loss": 1.0}
    assert logs == pytest.approx(expected)


class Slow(Dataset):
    def __len__(self) -> int:
        return 16

    def __getitem__(self, index: int):
        time.sleep(0.002)
        return np.ones(2, "float32"), np.ones(1, "float32")


def test_a_loader_that_is_waited_for() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    history = model.fit(DataLoader(Slow(), 4), epochs=2, verbose=0, callbacks=[ThroughputMonitor()]).history
    assert history["data_ms"][1] >= 8.0
    assert history["data_ms"][1] + history["compute_ms"][1] == pytest.approx(history["step_ms"][1])
    assert history["samples_per_second"][1] == pytest.approx(4000 / history["step_ms"][1])


def test_a_step_of_ones_own_counts_no_samples() -> None:
    class Own(keras.Sequential):
        def train_step(self, data):
            return {"loss": 1.0}

    model = Own([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd")
    history = model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0, callbacks=[ThroughputMonitor()]).history
    assert set(history) == {"loss", "step_ms", "data_ms", "compute_ms"}
