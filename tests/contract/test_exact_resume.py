"""A run that is cut and goes on in fresh objects comes to the same bits as one that was not: on 1, 2 and 4 ranks."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from kerastorch.runtime.launch import run_on_ranks
from tests.support import exactness

# (batches before the cut, saved every, batches to an update): at an epoch's end, within one, within a window
CUTS = {"epoch end": (14, "epoch", 1), "mid epoch": (10, 1, 1), "mid window": (9, 1, 3)}
SOURCES = ["arrays", "dataset", "loader0", "loader2", "stateful"]


def _cell(cut: str, kind: str, shuffle: bool, dropout: bool) -> dict[str, Any]:
    at, every, window = CUTS[cut]
    return {"at": at, "every": every, "kind": kind, "shuffle": shuffle, "dropout": dropout, "window": window}


@pytest.mark.filterwarnings("ignore:'set_vital' is deprecated:UserWarning")  # torchdata 0.11 on newer torch
@pytest.mark.parametrize("dropout", [False, True], ids=["", "dropout"])
@pytest.mark.parametrize("shuffle", [False, True], ids=["in order", "shuffled"])
@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("cut", CUTS)
def test_one_rank(cut: str, kind: str, shuffle: bool, dropout: bool, tmp_path: Path) -> None:
    if kind == "stateful":
        pytest.importorskip("torchdata")
    options = _cell(cut, kind, shuffle, dropout)
    at, every = options.pop("at"), options.pop("every")
    assert exactness.resumed(tmp_path / "a", at, every, **options) == exactness.whole(**options)


@pytest.mark.timeout(900)  # four ranks wait for each other at every step: on a busy machine it takes long
@pytest.mark.parametrize("ranks", [2, 4])
def test_several_ranks(ranks: int, tmp_path: Path) -> None:
    """Each rank's weights, optimizer, random numbers, history and samples; many runs in the same processes."""
    cells = [_cell(*options) for options in itertools.product(CUTS, ["arrays"], [False, True], [False, True])]
    cells += [_cell(cut, kind, True, True) for cut in CUTS for kind in ("dataset", "loader0")]
    cells += [_cell("mid window", "loader2", True, True)]
    found = run_on_ranks(ranks, exactness.matrix, str(tmp_path), cells)
    assert len(found) == len(cells)
    for cell, pairs in found:
        assert len(pairs) == ranks
        for rank, (one, other) in enumerate(pairs):
            assert one == other, f"rank {rank}: {cell}"
