"""The exponential average is real Lightning's, bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.lightning import parity

SETTINGS: dict[str, dict[str, Any]] = {
    "every": {"decay": 0.8},
    "some": {"decay": 0.9, "update_every_n_steps": 2, "update_starting_at_step": 3},
    "epochs": {"decay": 0.5, "update_every_n_steps": 0, "update_starting_at_epoch": 1, "use_buffers": False},
}


@pytest.mark.parametrize("options", SETTINGS.values(), ids=SETTINGS)
def test_the_same_average(options: dict[str, Any], tmp_path: Path) -> None:
    own, real = parity.run_both(
        parity.classifier, tmp_path, lambda: parity.data(40), lambda: parity.data(16), max_epochs=3,
        callbacks=[lambda lib: lib.callbacks.EMAWeightAveraging(**options)],
    )  # fmt: skip
    parity.check_equal(own, real)
    for found, wanted in zip(own[0].parameters(), real[0].parameters(), strict=True):
        assert torch.equal(found, wanted)
