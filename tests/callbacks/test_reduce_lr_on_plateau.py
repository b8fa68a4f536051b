from __future__ import annotations

import keras
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastorch.callbacks import ReduceLROnPlateau
from tests.callbacks.fakes import FakeModel, FakeOptimizer, run


@given(
    st.lists(st.sampled_from([0.1, 0.15, 0.2, 0.5, float("nan")]), min_size=1, max_size=15),
    st.fixed_dictionaries(
        {
            "mode": st.sampled_from(["min", "max"]),
            "factor": st.sampled_from([0.5, 0.1]),
            "patience": st.integers(0, 3),
            "min_delta": st.sampled_from([1e-4, 0.07]),
            "cooldown": st.integers(0, 3),
            "min_lr": st.sampled_from([0.0, 0.02, 0.1]),
        }
    ),
)
def test_decisions_are_those_of_keras(values: list[float], options: dict) -> None:
    logs = [{"val_loss": value} for value in values]
    ours, theirs = ReduceLROnPlateau(**options), keras.callbacks.ReduceLROnPlateau(**options)
    model, other = FakeModel(), FakeModel()
    run(ours, model, logs)
    run(theirs, other, logs)
    assert model.optimizer.learning_rate == pytest.approx(other.optimizer.learning_rate, rel=1e-6)
    for name in ("wait", "cooldown_counter", "best"):
        assert repr(getattr(ours, name)) == repr(getattr(theirs, name)), name


def test_the_rate_is_added_to_the_logs_and_the_change_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    callback = ReduceLROnPlateau("loss", factor=0.5, patience=1, verbose=1)
    model = FakeModel()
    model.optimizer.learning_rate = 0.5
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch in range(3):
        logs = {"loss": 1.0}
        callback.on_epoch_end(epoch, logs)
        rates.append(logs["learning_rate"])
    assert rates == [0.5, 0.5, 0.25]
    out = capsys.readouterr().out
    assert "\nEpoch 2: ReduceLROnPlateau reducing learning rate to 0.25.\n" in out


def test_several_optimizers_are_all_reduced(capsys: pytest.CaptureFixture[str]) -> None:
    model = FakeModel()
    model.optimizer = FakeOptimizer()
    model.optimizer.optimizers = [FakeOptimizer(0.5), FakeOptimizer(0.25)]
    for name, part in zip("ab", model.optimizer.optimizers, strict=True):
        part.name = name
    callback = ReduceLROnPlateau("loss", factor=0.5, patience=1, verbose=1)
    run(callback, model, [{"loss": 1.0}] * 2)
    assert [part.learning_rate for part in model.optimizer.optimizers] == [0.25, 0.125]
    assert "reducing b learning rate to 0.125." in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [{"factor": 1.0}, {"factor": -0.1}, {"patience": -1}, {"cooldown": None}])
def test_bad_arguments(wrong: dict) -> None:
    with pytest.raises(ValueError, match=f"`{next(iter(wrong))}` of ReduceLROnPlateau"):
        ReduceLROnPlateau(**wrong)
