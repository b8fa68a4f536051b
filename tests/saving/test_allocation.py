"""A config cannot ask for more memory than its weights suggest."""

from __future__ import annotations

import pytest
import torch

from kerastorch.saving.allocation import AllocationLimit


def test_what_fits_is_made() -> None:
    with AllocationLimit(1000, "a file"):
        assert torch.randn(100, 100).shape == (100, 100)
        torch.empty(10**12, device="meta")


@pytest.mark.parametrize(
    "make", [lambda: torch.empty(10**9), lambda: torch.zeros(2**20, 2**20), lambda: torch.arange(10**10)]
)
def test_too_much_is_refused_before_it_is_made(make: object) -> None:
    with AllocationLimit(1000, "a file"), pytest.raises(ValueError, match="a file: expected layers that need at most"):
        make()  # type: ignore[operator]


def test_many_small_ones_are_too_much_together() -> None:
    with AllocationLimit(0, "a file"), pytest.raises(ValueError, match="weights file suggests"):
        for _ in range(20):
            torch.empty(2**25)
