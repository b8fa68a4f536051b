"""Structures of tensors."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from typing import Any

import pytest
import torch

from kerastorch.lightning.moving import apply, move, rows

Pair = namedtuple("Pair", "a b")


@dataclass
class Sample:
    x: Any
    name: str


def test_all_kinds_of_structures() -> None:
    one = torch.ones(2)
    given = {"p": Pair(one, 3), "s": Sample(one, "n"), "o": OrderedDict(k=(one, [one, None]))}
    found = apply(given, lambda leaf: leaf * 2)
    assert isinstance(found["p"], Pair) and found["p"].b == 3 and found["p"].a.tolist() == [2.0, 2.0]
    assert isinstance(found["s"], Sample) and found["s"].name == "n" and found["s"].x.sum() == 4
    assert isinstance(found["o"], OrderedDict) and found["o"]["k"][1][1] is None


def test_what_has_a_to_is_moved() -> None:
    class Own:
        def to(self, device: Any, **options: Any) -> str:
            return f"on {device} {options}"

    assert move([Own()], torch.device("cpu")) == ["on cpu {}"]
    assert move([Own()], torch.device("meta")) == ["on meta {'non_blocking': True}"]
    assert move({"a": torch.ones(1)}, torch.device("meta"))["a"].is_meta


@pytest.mark.parametrize(
    "batch", [torch.ones(4, 2), ("text", {"x": torch.ones(4)}), Sample(torch.ones(4), "")], ids=str
)
def test_rows(batch: Any) -> None:
    assert rows(batch) == 4


def test_rows_of_nothing() -> None:
    assert rows([torch.tensor(3.0)]) == 1
    with pytest.raises(ValueError, match="batch_size=n"):
        rows(["text"])
