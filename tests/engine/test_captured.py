"""A compiled call as a CUDA graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, fx

import kerastorch as keras
from kerastorch import layers
from kerastorch.engine import captured
from kerastorch.engine.captured import Captured, started
from kerastorch.engine.recording import Slots, record

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def recorded(call: Callable[..., Any], *tensors: Tensor) -> tuple[fx.GraphModule, list[Tensor]]:
    """The graph of a call, and its inputs."""
    slots = Slots(CPU)
    return record([lambda: call(*tensors)], tensors, slots), [*tensors, slots.tensor]


def test_on_a_cpu_a_call_stays_as_it_is() -> None:
    graph, inputs = recorded(lambda x, total: total.add_(x.sum()), torch.ones(2), torch.zeros(()))
    assert started(len, 1, CPU, graph, inputs) is len


@pytest.mark.parametrize(
    ("call", "elsewhere"),
    [
        (lambda x, total: total.add_(x.sum()), False),
        (lambda x, total: (total.add_(x.sum()), torch.zeros((), device="meta")), True),  # made elsewhere
    ],
)
def test_a_graph_is_captured_if_nothing_happens_elsewhere(
    call: Callable[..., Any], elsewhere: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Played with the CPU in the part of the GPU, and another device in that of the CPU."""
    monkeypatch.setitem(captured.STARTED, "cpu", Captured)
    graph, inputs = recorded(call, torch.ones(2), torch.zeros(()))
    assert isinstance(started(len, 1, CPU, graph, inputs), Captured) is not elsewhere
    assert started(len, 1, CPU, graph, [*inputs, torch.zeros((), device="meta")]) is len  # kept elsewhere
    monkeypatch.setitem(captured.STARTED, "cuda", Captured)
    assert started(len, 1, CUDA, graph, inputs) is len  # the counters of a torch optimizer lie on the host


class Places:
    """Stands for `Captured`: notes how often a graph would have to be captured anew."""

    made = 0

    def __init__(self, call: Callable[..., Any], batch: int, device: torch.device) -> None:
        self.call, self.batch, self.places = call, batch, [0]

    def __call__(self, *inputs: Tensor) -> None:
        places = [tensor.data_ptr() for tensor in inputs[self.batch :]]
        Places.made += places != self.places
        self.places = places
        self.call(*inputs)


def test_epochs_and_forgotten_figures_capture_nothing_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(captured.STARTED, "cpu", Places)
    monkeypatch.setattr(torch._inductor, "compile", lambda graph, *args, **kwargs: graph)
    monkeypatch.setattr(Places, "made", 0)
    held = []  # memory that was let go may be given again: keep it

    def forget(batch: int, logs: Any) -> None:
        held.append(torch.zeros((), dtype=torch.float64))
        if batch == 2:
            model.reset_metrics()

    histories = []
    for jit in (True, False):
        keras.utils.set_random_seed(0)
        model = classifier()
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["acc"], device="cpu", jit_compile=jit)
        watch = keras.callbacks.LambdaCallback(on_train_batch_begin=forget)
        histories.append(model.fit(X, Y, batch_size=32, epochs=4, verbose=0, callbacks=[watch]).history)
    assert Places.made == 1
    assert histories[0] == {name: pytest.approx(values, abs=1e-5) for name, values in histories[1].items()}


random = np.random.default_rng(0)
X = random.standard_normal((160, 12)).astype("float32")
Y = random.integers(0, 3, 160)


def classifier() -> Any:
    """A small classifier."""
    return keras.Sequential([keras.Input((12,)), layers.Dense(16, "relu"), layers.Dense(3, "softmax")])


def add(x: Tensor, total: Tensor) -> None:
    """A call for a graph."""
    total.add_(x.sum())


@pytest.mark.gpu
def test_a_captured_call_is_replayed() -> None:
    call, total = Captured(add, 1, CUDA), torch.zeros((), device="cuda")
    for value in range(5):
        call(torch.full((3,), float(value), device="cuda"), total)
    assert total.item() == 30.0
    other = torch.zeros((), device="cuda")
    call(torch.ones(3, device="cuda"), other)
    call(torch.ones(3, device="cuda"), other)
    assert (total.item(), other.item()) == (30.0, 6.0)


@pytest.mark.gpu
def test_random_numbers_of_a_replay_are_those_of_the_call() -> None:
    def call(x: Tensor, total: Tensor) -> None:
        total.copy_(torch.dropout(x, 0.5, True))

    drawn = []
    for way in (call, Captured(call, 1, CUDA)):
        torch.manual_seed(5)
        x, total = torch.ones(1000, device="cuda"), torch.zeros(1000, device="cuda")
        drawn.append([])
        for _ in range(4):
            way(x, total)
            drawn[-1].append(total.tolist())
    assert drawn[0] == drawn[1] and drawn[0][2] != drawn[0][3]


@pytest.mark.gpu
def test_a_call_that_cannot_be_captured_leaves_the_device_usable() -> None:
    def call(x: Tensor, total: Tensor) -> None:
        total.add_(x.sum())
        total.add_(torch.ones(3).to("cuda").sum())

    capture, total = Captured(call, 1, CUDA), torch.zeros((), device="cuda")
    capture(torch.ones(3, device="cuda"), total)
    with pytest.raises(RuntimeError, match="captur"):
        capture(torch.ones(3, device="cuda"), total)
    torch.dropout(torch.ones(3, device="cuda"), 0.5, True)
    torch.cuda.synchronize()
    assert total.item() == 6.0


@pytest.mark.gpu
def test_another_device_than_the_current_one() -> None:
    if torch.cuda.device_count() < 2:
        pytest.skip("needs two CUDA devices")
    device = torch.device("cuda", 1)
    call, total = Captured(add, 1, device), torch.zeros((), device=device)
    for _ in range(4):
        call(torch.ones(3, device=device), total)
    assert total.item() == 12.0 and torch.cuda.current_device() == 0
