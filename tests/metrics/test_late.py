"""Metrics that make their variables when they first see data."""

from __future__ import annotations

import pytest
import torch

from kerastorch import metrics
from kerastorch.metrics._late import LateMetric


def _data(columns: int) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    return torch.rand(8, columns, generator=random).round(), torch.rand(8, columns, generator=random)


@pytest.mark.parametrize(
    "make", [lambda: metrics.F1Score(), lambda: metrics.R2Score(), lambda: metrics.AUC(multi_label=True)]
)
@pytest.mark.parametrize("columns", [1, 3])
def test_a_saved_state_builds_a_fresh_metric(make, columns: int) -> None:  # type: ignore[no-untyped-def]
    seen, fresh = make(), make()
    assert isinstance(fresh, LateMetric) and not fresh._built
    seen.update_state(*_data(columns))
    fresh.load_state_dict(seen.state_dict())
    torch.testing.assert_close(torch.as_tensor(fresh.result()), torch.as_tensor(seen.result()))


def test_a_state_of_another_width_is_refused() -> None:
    built, other = metrics.F1Score(), metrics.F1Score()
    built.update_state(*_data(2))
    other.update_state(*_data(3))
    before = built.result().tolist()
    with pytest.raises(ValueError, match="(?s)xpected.*eceived"):
        built.load_state_dict(other.state_dict())
    assert built.result().tolist() == before


def test_the_base_does_not_know_how_to_build() -> None:
    with pytest.raises(NotImplementedError):
        LateMetric(name="late")._build(1)
