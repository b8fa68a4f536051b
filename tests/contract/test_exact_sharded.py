"""Exact resume where each rank holds a part of the weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kerastorch.runtime.launch import run_on_ranks
from kerastorch.runtime.strategies import StrategyOptions
from tests.support import exactness, sharded_jobs

CUTS = {"epoch end": (14, "epoch", 1), "mid epoch": (10, 1, 1), "mid window": (9, 1, 3)}


def _cells(strategy: Any) -> list[dict[str, Any]]:
    common = {"kind": "arrays", "shuffle": True, "dropout": True, "strategy": strategy}
    return [{"at": at, "every": every, "window": window, **common} for at, every, window in CUTS.values()]


def test_fully_sharded(tmp_path: Path) -> None:
    """Weights, averaged weights and the optimizer's state are each rank's own; statistics of batches rank 0's."""
    found = run_on_ranks(2, exactness.matrix, str(tmp_path), _cells(StrategyOptions("fsdp", {"min_size": 20})))
    assert len(found) == len(CUTS)
    for cell, pairs in found:
        assert len({one["weights"] for one, _ in pairs}) == 2, "the ranks hold different parts"
        for rank, (one, other) in enumerate(pairs):
            assert one == other, f"rank {rank}: {cell}"


def test_model_parallel_is_refused(tmp_path: Path) -> None:
    """Copies of a row's rank would each want to write that rank's part."""
    for told in run_on_ranks(2, sharded_jobs.kept_model_parallel, str(tmp_path)):
        assert told.startswith("Checkpoints of a run: expected ranks that each take rows") and "ModelCheckpoint" in told
