from __future__ import annotations

import keras
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kerastorch.callbacks import EarlyStopping
from tests.callbacks.fakes import FakeModel, run

NAN = float("nan")
VALUES = st.lists(st.sampled_from([0.1, 0.2, 0.25, 0.3, 0.5, 1.0, NAN]), min_size=1, max_size=12)


@given(
    VALUES,
    st.fixed_dictionaries(
        {
            "mode": st.sampled_from(["min", "max"]),
            "patience": st.integers(0, 3),
            "min_delta": st.sampled_from([0, 0.07, -0.07, 0.3]),
            "baseline": st.sampled_from([None, 0.15, 0.4]),
            "restore_best_weights": st.booleans(),
            "start_from_epoch": st.integers(0, 4),
        }
    ),
)
def test_decisions_are_those_of_keras(values: list[float], options: dict) -> None:
    logs = [{"val_loss": value} for value in values]
    ours, theirs = EarlyStopping(**options), keras.callbacks.EarlyStopping(**options)
    model, other = FakeModel(), FakeModel()
    for _ in range(2):  # an instance may be used again
        model.stop_training = other.stop_training = False
        assert run(ours, model, logs) == run(theirs, other, logs)
        for name in ("wait", "best", "best_epoch", "stopped_epoch"):
            assert repr(getattr(ours, name)) == repr(getattr(theirs, name)), name
        assert torch.equal(model.weight, other.weight)


def test_messages_are_those_of_keras(capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for kind in (EarlyStopping, keras.callbacks.EarlyStopping):
        run(kind(verbose=1, restore_best_weights=True), FakeModel(), [{"val_loss": v} for v in (0.2, 0.1, 0.3)])
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    assert "Epoch 3: early stopping" in said[0]


def test_the_best_weights_stay_in_the_same_memory() -> None:
    model, callback = FakeModel(), EarlyStopping(restore_best_weights=True)
    callback.set_model(model)
    callback.on_train_begin()
    callback.on_epoch_end(0, {"val_loss": 2.0})
    kept = callback.best_weights["weight"]
    assert kept.data_ptr() != model.weight.data_ptr()
    model.set(5.0)
    callback.on_epoch_end(1, {"val_loss": 1.0})
    assert callback.best_weights["weight"].data_ptr() == kept.data_ptr()
    assert kept.tolist() == [5.0] * 3


def test_state_that_is_no_tensor_is_kept_and_restored() -> None:
    class WithExtra(FakeModel):
        def __init__(self) -> None:
            super().__init__()
            self.extra = {"count": [1]}

        def get_extra_state(self):
            return self.extra

        def set_extra_state(self, state):
            self.extra = state

    model, callback = WithExtra(), EarlyStopping(restore_best_weights=True)
    callback.set_model(model)
    callback.on_train_begin()
    callback.on_epoch_end(0, {"val_loss": 1.0})
    model.extra["count"].append(2)
    callback.on_epoch_end(1, {"val_loss": 2.0})
    callback.on_train_end()
    assert model.extra == {"count": [1]}


@pytest.mark.parametrize("wrong", [{"mode": "up"}, {"patience": -1}, {"start_from_epoch": -1}, {"min_delta": "0"}])
def test_bad_arguments(wrong: dict) -> None:
    with pytest.raises(ValueError, match=f"`{next(iter(wrong))}` of EarlyStopping"):
        EarlyStopping(**wrong)
