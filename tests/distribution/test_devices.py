"""Devices by name, and processes that say who they are."""

from __future__ import annotations

import keras
import pytest
import torch

from kerastorch import distribution
from kerastorch.runtime.world import World


def test_a_machine_has_one_cpu() -> None:
    assert distribution.list_devices("cpu") == ["cpu:0"] and distribution.get_device_count("CPU") == 1
    if not torch.cuda.is_available():
        assert distribution.list_devices() == ["cpu:0"] and distribution.list_devices("gpu") == []
    with pytest.raises(ValueError, match="Unknown device_type"):
        distribution.list_devices("abacus")


def test_a_run_of_several_processes_has_a_device_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "3")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "3")
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert distribution.list_devices("cpu") == ["cpu:0", "cpu:1", "cpu:2"]


def test_a_process_notes_who_it_is() -> None:
    noted: dict[str, str] = {}
    distribution.initialize("a:1,b:2,b:3", 3, 2, environment=noted)
    assert World.here(noted) == World(2, 3, 1, 2, ("a", 1))
    given = {"KERAS_DISTRIBUTION_JOB_ADDRESSES": "a:1", "KERAS_DISTRIBUTION_NUM_PROCESSES": "2"}
    given["KERAS_DISTRIBUTION_PROCESS_ID"] = "1"
    distribution.initialize(environment=given)
    assert World.here(given) == World(1, 2, 0, 1, ("a", 1))
    empty: dict[str, str] = {}
    distribution.initialize(environment=empty)
    assert not empty


@pytest.mark.parametrize(
    "args",
    [("a:1", 2, None), (None, 2, 0), ("a:1", 2, 2), ("a", 2, 0), ("a:1,b:2", 3, 0), ("a:1", 0, 0), ("a:1", 2, -1)],
)
def test_what_is_missing_or_wrong_is_refused(args: tuple[object, ...]) -> None:
    with pytest.raises(ValueError, match="initialize"):
        distribution.initialize(*args, environment={})  # type: ignore[arg-type]


def test_keras_has_the_same_names() -> None:
    theirs = {name for name in dir(keras.distribution) if not name.startswith("_")}
    assert theirs <= set(dir(distribution))
