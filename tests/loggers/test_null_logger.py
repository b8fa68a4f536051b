from __future__ import annotations

import pickle

from kerastorch.loggers import NullLogger
from tests.loggers.support import fill, fit, small_model


def test_everything_is_dropped(tmp_path) -> None:
    logger = NullLogger(tmp_path)
    fit(small_model(), logger)
    fill(logger)
    logger.experiment.whatever.you(1, like=2).is_fine()
    logger.log_hyperparams({"a": 1})
    assert list(tmp_path.iterdir()) == []
    assert isinstance(pickle.loads(pickle.dumps(logger)), NullLogger)
