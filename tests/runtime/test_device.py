"""Names of devices."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch.runtime import device
from kerastorch.runtime.device import available, choose_device


def _machine(monkeypatch: pytest.MonkeyPatch, gpus: int = 0, mps: bool = False) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    ("gpus", "mps", "kinds"),
    [(0, False, ["cpu"]), (2, False, ["cuda", "cpu"]), (0, True, ["mps", "cpu"])],
)
def test_the_best_device_comes_first(monkeypatch: pytest.MonkeyPatch, gpus: int, mps: bool, kinds: list[str]) -> None:
    _machine(monkeypatch, gpus, mps)
    assert available() == kinds
    assert choose_device().type == choose_device("auto").type == kinds[0]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("cpu", "cpu"), ("CPU", "cpu"), (torch.device("cpu"), "cpu"), ("meta", "meta"), ("cuda", "cuda"),
        ("gpu", "cuda"), ("GPU:1", "cuda:1"), ("cuda:0", "cuda:0"), (1, "cuda:1"), (0, "cuda:0"),
    ],
)  # fmt: skip
def test_names(monkeypatch: pytest.MonkeyPatch, wanted: Any, found: str) -> None:
    _machine(monkeypatch, gpus=2)
    assert choose_device(wanted) == torch.device(found)


@pytest.mark.parametrize("wanted", ["cuda:2", "mps", 5, "xpu", -1, True, 1.5, "cpu:zero", "", object()])
def test_devices_that_are_not_there(monkeypatch: pytest.MonkeyPatch, wanted: Any) -> None:
    _machine(monkeypatch, gpus=2)
    with pytest.raises(ValueError, match="(?s)device.*xpected"):
        choose_device(wanted)


def test_a_misspelt_name_gets_a_hint() -> None:
    with pytest.raises(ValueError, match="cpu"):
        choose_device("cpuu")


def test_kinds_are_looked_up_when_asked() -> None:
    assert device.available()[-1] == "cpu"
