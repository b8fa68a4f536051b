"""Faults on the way to the disk and on it: real kills, a real full disk, bits that really flip."""

from __future__ import annotations

import errno
import gc
import os
import random
import shutil
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from kerastorch.checkpoint import Checkpoint, Saver, Store
from kerastorch.checkpoint.files import DamagedError
from kerastorch.checkpoint.lock import BusyError
from kerastorch.checkpoint.plain import to_plain
from tests.support import faults
from tests.support.disks import disk
from tests.support.forks import Fork


def _write(store: Store, step: int, size: int) -> None:
    shared = {"model": {"w": torch.full((size,), float(step)), "b": torch.full((3,), float(step))}, "history": [step]}
    store.write({"step": step, "rng": torch.arange(step, step + 600)}, shared, {"step": step})


def _step(found: Checkpoint | None) -> int:
    """The step of a checkpoint, once all that is in it says the same."""
    assert found is not None
    step, shared, own = found.about["step"], found.shared(), found.own(0)
    assert own["step"] == step and torch.equal(own["rng"], torch.arange(step, step + 600))
    assert shared["history"] == [step] and all(bool((part == step).all()) for part in shared["model"].values())
    return int(step)


# -- kill -9 inside a save ------------------------------------------------------------------------------------------


def _save_for_ever(tell: Any, folder: Path, size: int) -> None:
    store = Store(folder)
    store.open()
    found = store.newest()
    step = 0 if found is None else _step(found)
    while True:
        step += 1
        _write(store, step, size)
        tell(step)


@pytest.mark.parametrize("number", faults.trials("killed inside a save"))
def test_killed_inside_a_save(tmp_path: Path, number: int) -> None:
    """After each of three kills in a row there is the last checkpoint that was reported, or the one begun after it."""
    chance, size = random.Random(number), 10 ** (1 + number % 5)
    last = 0
    for _ in range(3):
        with Fork(_save_for_ever, tmp_path / "run", size) as child:
            first = int(child.hear())
            time.sleep(chance.uniform(0, 0.03))
            child.kill()
            with faults.trial("killed inside a save"):
                acknowledged = max([first, *map(int, child.hear_all())])
                store = Store(tmp_path / "run")
                assert first == last + 1 and _step(store.newest()) in (acknowledged, acknowledged + 1)
                store.open()
                assert store.lock.left_by is not None and store.lock.left_by["pid"] == child.pid
                assert not [path for path in store.folder.iterdir() if path.name.startswith(".")]
                last = _step(store.newest())
                assert last in (acknowledged, acknowledged + 1)
                store.close()


