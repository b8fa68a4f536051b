from __future__ import annotations

import numpy as np
import torch

import kerastorch as keras
from kerastorch.callbacks import Callback, CallbackList, EarlyStopping, RunMonitor
from kerastorch.engine.logs import LazyLogs


class Counter(RunMonitor):
    """Counts how often it is asked."""

    adds_to_logs = ("asked",)

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def figures(self):
        self.asked += 1
        return {"asked": torch.tensor(float(self.asked))}


def fit(*callbacks, **options):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    return model.fit(
        np.ones((8, 2)), np.ones((8, 1)), batch_size=2, epochs=2, verbose=0, callbacks=callbacks, **options
    )


def test_it_is_asked_only_when_somebody_reads() -> None:
    counter = Counter()
    history = fit(counter)
    assert history.history["asked"] == [1.0, 2.0]
    assert counter._logs is None


def test_batches_have_it_too_whoever_comes_first() -> None:
    seen = []

    class Reader(Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(logs["asked"])

        def on_epoch_end(self, epoch, logs=None):
            seen.append(-logs["asked"])

    fit(Reader(), Counter())
    assert seen == [1, 2, 3, 4, -5, 6, 7, 8, 9, -10]


def test_its_figures_can_be_monitored() -> None:
    stopping = EarlyStopping("asked", mode="min", patience=0)
    assert len(fit(stopping, Counter()).history["asked"]) == 2
    assert stopping.stopped_epoch == 1


def test_a_second_run_has_logs_of_its_own() -> None:
    counter = Counter()
    for _ in range(2):
        logs = LazyLogs(dict)
        counter.on_train_batch_end(0, logs)
        counter.on_train_batch_end(1, logs)
        assert len(logs.sources) == 1


def test_other_ranks_know_its_names() -> None:
    watching = CallbackList([EarlyStopping("asked", mode="min"), Counter()], rank=1)
    assert len(watching.callbacks) == 1
    watching.validate_monitors(["loss"])
