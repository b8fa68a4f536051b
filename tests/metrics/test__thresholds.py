"""Counting at thresholds, against a plain comparison."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from kerastorch import metrics
from kerastorch.metrics._thresholds import parse, spread

SCORES = st.lists(st.floats(0, 1, width=32), min_size=1, max_size=20)


@given(scores=SCORES, thresholds=st.lists(st.floats(0, 1, width=32), min_size=1, max_size=6), data=st.data())
def test_every_threshold_counts_what_lies_above(
    scores: list[float], thresholds: list[float], data: st.DataObject
) -> None:
    labels = torch.tensor(data.draw(st.lists(st.booleans(), min_size=len(scores), max_size=len(scores))))
    above = torch.tensor(scores) > torch.tensor(thresholds)[:, None]
    for name, wanted in [
        ("TruePositives", above & labels),
        ("FalsePositives", above & ~labels),
        ("FalseNegatives", ~above & labels),
        ("TrueNegatives", ~above & ~labels),
    ]:
        metric = getattr(metrics, name)(thresholds=thresholds)
        metric.update_state(labels, torch.tensor(scores))
        assert metric.result().flatten().tolist() == wanted.sum(1).tolist()


def test_arguments() -> None:
    assert parse("AUC", None, 0.5) == [0.5]
    assert parse("AUC", 0.2, 0.5) == [0.2]
    assert spread(3) == [0.0, 0.5, 1.0]
