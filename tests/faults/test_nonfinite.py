"""A NaN or an infinity on one rank ends the run on all, before the update, and is explained."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kerastorch as keras
from kerastorch import layers
from kerastorch.runtime.launch import run_on_ranks
from tests.support import nonfinite_jobs as jobs
from tests.support.faults import record, trials

ROW = "NaN or Inf on one rank"
TOGETHER = 5  # trials in one start of two ranks


@pytest.mark.parametrize("group", trials(ROW, 1, 20))
def test_all_ranks_stop_at_the_same_update(group: int) -> None:
    seeds = list(range(group * TOGETHER, (group + 1) * TOGETHER))
    for seed, ranks in zip(seeds, run_on_ranks(2, jobs.trials, seeds), strict=True):
        held = False
        try:
            check(jobs.plan_of(seed), ranks)
            held = True
        finally:
            record(ROW, max(rank["seconds"] for rank in ranks), held)


def check(plan: dict[str, Any], ranks: list[dict[str, Any]]) -> None:
    text = ranks[0]["told"]
    assert text is not None and all(rank["told"] == text for rank in ranks), (plan, ranks)
    assert all(rank["same"] for rank in ranks), (plan, ranks)
    found = re.search(r"in epoch 0, batch (\d+), step (\d+), rank (\d)", text)
    assert found is not None, text
    batch, step, rank = map(int, found.groups())
    kind, sample = plan["kind"], plan["sample"]
    ended = batch if kind == "gradient" else last_of_window(batch, plan["accumulate"])
    assert [r["batches"] for r in ranks] == [ended] * 2 and step == ranks[0]["updates"], (plan, text)
    assert step == batch // plan["accumulate"]
    if plan["source"] == "generator" or not plan["shuffle"]:  # the order is known here too
        assert ended == last_of_window(sample // 8, plan["accumulate"]), (plan, text)
        if kind != "gradient":
            assert (batch, rank) == (sample // 8, sample % 8 // 4), (plan, text)
            assert f"in row {sample % 4} of the batch" in text
    if kind == "gradient":
        assert "gradients that are not finite" in text and "the gradient of parameter" in text, text
        return
    where = {"x": "the input `x`", "y": "the target `y`", "layer": "the output of layer 'root' (Root)"}[kind]
    assert where in text, (plan, text)
    assert (f"(sample {sample} of the data)" in text) == (plan["source"] != "generator"), (plan, text)


def last_of_window(batch: int, accumulate: int) -> int:
    """The batch (of 6) whose step makes the update that a batch belongs to."""
    return min((batch // accumulate + 1) * accumulate - 1, 5)


def test_ranks_that_fit_starts_itself() -> None:
    """The process that holds the model is told the same, and its model trains on."""
    random = np.random.default_rng(0)
    x, y = random.normal(size=(16, 3)), random.normal(size=(16, 1))
    bad = x.copy()
    bad[13] = np.inf
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse", device="cpu", devices=2)
    before = model.get_weights()
    options: dict[str, Any] = {"batch_size": 8, "shuffle": False, "verbose": 0, "on_nonfinite": "raise"}
    with pytest.raises(
        FloatingPointError, match=r"batch 1, step 1, rank 1 .*`x`, in row 1 .*\(sample 13 of the data\)"
    ):
        model.fit(bad, y, check_data=False, **options)
    assert all(map(np.array_equal, model.get_weights(), before))


def test_the_checkpoint_before_is_kept(tmp_path: Path) -> None:
    """The run ends; what it saved is good, and goes on when the data are."""
    random = np.random.default_rng(0)
    x, y = random.normal(size=(40, 3)), random.normal(size=(40, 1))
    bad = x.copy()
    bad[29] = np.nan
    options: dict[str, Any] = {
        "batch_size": 8, "shuffle": False, "verbose": 0, "epochs": 2, "on_nonfinite": "raise", "check_data": False,
    }  # fmt: skip
    found = []
    for folder in (None, tmp_path):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((3,)), layers.Dense(4), layers.BatchNormalization(), layers.Dense(1)])
        model.compile("adam", "mse", device="cpu")
        if folder is not None:
            with pytest.raises(FloatingPointError, match=r"batch 3, step 3.*sample 29"):
                model.fit(bad, y, checkpoint_dir=folder, save_every=1, **options)
            options |= {"checkpoint_dir": folder, "resume": "auto", "save_every": 1}
        model.fit(x, y, **options)
        found.append(model.get_weights())
    assert all(map(np.array_equal, *found))
