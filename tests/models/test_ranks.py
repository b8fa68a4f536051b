"""A run on ranks, seen from the model: what is sent back, taken back, and put in order."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
import torch

import kerastorch as keras
from kerastorch import callbacks as cb
from kerastorch import layers
from kerastorch.data.share import Share
from kerastorch.models import ranks
from kerastorch.models.collector import Collector
from tests.support import cases


@pytest.mark.parametrize("batches", [[7, 7, 4], [1], [2, 1], [9], [3, 0 + 3, 1]])
def test_outputs_of_all_ranks_come_once_and_in_order(batches: list[int]) -> None:
    collectors = [Collector(None) for _ in range(3)]
    first = 0
    for total in batches:
        whole = torch.arange(first, first + total, dtype=torch.float64)
        first += total
        for rank, collector in enumerate(collectors):
            share = Share.of(total, rank, 3)
            rows = whole[share.low : share.high]
            collector({"a": rows, "b": rows.reshape(-1, 1) * 2}, share.size, total)
    held = [collector.result() for collector in collectors]
    parts = iter([[torch.from_numpy(h[key]) for h in held] for key in "ab"])
    found = collectors[1].result(lambda own: next(parts))
    assert found["a"].tolist() == list(range(first)) and found["b"].tolist() == [[2.0 * i] for i in range(first)]


class Noting(cb.Callback):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []
        self.lock = threading.Lock()  # cannot travel: stays where it is

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.losses.append(logs["loss"])


def test_what_a_rank_gives_back_makes_the_model_what_training_made_of_it() -> None:
    there, here = cases.net(), cases.net()
    given = {"x": cases.X, "y": cases.Y, "batch_size": 24, "epochs": 2, "verbose": 0, "callbacks": [Noting()]}
    sent = ranks.fit(there, given)
    own = {
        **given,
        "callbacks": [
            Noting(),
        ],
    }
    lock = own["callbacks"][0].lock
    here._need_compiled("fit")
    here.fit(cases.X, cases.Y, batch_size=24, verbose=0, epochs=0)
    history = ranks.take_back(here, own, sent)
    assert history is here.history and history.history == there.history.history and history.epoch == [0, 1]
    assert own["callbacks"][0].losses == history.history["loss"] and own["callbacks"][0].lock is lock
    assert all(np.array_equal(a, b) for a, b in zip(here.get_weights(), there.get_weights(), strict=True))
    assert here.optimizer.iterations == there.optimizer.iterations == 10
    assert here.stop_training is False
    more = {"batch_size": 24, "epochs": 3, "initial_epoch": 2, "verbose": 0, "shuffle": False}
    assert here.fit(cases.X, cases.Y, **more).history == there.fit(cases.X, cases.Y, **more).history


def test_a_history_of_one_s_own_is_filled() -> None:
    model, history = cases.net(), cb.History()
    given = {"x": cases.X, "y": cases.Y, "epochs": 1, "verbose": 0, "callbacks": history}
    sent = ranks.fit(model, given)
    history.history = {}
    assert ranks.take_back(model, given, sent) is history and list(history.history) == ["accuracy", "loss"]


def test_a_torch_module_and_its_optimizer_are_trained_in_place() -> None:
    """From a plain process: the user's own objects hold what the ranks made of them."""
    net = torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 3)).double()
    weight = net[0].weight
    before = weight.detach().clone()
    model = keras.Model(net)
    optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
    model.compile(optimizer, torch.nn.CrossEntropyLoss(), device="cpu", precision="64", devices=2)
    model.fit(cases.X[:96], cases.Y[:96], batch_size=24, epochs=2, verbose=0)
    assert net[0].weight is weight and not torch.equal(weight, before)
    assert len(optimizer.state[weight]) == 1 and int(net[1].num_batches_tracked) == 8
    again = model.fit(cases.X[:96], cases.Y[:96], batch_size=24, epochs=3, initial_epoch=2, verbose=0)
    assert again.epoch == [2] and int(net[1].num_batches_tracked) == 12


def test_layers_without_weights_and_frozen_models_run(capfd: Any) -> None:
    """Nothing to exchange: evaluation after freezing, and one line an epoch from rank 0 alone."""
    model = keras.Sequential([keras.Input((6,)), layers.Dense(3, "softmax"), layers.BatchNormalization()])
    model.layers[0].trainable = False
    cases.compile_(model, "mse", devices=2)
    kept = model.layers[0].get_weights()
    model.fit(cases.X, np.eye(3)[cases.Y], batch_size=24, epochs=1, verbose=2)
    assert all(np.array_equal(a, b) for a, b in zip(kept, model.layers[0].get_weights(), strict=True))
    assert capfd.readouterr().out.count("- loss: ") == 1


@pytest.mark.parametrize("rank", [0, 1])
def test_all_ranks_know_whether_a_callback_on_rank_0_may_stop_them(rank: int) -> None:
    """What is asked at each batch must be asked by all; what only prints asks for nothing."""

    class Steers(cb.Callback):  # type: ignore[misc]
        rank_zero_only = True

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.stop_training = True

    assert cb.CallbackList([Steers()], rank=rank).steers
    assert not cb.CallbackList([cb.TensorBoard("."), Noting()], add_progbar=True, rank=rank).steers
