from __future__ import annotations

import keras
import numpy as np
import pytest

from kerastorch.callbacks import LearningRateScheduler
from tests.callbacks.fakes import FakeModel, run


@pytest.mark.parametrize(
    "schedule",
    [lambda epoch, rate: rate * 0.5, lambda epoch: 0.1 / (epoch + 1), lambda epoch, rate=1.0: np.float32(rate)],
)
def test_rates_and_messages_are_those_of_keras(schedule, capsys: pytest.CaptureFixture[str]) -> None:
    rates, said = [], []
    for kind in (LearningRateScheduler, keras.callbacks.LearningRateScheduler):
        model = FakeModel()
        model.optimizer.learning_rate = 0.5
        run(kind(schedule, verbose=1), model, [{"loss": 1.0}] * 4)
        rates.append(float(model.optimizer.learning_rate))
        said.append(capsys.readouterr().out)
    assert rates[0] == rates[1]
    assert said[0] == said[1]


def test_the_rate_is_added_to_the_logs() -> None:
    callback, logs = LearningRateScheduler(lambda epoch: 0.25), {"loss": 1.0}
    callback.set_model(FakeModel())
    callback.on_epoch_begin(0)
    callback.on_epoch_end(0, logs)
    assert logs == {"loss": 1.0, "learning_rate": 0.25}


def test_an_error_inside_the_schedule_is_not_hidden() -> None:
    def broken(epoch, rate):
        return None + rate

    callback = LearningRateScheduler(broken)
    callback.set_model(FakeModel())
    with pytest.raises(TypeError, match="unsupported operand"):
        callback.on_epoch_begin(0)


@pytest.mark.parametrize("result", ["0.1", None, float("nan"), -1.0, True])
def test_a_schedule_gives_a_rate(result: object) -> None:
    callback = LearningRateScheduler(lambda epoch: result)
    callback.set_model(FakeModel())
    with pytest.raises(ValueError, match=r"at epoch 3.*finite number"):
        callback.on_epoch_begin(3)
    assert callback.model.optimizer.learning_rate == 0.1


def test_a_schedule_is_a_function() -> None:
    with pytest.raises(TypeError, match="`schedule`"):
        LearningRateScheduler(0.1)
