"""Figures are fetched when somebody reads them, once, and in one transfer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from kerastorch.engine.logs import LazyLogs, fetch


def test_fetch_gives_floats_sorted_by_name() -> None:
    values = {"loss": torch.tensor(0.5), "c": 2, "acc": torch.tensor([0.25]), "b": {"a": torch.tensor(3)}}
    fetched = fetch(values)
    assert list(fetched.items()) == [("a", 3.0), ("acc", 0.25), ("c", 2.0), ("loss", 0.5)]
    assert {type(v) for v in fetched.values()} == {float}


def test_fetch_keeps_float64_and_large_counts() -> None:
    third = torch.tensor(1 / 3, dtype=torch.float64)
    assert fetch({"a": third, "n": torch.tensor(2**40 + 1)}) == {"a": 1 / 3, "n": 2.0**40 + 1}


def test_fetch_makes_arrays_of_what_is_not_a_scalar() -> None:
    fetched = fetch({"matrix": torch.eye(2, requires_grad=True), "text": "as it is"})
    np.testing.assert_array_equal(fetched["matrix"], np.eye(2))
    assert fetched["text"] == "as it is"


def test_scalars_come_in_one_transfer(monkeypatch: pytest.MonkeyPatch) -> None:
    transfers = []
    plain = torch.Tensor.tolist
    monkeypatch.setattr(torch.Tensor, "tolist", lambda self: transfers.append(self.shape) or plain(self))
    fetch({str(i): torch.tensor(float(i)) for i in range(5)})
    assert transfers == [(5,)]


@pytest.mark.parametrize(
    "read",
    [
        lambda logs: logs["loss"],
        lambda logs: logs.get("loss"),
        lambda logs: next(iter(logs)),
        len,
        lambda logs: "loss" in logs,
        repr,
        lambda logs: list(logs.keys()),
        lambda logs: list(logs.values()),
        lambda logs: list(logs.items()),
        lambda logs: logs.copy(),
        lambda logs: {**logs},
        dict,
        lambda logs: logs == {"loss": 1.0},
        lambda logs: logs | {"b": 2.0},
        lambda logs: {"b": 2.0} | logs,
        lambda logs: list(reversed(logs)),
        lambda logs: logs.pop("loss"),
        lambda logs: logs.setdefault("loss", 7.0),
        bool,
    ],
)
def test_every_way_of_reading_fetches(read: Callable[[Any], Any]) -> None:
    calls: list[int] = []
    logs = LazyLogs(lambda: calls.append(1) or {"loss": torch.tensor(1.0)})
    assert not calls
    answer = read(logs)
    assert calls == [1]
    assert answer == read({"loss": 1.0})


def test_figures_are_computed_once_until_renewed() -> None:
    state = {"loss": 1.0}
    calls: list[int] = []
    logs = LazyLogs(lambda: calls.append(1) or state)
    assert logs["loss"] == 1.0 and logs["loss"] == 1.0 and len(calls) == 1
    state["loss"] = 2.0
    assert logs["loss"] == 1.0
    logs.renew()
    assert len(calls) == 1
    assert logs["loss"] == 2.0 and len(calls) == 2


def test_a_figure_that_is_gone_is_gone() -> None:
    state = {"loss": 1.0, "extra": 2.0}
    logs = LazyLogs(lambda: state)
    assert set(logs) == {"loss", "extra"}
    del state["extra"]
    logs.renew()
    assert set(logs) == {"loss"}


def test_a_callback_may_add_a_figure() -> None:
    logs = LazyLogs(lambda: {"loss": 1.0})
    logs["lr"] = 0.5
    assert dict(logs) == {"loss": 1.0, "lr": 0.5}
    logs.renew()
    logs.update(extra=2.0)
    assert dict(logs) == {"loss": 1.0, "extra": 2.0}