# -- no room --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", faults.trials("disk full, read-only or missing"))
def test_a_full_disk(tmp_path: Path, number: int) -> None:
    """The error names path and bytes, the old checkpoint loads, and once there is room the run may go on."""
    chance = random.Random(number)
    room, large = chance.randrange(64, 1500) * 1024, chance.randrange(200_000, 500_000)
    with disk(tmp_path / "disk", room) as home:
        filler, store = home / "filler", Store(home / "run")
        store.open()
        try:
            _write(store, 1, chance.randrange(1, 2000))
            filler.write_bytes(bytes(chance.randrange(0, shutil.disk_usage(home).free // 2 + 1)))
            with faults.trial("disk full, read-only or missing"):
                with pytest.raises(OSError) as caught:
                    for step in range(2, 20):
                        _write(store, step, large)
                assert caught.value.errno == errno.ENOSPC
                assert str(store.folder) in str(caught.value) and "bytes written so far" in str(caught.value)
                assert _step(store.newest()) == step - 1
                assert not [path for path in store.folder.iterdir() if path.name.startswith(".")]
            filler.unlink()
            _write(store, step, 10)
            assert _step(store.newest()) == step
        finally:
            store.close()


@pytest.mark.parametrize("free", [0, 1, 2, 3])
def test_a_disk_that_is_full_before_the_first_batch(tmp_path: Path, free: int) -> None:
    """With so many pages free, opening or the first save says so."""
    with disk(tmp_path / "disk", 1 << 20) as home:
        (home / "run").mkdir()
        with open(home / "filler", "wb", buffering=0) as file:
            while file.write(bytes(4096)) == 4096 and shutil.disk_usage(home).free > free * 4096:
                pass
        store = Store(home / "run")
        with faults.trial("disk full, read-only or missing"):
            with pytest.raises(OSError, match=r"No space left") as caught:
                store.open()
                _write(store, 1, 10_000)
            assert str(store.folder) in str(caught.value) and "bytes written so far" in str(caught.value)
        store.close()


# -- bits that flip, files that are cut -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the checkpoints of steps 1 and 2."""
    store = Store(tmp_path_factory.mktemp("two") / "run")
    store.open()
    for step in (1, 2):
        _write(store, step, 500)
    store.close()
    return store.folder


def _damage(path: Path, chance: random.Random) -> None:
    """Flip one bit, or cut the file."""
    raw = bytearray(path.read_bytes())
    if chance.random() < 0.7:
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    else:
        del raw[chance.randrange(len(raw)) :]
    path.write_bytes(raw)


@pytest.mark.parametrize("number", faults.trials("a bit flipped, a file cut short"))
def test_a_damaged_file(two: Path, tmp_path: Path, number: int) -> None:
    """The one before it is taken, and the damaged file is named; or the values are the same for all that."""
    home = tmp_path / "run"
    shutil.copytree(two, home)
    newest = home / "checkpoint-000002"
    damaged = newest / ("manifest.json", "shared.pt", "rank-0.pt")[number % 3]
    _damage(damaged, random.Random(number))
    with faults.trial("a bit flipped, a file cut short"):
        try:
            assert _step(Checkpoint.open(newest)) == 2
            held = True
        except DamagedError as error:
            assert str(damaged) in str(error)
            held = False
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            assert _step(Store(home).newest()) == (2 if held else 1)
        assert [str(damaged) in str(one.message) for one in told] == ([] if held else [True])
        assert held or "goes on from checkpoint-000001" in str(told[0].message)


def test_a_whole_file_that_is_another_checkpoints(two: Path, tmp_path: Path) -> None:
    home = tmp_path / "run"
    shutil.copytree(two, home)
    shutil.copy(home / "checkpoint-000001" / "shared.pt", home / "checkpoint-000002" / "shared.pt")
    with pytest.warns(UserWarning, match=r"checkpoint-000002/shared\.pt"):
        assert _step(Store(home).newest()) == 1


# -- two runs -------------------------------------------------------------------------------------------------------


def _hold(tell: Any, folder: Path) -> None:
    store = Store(folder)
    store.open()
    _write(store, 7, 10)
    tell("open")
    time.sleep(60)


@pytest.mark.parametrize("number", faults.trials("two runs in one directory"))
def test_two_runs_in_one_directory(tmp_path: Path, number: int) -> None:
    """The second is refused and changes nothing; when the first is gone, however, the folder is free."""
    store = Store(tmp_path / "run")
    with Fork(_hold, store.folder) as child:
        child.hear()
        before = sorted(path.name for path in store.folder.iterdir())
        with faults.trial("two runs in one directory"):
            with pytest.raises(BusyError, match=rf"in use by process {child.pid} on \S+ since \d{{4}}-\d\d-\d\dT"):
                store.open()
            assert sorted(path.name for path in store.folder.iterdir()) == before
            child.kill()
            store.open()
            assert store.lock.left_by is not None and store.lock.left_by["pid"] == child.pid
            assert _step(store.newest()) == 7
            store.close()


# -- for ever -------------------------------------------------------------------------------------------------------


@pytest.fixture
def process() -> Iterator[psutil.Process]:
    gc.collect()
    yield psutil.Process()
    gc.collect()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_memory_handles_and_threads_stay_flat(tmp_path: Path, process: psutil.Process) -> None:
    """10,000 saves in the background, each read again; every fiftieth with a store of its own."""
    cycles, state = faults.ROWS["saves and loads in one process"].many, {"w": torch.ones(2000), "b": [torch.ones(3)]}
    marks: list[tuple[int, int, int]] = []
    store, saver, done, began = None, None, 0, time.monotonic()
    while done < cycles:
        store = Store(tmp_path / "run")
        store.open()
        saver = Saver(store.write)
        for _ in range(50):
            saver.save({"rng": torch.get_rng_state()}, to_plain(state), {"step": done})
            saver.wait()
            found = store.newest()
            assert found is not None and found.about == {"step": done} and torch.equal(found.shared()["w"], state["w"])
            done += 1
        saver.close()
        store.close()
        if done % 1000 == 0:
            gc.collect()
            marks.append((process.memory_info().rss, process.num_fds(), threading.active_count()))
            faults.record("saves and loads in one process", time.monotonic() - began)
            began = time.monotonic()
    memory, handles, threads = zip(*marks, strict=True)
    print([round(value / 2**20, 1) for value in memory], handles, threads)
    assert memory[-1] - memory[1] < 4 << 20
    assert len(set(handles)) == 1 and len(set(threads)) == 1
    assert len(os.listdir(tmp_path / "run")) == 3
