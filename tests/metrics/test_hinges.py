"""The hinge metrics beside Keras."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize("name", ["Hinge", "SquaredHinge", "CategoricalHinge"])
@pytest.mark.parametrize("shapes", [((6, 3), (6, 3)), ((6, 3), (6, 3), (6,))])
@pytest.mark.parametrize("signed", [False, True])
def test_beside_keras(compare: Any, draw: Any, name: str, shapes: Any, signed: bool) -> None:
    batches = [((b[0] > 0.5).float() * (2.0 if signed else 1.0) - float(signed), *b[1:]) for b in draw(*shapes)]
    compare(name, {}, batches)
