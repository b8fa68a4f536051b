"""Bad input for many devices: each is refused before any process starts, and says what to do."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, TensorDataset, WeightedRandomSampler

import kerastorch as keras
from kerastorch import callbacks as cb
from kerastorch import layers
from kerastorch.runtime import launch, strategies

rng = np.random.default_rng(0)
X = rng.random((24, 4), dtype="float32")
Y = np.arange(24) % 3
DATA = TensorDataset(torch.tensor(X), torch.tensor(Y))
RANK = {"RANK": "0", "WORLD_SIZE": "4", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "2"}


@pytest.fixture(autouse=True)
def no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Starting one is an error of its own."""

    def start(*args: Any) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(launch, "_run_processes", start)


def model(**options: Any) -> Any:
    net = keras.Sequential([keras.Input((4,)), layers.Dense(5), layers.Dense(3, "softmax")])
    net.compile("adam", "sparse_categorical_crossentropy", **{"device": "cpu", **options})
    return net


def refusal(call: Callable[[], Any], *says: str) -> None:
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    text = str(caught.value)
    assert re.search(r"expected .+, received .+\. \S", text, re.S), f"without remedy: {text}"
    for part in says:
        assert part in text, text


DEVICES = ("`devices` of compile", '"auto", a number >= 1, or a list of different indices', 'Use devices="auto"')
COMPILE: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    **{
        f"devices={wrong!r}": ({"devices": wrong}, (*DEVICES, f"received {wrong!r}"))
        for wrong in (0, -2, 2.5, 1.0, "two", "", [], [0, 0], [-1, 0], [0.0, 1], True, {})
    },
    "unknown strategy": ({"devices": 2, "strategy": "dpp"}, ("Unknown strategy", "'dpp'", "Did you mean 'ddp'?")),
    "strategy a number": ({"strategy": 3}, ("Unknown strategy", "received 3")),
    "unknown precision": ({"devices": 2, "precision": "bf16-mixd"}, ("precision", "Did you mean 'bf16-mixed'?")),
    "num_nodes": ({"devices": 2, "num_nodes": 2}, ("`num_nodes`", "started plainly", "received 2", "torchrun", "srun")),
    "num_nodes text": ({"num_nodes": "2"}, ("`num_nodes`", "received '2'")),
    "a GPU that is not there": ({"devices": 2, "device": "cuda:97"}, ("`device`", "received 'cuda:97'")),
    "misspelt": ({"device_s": 2}, ("compile", "Did you mean 'device", "'device_s'")),
}


@pytest.mark.parametrize("case", COMPILE)
def test_compile(case: str) -> None:
    options, says = COMPILE[case]
    net = model()
    before = net.optimizer, net._compiled
    if case == "misspelt":
        with pytest.raises(TypeError, match="device_s"):
            net.compile("adam", "mse", **options)
    else:
        refusal(lambda: net.compile("adam", "mse", **{"device": "cpu", **options}), *says)
    assert (net.optimizer, net._compiled) == before
    net.fit(X, Y, verbose=0)


@pytest.mark.parametrize("devices", [3, [0, 2], [5]])
def test_more_gpus_than_there_are(devices: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strategies, "choose_device", lambda wanted: torch.device(wanted or "cuda"))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    refusal(lambda: model(device=None, devices=devices), *DEVICES, "of the 2 of kind 'cuda'", f"received {devices!r}")


