"""The methods; what is behind them has its tests in tests/lightning/bridge and tests/convert."""

from __future__ import annotations

import pytest
import torch

import kerastorch as keras


def _model() -> keras.Model:
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])


def test_to_lightning_holds_the_model() -> None:
    model = _model()
    model.compile(loss="mse")
    module = model.to_lightning()
    assert module.model is model
    assert all(a is b for a, b in zip(module.parameters(), model.parameters(), strict=True))


def test_an_uncompiled_model_is_refused() -> None:
    for wrong in (_model(), keras.Model(torch.nn.Linear(1, 1))):
        with pytest.raises(ValueError, match=r"`to_lightning` of model .*model.compile\(optimizer="):
            wrong.to_lightning()


def test_from_lightning_refuses_what_is_none() -> None:
    with pytest.raises(TypeError, match="expected a LightningModule"):
        keras.Model.from_lightning(_model())
