"""Doors open, and nothing behind them is imported before."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kerastorch.base.doors import DOORS, door


@pytest.mark.parametrize("name", DOORS)
def test_every_door_opens(name: str) -> None:
    assert door(name).__name__ == DOORS[name][1]


def test_the_package_opens_none() -> None:
    asked = f"import sys, kerastorch; print([m for m in {sorted({m for m, _ in DOORS.values()})} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
