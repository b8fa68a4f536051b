"""The state of a step, found, copied and brought back."""

from __future__ import annotations

import torch

import kerastorch as keras
from kerastorch.engine.hidden import Before, State, accumulators


def _trained() -> keras.Model:
    layers = [keras.Input((4,)), keras.layers.BatchNormalization(), keras.layers.Dense(2)]
    model = keras.Sequential(layers)
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(torch.rand(8, 4), torch.rand(8, 2), batch_size=4, verbose=0)
    return model


def test_all_accumulators_are_found() -> None:
    assert {one.name for one in accumulators(_trained()._program)} == {"loss", "compile_metrics", "mae"}


def test_state_is_brought_back() -> None:
    model = _trained()
    state = State(model._program, model.optimizer, torch.device("cpu"))
    wanted, loss, updates = state.values(), model._program.objective.tracker.count, model.optimizer.iterations
    snapshot, drawn = Before(state), torch.rand(1)
    model.fit(torch.rand(8, 4), torch.rand(8, 2), batch_size=2, verbose=0)
    state = State(model._program, model.optimizer, torch.device("cpu"))
    assert not torch.equal(state.values()[0], wanted[0])
    snapshot.restore()
    assert model.optimizer.iterations == updates
    assert model._program.objective.tracker.count == loss
    # the sums of an epoch are other tensors in the next one
    kept = [(n, t) for n, t in zip(state.names, wanted, strict=True) if "figure `loss`" not in n]
    now = [(n, t) for n, t in zip(state.names, state.values(), strict=True) if "figure `loss`" not in n]
    assert [n for n, _ in kept] == [n for n, _ in now]
    assert all(torch.equal(a, b) for (_, a), (_, b) in zip(kept, now, strict=True))
    assert torch.equal(torch.rand(1), drawn)


def test_names_say_what_a_tensor_is() -> None:
    model = _trained()
    names = State(model._program, model.optimizer, torch.device("cpu")).names
    assert {"the parameters", "the state of the optimizer", "the optimizer's counters"} <= set(names)
    assert "the figure `mae`" in names
    assert any("moving_mean" in name or "running_mean" in name for name in names)