def test_a_device_with_an_index_beside_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strategies, "choose_device", lambda wanted: torch.device(wanted or "cuda"))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    refusal(lambda: model(device="cuda:1", devices=2), "`devices` of compile", "None beside `device`", "received 2")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"devices": 3}, ("`devices`", "expected 2, the number of processes", "received 3", "the launcher decides")),
        ({"devices": [1]}, ("`devices`", "received [1]")),
        ({"num_nodes": 4}, ("`num_nodes`", "expected 2, the number of machines", "received 4")),
    ],
)
def test_contradictions_to_the_launcher(
    options: dict[str, Any], says: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in RANK.items():
        monkeypatch.setenv(name, value)
    refusal(lambda: model(**options), *says)
    monkeypatch.setenv("RANK", "9")
    refusal(model, "The environment of this process", "RANK < WORLD_SIZE", "torchrun")


def generator() -> Any:
    yield X, Y


class Locked(Dataset):  # type: ignore[type-arg]
    """Holds what cannot travel."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def __len__(self) -> int:
        return 24

    def __getitem__(self, index: int) -> Any:
        return DATA[index]


TRAVEL = ("What is sent to the processes", "cannot pickle", "torchrun")
FIT: dict[str, tuple[Callable[[], dict[str, Any]], tuple[str, ...]]] = {
    "batch not divisible": (
        lambda: {"x": X, "y": Y, "batch_size": 25},
        ("`batch_size` of fit", "all devices together", "multiple of the 2 devices", "received 25", "batch_size=24"),
    ),
    "a loader's batch not divisible": (lambda: {"x": DataLoader(DATA, 9)}, ("multiple of the 2 devices", "received 9")),
    "a sampler": (
        lambda: {"x": DataLoader(DATA, 8, sampler=WeightedRandomSampler([1.0] * 24, 24))},
        ("`x`, a DataLoader, on several devices", "`shuffle=True`", "WeightedRandomSampler", "Leave the sampler out"),
    ),
    "a batch sampler": (
        lambda: {"x": DataLoader(DATA, batch_sampler=[[0, 1], [2, 3]])},
        ("`x`, a DataLoader, on several devices", "a list of its own"),
    ),
    "a generator": (lambda: {"x": generator()}, (*TRAVEL, "generator")),
    "a dataset with a lock": (lambda: {"x": Locked(), "batch_size": 8}, (*TRAVEL, "lock")),
    "a callback with a lock": (
        lambda: {"x": X, "y": Y, "callbacks": cb.LambdaCallback(on_epoch_end=threading.Lock().acquire)},
        TRAVEL,
    ),
    "labels": (lambda: {"x": X, "y": Y + 1}, ("`y`", "start at 1")),
    "monitor": (lambda: {"x": X, "y": Y, "callbacks": cb.EarlyStopping("los")}, ("Did you mean 'loss'?",)),
}


def weighted_mean() -> Any:
    return keras.losses.SparseCategoricalCrossentropy(reduction="mean_with_sample_weight")


class Lookalike(torch.nn.Module):
    """Has the methods of a torchmetrics object, and nothing that combines ranks."""

    def update(self, preds: Any, target: Any) -> None: ...

    def compute(self) -> Any:
        return torch.zeros(())

    def reset(self) -> None: ...


RUN: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]] = {
    "pieces of a batch under fsdp": (
        {"strategy": "fsdp"},
        {"on_oom": "split"},
        ("`on_oom` of fit", "fsdp", 'expected "raise"', "received 'split'", "accumulate_grad_batches"),
    ),
    "a mean by weights": (
        {"loss": weighted_mean},
        {"sample_weight": np.ones(24)},
        ("`reduction`", "2 devices", "'mean_with_sample_weight'", "divide your weights by their mean"),
    ),
    "a mean by class weights": (
        {"loss": weighted_mean}, {"class_weight": {0: 1.0, 1: 2.0, 2: 1.0}}, ("`reduction`", "class weights"),
    ),
    "like torchmetrics": ({"metrics": Lookalike}, {}, ("Metric 'lookalike' on 2 devices", "`sync`", "`add_state`")),
    "something to profile": ({}, {"profile": 3}, ("`profile` of fit", "a `Profiler`", "received 3")),
    "losses that are not reduced": (
        {"loss": lambda: keras.losses.SparseCategoricalCrossentropy(reduction=None)},
        {},
        ("`reduction`", "in fit", "a single number", "received None", '"sum_over_batch_size"'),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", RUN)
def test_options_of_a_run(case: str) -> None:
    options, given, says = RUN[case]
    net = model()
    loss = {"loss": "sparse_categorical_crossentropy", **options}
    loss = {k: v() if callable(v) else v for k, v in loss.items()}
    net.compile("adam", **loss, device="cpu", devices=2)
    refusal(lambda: net.fit(X, Y, verbose=0, **given), *says)
    net.compile("adam", "sparse_categorical_crossentropy", device="cpu")
    net.fit(X, Y, verbose=0)


@pytest.mark.parametrize("case", FIT)
def test_fit(case: str) -> None:
    given, says = FIT[case]
    net = model(devices=2)
    before = {k: v.clone() for k, v in net.state_dict().items()}
    refusal(lambda: net.fit(verbose=0, **given()), *says)
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())
    net.compile("adam", "sparse_categorical_crossentropy", device="cpu")
    net.fit(X, Y, verbose=0)
