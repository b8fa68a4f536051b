from __future__ import annotations

import keras
import numpy as np
import pytest
import torch

from kerastorch.callbacks import CallbackList, TerminateOnNaN
from tests.callbacks.fakes import FakeModel


@pytest.mark.parametrize("loss", [0.5, float("nan"), float("inf"), -float("inf"), np.float32("nan"), None])
def test_stops_where_keras_stops(loss: object, capsys: pytest.CaptureFixture[str]) -> None:
    said, stopped = [], []
    for kind in (TerminateOnNaN, keras.callbacks.TerminateOnNaN):
        model, callback = FakeModel(), kind()
        callback.set_model(model)
        callback.on_train_batch_end(4, {"loss": loss} if loss is not None else {})
        said.append(capsys.readouterr().out)
        stopped.append(model.stop_training)
    assert said[0] == said[1]
    assert stopped[0] == stopped[1]


@pytest.mark.parametrize("loss", [float("nan"), torch.tensor(float("nan"))])
def test_it_listens_to_training_batches(loss: object) -> None:
    callbacks = CallbackList([TerminateOnNaN()], model=FakeModel())
    for hook in callbacks.train_batch_end:
        hook(0, {"loss": loss})
    assert callbacks.model.stop_training


def test_it_may_raise() -> None:
    callback = TerminateOnNaN(raise_error=True)
    with pytest.raises(RuntimeError, match="after batch 2.*received nan"):
        callback.on_batch_end(2, {"loss": float("nan")})
    callback.on_batch_end(2, {"loss": 1.0})
