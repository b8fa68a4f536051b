"""A saved state is taken by a metric that has not seen data yet."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import metrics


@pytest.mark.parametrize(
    "make",
    [
        metrics.F1Score,
        metrics.R2Score,
        lambda: metrics.F1Score(average="micro"),
        lambda: metrics.AUC(multi_label=True, num_thresholds=5),
    ],
)
def test_state_before_data(make: Any) -> None:
    first, second = make(), make()
    assert first.result().item() == 0.0
    first.update_state(torch.eye(3), torch.rand(3, 3))
    second.load_state_dict(first.state_dict())
    assert torch.equal(first.result(), second.result())
    with pytest.raises(ValueError, match="State of metric"):
        make().load_state_dict({"another": torch.zeros(3)})
