"""A checkpoint goes on with another number of ranks: each sample once an epoch, the figures those of one rank."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastorch.checkpoint import Store
from kerastorch.runtime.launch import run_on_ranks
from tests.support import elastic
from tests.support.exactness import EPOCHS, ROWS

_cut: dict[int, Path] = {}


def _cut_on(ranks: int, home: Path, copy: Path) -> None:
    """Runs that were cut on so many ranks, in a folder of one's own."""
    if ranks not in _cut:
        folder = home / str(ranks)
        elastic.cut_all(str(folder)) if ranks == 1 else run_on_ranks(ranks, elastic.cut_all, str(folder))
        _cut[ranks] = folder
    shutil.copytree(_cut[ranks], copy)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cut")


@pytest.mark.parametrize(("before", "after"), [(2, 1), (2, 3), (2, 4), (1, 2)])
def test_another_number_of_ranks(before: int, after: int, home: Path, tmp_path: Path) -> None:
    _cut_on(before, home, tmp_path / "a")
    done = {name: Store(tmp_path / "a" / name).newest() for name in elastic.CUTS}
    if after == 1:
        found = {name: [elastic.run(name, tmp_path / "a" / name, elastic=True)] for name in elastic.CUTS}
    else:
        found = run_on_ranks(after, elastic.go_on, str(tmp_path / "a"))
    for name in elastic.CUTS:
        want = elastic.run(name, None)
        checkpoint = done[name]
        assert checkpoint is not None and checkpoint.ranks == before
        reached = (checkpoint.about["epoch"], checkpoint.about["batch"])
        assert reached > (0, 0), "something was done before the cut"
        _same_samples(want["samples"], [one["samples"] for one in found[name]], reached)
        for one in found[name]:
            assert set(one["history"]) == set(want["history"])
            for key, values in want["history"].items():
                np.testing.assert_allclose(one["history"][key], values, rtol=1e-9, err_msg=f"{name}: {key}")
            for a, b in zip(one["weights"], want["weights"], strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10, err_msg=name)


def _same_samples(want: dict[Any, list[int]], parts: list[dict[Any, list[int]]], reached: tuple[int, int]) -> None:
    """The ranks together had the batches of one rank, from where the checkpoint was."""
    for epoch in range(EPOCHS):
        assert sorted(i for (e, _), ids in want.items() if e == epoch for i in ids) == list(range(ROWS))
    for place, ids in want.items():
        if place >= reached:
            assert sorted(set().union(*(part[place] for part in parts))) == sorted(ids), place
        else:
            assert all(place not in part for part in parts), f"{place} was done again"


def test_without_elastic_it_is_refused_on_all_ranks(home: Path, tmp_path: Path) -> None:
    _cut_on(1, home, tmp_path / "a")
    told = run_on_ranks(2, elastic.refused, str(tmp_path / "a"))
    assert len(told) == 2
    for one in told:
        assert one.startswith("ValueError: The checkpoint") and "expected 2 ranks" in one and "elastic=True" in one
