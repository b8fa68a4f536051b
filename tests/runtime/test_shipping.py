"""Sending objects to processes of our own."""

from __future__ import annotations

import stat
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from kerastorch.runtime import shipping

BIG = 3 * shipping.SMALL


def trip(value: Any, home: Path) -> Any:
    shipping.dump(value, home / "job.pickle")
    return shipping.load(home / "job.pickle")


def files(home: Path) -> list[str]:
    return sorted(path.name for path in home.glob("*.array"))


@pytest.mark.parametrize("dtype", ["float64", "int8", "bool", "float16", "complex64", "<U7", "datetime64[s]"])
def test_large_arrays_lie_in_files(dtype: str, tmp_path: Path) -> None:
    array = (np.arange(BIG) % 100).astype(dtype).reshape(3, -1)
    found = trip({"x": array}, tmp_path)["x"]
    assert type(found) is np.ndarray and found.dtype == array.dtype and np.array_equal(found, array)
    assert files(tmp_path) == ["job-0.array"] and (tmp_path / "job.pickle").stat().st_size < 2000


def test_an_array_is_written_once_and_is_one_again(tmp_path: Path) -> None:
    array, tensor = np.zeros(BIG), torch.ones(BIG)
    a, (b, c), d = trip((array, (array, tensor), tensor), tmp_path)
    assert a is b and c is d and len(files(tmp_path)) == 2
    a[0] = 5.0  # private to this process
    assert trip(array, tmp_path)[0] == 0.0 and shipping.load(tmp_path / "job.pickle")[0] == 0.0


def test_views_transposes_and_slices_keep_their_values(tmp_path: Path) -> None:
    array = np.arange(2.0 * BIG).reshape(2, -1)
    for view in (array.T, array[:, ::-1], array[1]):
        assert np.array_equal(trip(view, tmp_path), view)
        tensor = torch.from_numpy(np.ascontiguousarray(array)).t()
        assert torch.equal(trip(tensor, tmp_path), tensor)


def test_small_and_special_things_travel_in_the_message(tmp_path: Path) -> None:
    leaf = torch.nn.Parameter(torch.zeros(BIG))
    wide = torch.zeros(BIG, dtype=torch.bfloat16)
    objects = np.array([None] * BIG, dtype=object)
    small, half, listed = trip((np.arange(3), wide, objects), tmp_path)
    assert not files(tmp_path) and small.tolist() == [0, 1, 2]
    assert half.dtype is torch.bfloat16 and listed[0] is None
    kept = trip(leaf, tmp_path)
    assert isinstance(kept, torch.nn.Parameter) and kept.requires_grad and torch.equal(kept, leaf)


def test_a_memory_map_stays_the_user_s_file(tmp_path: Path) -> None:
    name, home = tmp_path / "data.bin", tmp_path / "home"
    home.mkdir()
    np.arange(2 * BIG, dtype="int32").tofile(name)
    mapped = np.memmap(name, "int32", "r", offset=4 * BIG, shape=(3, BIG // 3))
    found = trip(mapped, home)
    assert isinstance(found, np.memmap) and np.array_equal(found, mapped) and not files(home)
    part = trip(mapped[1:], home)
    assert np.array_equal(part, mapped[1:]) and files(home) == ["job-0.array"]


def test_what_cannot_travel_is_said(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"expected objects that can be pickled, received .*generator.*\. Open files"):
        trip((x for x in ()), tmp_path)
    assert shipping.can_travel([1]) and not shipping.can_travel(threading.Lock())


def test_without_cloudpickle_modules_code_travels_and_a_lambda_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trip(lambda: 7, tmp_path)() == 7
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    assert trip(trip, tmp_path) is trip
    with pytest.raises(ImportError, match="<lambda>' of the script.*pip install cloudpickle"):
        trip(lambda: 7, tmp_path)


def test_the_folder_is_the_user_s_alone() -> None:
    for size in (0, 1 << 60):  # the second has no room in memory
        home = shipping.folder(size)
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        home.rmdir()


def test_what_lies_on_an_accelerator_arrives_on_the_host(tmp_path: Path, monkeypatch: Any) -> None:
    """The memory of a tensor that travels within the message is made on the host, whatever device it says."""
    places: list[Any] = []
    load = torch.load
    monkeypatch.setattr(torch, "load", lambda *a, **k: places.append(k["map_location"]) or load(*a, **k))
    layer = nn.Linear(2, 1)
    shipping.dump({"layer": layer, "small": torch.ones(2)}, tmp_path / "a")
    found = shipping.load(tmp_path / "a")
    assert torch.equal(found["layer"].weight, layer.weight) and found["small"].tolist() == [1.0, 1.0]
    assert len(places) == 3 and set(places) == {"cpu"}
