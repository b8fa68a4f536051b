"""The public names are those that were frozen: adding or removing one is a decision, written down."""

from __future__ import annotations

import importlib

from tests.policy import public_names


def test_public_names_are_the_frozen_ones() -> None:
    now, frozen = public_names.collect(), public_names.FROZEN.read_text(encoding="utf-8").split()
    added, removed = sorted(set(now) - set(frozen)), sorted(set(frozen) - set(now))
    assert not added and not removed, (
        f"added {added}, removed {removed}. If this is meant: python tests/policy/public_names.py --write"
    )


def test_public_names_are_there() -> None:
    missing = []
    for name in public_names.collect():
        module, _, attribute = name.rpartition(".")
        if not hasattr(importlib.import_module(module), attribute):
            missing.append(name)
    assert not missing, missing
