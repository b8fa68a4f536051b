"""From `devices`, `strategy` and `num_nodes` to a strategy, in processes of every kind."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import torch

from kerastorch.runtime import strategies
from kerastorch.runtime.ddp import DataParallel
from kerastorch.runtime.launch import Launched
from kerastorch.runtime.strategies import StrategyOptions, choose_strategy
from kerastorch.runtime.strategy import SingleDevice
from kerastorch.runtime.world import LAUNCHED

RANK = {"RANK": "1", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2", "MASTER_PORT": "1"}


@pytest.fixture
def rank(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """This process is rank 1 of 4, on the first of two machines."""
    for name, value in RANK.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.parametrize("devices", [None, 1, "1", "auto", -1, [0]])
def test_one_device_is_this_process(devices: Any) -> None:
    assert type(choose_strategy(None, "cpu", devices)) is SingleDevice


@pytest.mark.parametrize("devices", [2, "2", [0, 1], (1, 0)])
def test_several_devices_are_launched_from_a_plain_process(devices: Any) -> None:
    chosen = choose_strategy("auto", "cpu", devices)
    assert type(chosen) is Launched and (chosen.ranks, chosen.world_size, chosen.rank) == (2, 1, 0)
    assert chosen.whole_graph


def test_in_a_rank_the_launching_strategy_becomes_that_of_the_rank(rank: pytest.MonkeyPatch) -> None:
    for name in RANK:
        rank.delenv(name)
    options = StrategyOptions("ddp", {"find_unused_parameters": True})
    chosen = choose_strategy(options, "cpu", 2)
    assert not chosen.whole_graph
    sent = pickle.dumps(chosen)
    for name, value in {**RANK, "WORLD_SIZE": "2", LAUNCHED: "1"}.items():
        rank.setenv(name, value)
    arrived = pickle.loads(sent)
    assert type(arrived) is DataParallel and (arrived.rank, arrived.world_size, arrived.ranks) == (1, 2, 2)
    assert arrived.options == {"find_unused_parameters": True}


@pytest.mark.parametrize("devices", [None, "auto", 2, [0, 1]])
def test_a_launcher_s_process_is_a_rank(devices: Any, rank: pytest.MonkeyPatch) -> None:
    chosen = choose_strategy("ddp", "cpu", devices, 2)
    assert type(chosen) is DataParallel and (chosen.rank, chosen.world_size) == (1, 4)
    assert chosen.device == torch.device("cpu")


def test_a_world_of_one_is_a_single_device(rank: pytest.MonkeyPatch) -> None:
    for name, value in {"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "1"}.items():
        rank.setenv(name, value)
    assert type(choose_strategy(device="cpu")) is SingleDevice


def test_a_strategy_of_one_s_own_is_taken(rank: pytest.MonkeyPatch) -> None:
    own = SingleDevice(torch.device("cpu"))
    assert choose_strategy(own, devices=7) is own


def test_gpus_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strategies, "choose_device", lambda wanted: torch.device(wanted or "cuda"))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    assert [choose_strategy(devices=d).ranks for d in ("auto", -1, 3, [1, 3])] == [4, 4, 3, 2]
    assert str(choose_strategy(devices=[3]).device) == "cuda:3" == str(choose_strategy(devices=[3, 1]).device)
    for wrong in (5, [0, 4]):
        with pytest.raises(ValueError, match="devices of the 4 of kind 'cuda' here"):
            choose_strategy(devices=wrong)
    for name, value in RANK.items():
        monkeypatch.setenv(name, value)
    assert str(choose_strategy().device) == "cuda:1" and str(choose_strategy(devices=[2, 3]).device) == "cuda:3"
