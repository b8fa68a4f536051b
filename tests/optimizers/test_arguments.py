from __future__ import annotations

from typing import Any

import pytest

from kerastorch.optimizers import arguments


@pytest.mark.parametrize("value", [0, 0.5, 1, 1.0])
def test_good_numbers(value: float) -> None:
    arguments.check_number("x", value, 0.0, 1.0)
    arguments.check_number("x", None, 0.0, optional=True)


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), "0.5", None, True, [0.5]])
def test_bad_numbers(value: Any) -> None:
    with pytest.raises(ValueError, match=r"`x`: expected a number in \[0, 1\], received"):
        arguments.check_number("x", value, 0.0, 1.0)


def test_an_open_end() -> None:
    with pytest.raises(ValueError, match=r"in \[0, 1\), received 1"):
        arguments.check_number("x", 1.0, 0.0, 1.0, below_high=True)


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "2"])
def test_bad_counts(value: Any) -> None:
    with pytest.raises(ValueError, match="`n`: expected an integer >= 1 or None"):
        arguments.check_count("n", value, least=1)


def test_one_way_of_clipping() -> None:
    arguments.check_one_clip(clipnorm=None, clipvalue=1.0)
    with pytest.raises(ValueError, match="only one of"):
        arguments.check_one_clip(clipnorm=1.0, clipvalue=1.0)
