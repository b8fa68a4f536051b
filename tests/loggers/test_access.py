from __future__ import annotations

import logging

import torch

from kerastorch.callbacks import CallbackList, History
from kerastorch.loggers import CSVLogger, NullLogger, TensorBoardLogger
from kerastorch.loggers.access import give_logger
from tests.loggers.support import small_model


def test_the_first_one_is_the_models(tmp_path) -> None:
    model, first, second = small_model(), TensorBoardLogger(tmp_path), CSVLogger(tmp_path)
    give_logger(model, CallbackList([History(), first, second]).callbacks)
    assert model.logger is first
    assert model.loggers == [first, second]
    give_logger(model, [second])
    assert model.logger is second


def test_nobody_logs_on_other_ranks(tmp_path) -> None:
    model = small_model()
    give_logger(model, CallbackList([TensorBoardLogger(tmp_path)], rank=1).callbacks)
    assert isinstance(model.logger, NullLogger)
    model.logger.add_image("a", torch.zeros(2, 2))
    assert list(tmp_path.iterdir()) == []


def test_the_users_own_attribute_stays() -> None:
    model = small_model()
    model.logger = own = logging.getLogger("mine")
    give_logger(model, [NullLogger()])
    assert model.logger is own
