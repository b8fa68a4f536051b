"""The best of one rate under a constraint on another, beside Keras."""

from __future__ import annotations

from typing import Any

import pytest

from kerastorch import metrics

NAMES = {
    "SensitivityAtSpecificity": "specificity",
    "SpecificityAtSensitivity": "sensitivity",
    "PrecisionAtRecall": "recall",
    "RecallAtPrecision": "precision",
}


@pytest.mark.parametrize("more", [{}, {"num_thresholds": 1}, {"num_thresholds": 7}, {"class_id": 1}])
@pytest.mark.parametrize("shapes", [((9, 3), (9, 3)), ((9, 3), (9, 3), (9,))])
@pytest.mark.parametrize("name", NAMES)
def test_beside_keras(compare: Any, draw: Any, name: str, shapes: Any, more: Any) -> None:
    batches = [((b[0] > 0.5).float(), *b[1:]) for b in draw(*shapes)]
    compare(name, {NAMES[name]: 0.4, **more}, batches)


@pytest.mark.parametrize("name", NAMES)
def test_bad_arguments(name: str) -> None:
    cls = getattr(metrics, name)
    for value in (-0.1, 1.5, "0.5"):
        with pytest.raises(ValueError, match=f"`{NAMES[name]}` of {name}"):
            cls(value)
    with pytest.raises(ValueError, match="`num_thresholds`"):
        cls(0.5, num_thresholds=0)
