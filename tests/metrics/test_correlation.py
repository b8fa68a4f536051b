"""Correlations beside Keras."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize("shapes", [((6, 5), (6, 5)), ((6, 5), (6, 5), (6,))])
@pytest.mark.parametrize("name", ["PearsonCorrelation", "ConcordanceCorrelation"])
def test_beside_keras(compare: Any, draw: Any, name: str, shapes: Any) -> None:
    compare(name, {}, draw(*shapes), rtol=1e-5)
    compare(name, {"axis": 1}, draw(*shapes), rtol=1e-5)
