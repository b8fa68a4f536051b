"""Updates are made as often as under real Lightning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import kerastorch.lightning as pl
from tests.lightning import parity


def scheduler(lib: Any) -> Any:
    return lib.callbacks.GradientAccumulationScheduler({1: 4, 2: 2})


def test_updates_by_epoch(tmp_path: Path) -> None:
    own, real = parity.run_both(
        parity.classifier, tmp_path, parity.data, lambda: parity.data(8), max_epochs=4, callbacks=[scheduler]
    )
    parity.check_equal(own, real)
    assert own[1].global_step == 6 + 2 + 3 + 3


@pytest.mark.parametrize("wrong", [{}, {-1: 2}, {0: 0}, {"0": 1}, {0: 1.5}], ids=str)
def test_wrong_schedules(wrong: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="scheduling"):
        pl.callbacks.GradientAccumulationScheduler(wrong)


def test_a_flag_beside_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="accumulate_grad_batches"):
        parity.run(
            pl, parity.classifier, tmp_path, parity.data(), max_epochs=1, accumulate_grad_batches=2,
            callbacks=[scheduler],
        )  # fmt: skip
