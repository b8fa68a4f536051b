"""What a run writes down, and how it is combined for another number of ranks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import kerastorch as keras
from kerastorch.checkpoint.plain import is_plain
from kerastorch.engine.resumable import Resumable, combined


class Look(keras.callbacks.Callback):
    """Captures the run after a batch."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at, self.seen = at, 0
        self.found: Any = None
        self.run: Resumable | None = None

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.seen += 1
        if self.seen == self.at:
            self.run = self.model._resumable
            assert self.run is not None
            self.found = (*self.run.capture(), self.run.about)


def captured(at: int, window: int = 1) -> Look:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dropout(0.5, seed=2)])
    model.compile("adam", "mse", metrics=["mae"], device="cpu", accumulate_grad_batches=window)
    look = Look(at)
    model.fit(np.ones((20, 4)), np.ones((20, 3)), batch_size=4, epochs=2, verbose=0, callbacks=[look])
    return look


def test_within_an_epoch_figures_and_half_a_window_are_kept() -> None:
    own, shared, about = captured(4, window=3).found
    assert about == {"epoch": 0, "batch": 4, "step": 1}
    assert set(own) == {"random", "seeds", "source", "step", "gradients", "figures"}
    assert set(own["gradients"]) == set(shared["module"]) and own["step"]["window"]["batches"] == 1
    assert set(shared) == {"run", "observer", "module", "stateful"}
    assert is_plain((own, shared))


def test_a_capture_is_a_copy() -> None:
    look = captured(2)
    module = look.found[1]["module"]
    assert not any(torch.equal(value, look.model.state_dict()[name]) for name, value in module.items())


def test_other_ranks_leave_out_what_the_first_one_writes() -> None:
    look = captured(2)
    assert look.run is not None
    own, shared = look.run.capture(whole=False)
    assert shared == {} and "module" not in own


def test_what_cannot_be_written_is_refused_by_name() -> None:
    look = captured(2)
    assert look.run is not None
    look.run.step.program.stateful = lambda: {"mine": Odd()}  # type: ignore[method-assign]
    with pytest.raises(TypeError, match=r"\['mine'\]\['state'\]\['open'\].*state_dict"):
        look.run.capture()


class Odd:
    """Has a state that is no plain value."""

    def state_dict(self) -> dict[str, Any]:
        return {"open": object()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Never called."""


def _own(gradient: float, count: float) -> dict[str, Any]:
    figures = [{"total": torch.tensor(count * 2), "count": count}, {}]
    return {"gradients": {"w": torch.full((2,), gradient)}, "figures": figures, "step": {}, "random": gradient}


def test_sums_go_to_the_first_of_another_number_of_ranks() -> None:
    owns = [_own(1.0, 4.0), _own(2.0, 3.0)]
    first, second, third = (combined(owns, rank, len(owns)) for rank in range(3))
    assert float(first["figures"][0]["total"]) == 14.0 and first["figures"][0]["count"] == 7.0
    for other in (second, third):
        assert float(other["figures"][0]["total"]) == 0.0 and other["figures"][0]["count"] == 0.0
        assert not any(float(g.abs().sum()) for g in other["gradients"].values())
    assert isinstance(first["gradients"]["w"], Tensor)
