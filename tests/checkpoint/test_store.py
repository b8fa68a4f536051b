"""Checkpoints are whole or not there, found again, and read only as they were written."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import resource
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from kerastorch.checkpoint import Checkpoint, Store, files
from kerastorch.checkpoint import store as module
from kerastorch.checkpoint.files import DamagedError
from kerastorch.checkpoint.lock import BusyError
from tests.support.disks import disk, make_read_only
from tests.support.forks import Fork


@pytest.fixture
def store(tmp_path: Path) -> Any:
    made = Store(tmp_path / "run")
    made.open()
    yield made
    made.close()


def _write(store: Store, step: int, size: int = 10) -> Path:
    return store.write({"step": step}, {"w": torch.full((size,), float(step))}, {"step": step})


def _step(found: Checkpoint | None) -> int:
    """The step of a checkpoint, once all that is in it says the same."""
    assert found is not None
    shared, step = found.shared()["w"], found.about["step"]
    assert found.own(0) == {"step": step} and bool((shared == step).all()) and len(shared)
    return int(step)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _rewrite(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """A manifest that is changed by somebody who knows how to compute its checksum."""
    told = files.read_json(path / "manifest.json")
    change(told)
    files.write_json(path / "manifest.json", told)


def test_written_and_read(store: Store) -> None:
    assert store.newest() is None and store.paths() == []
    path = _write(store, 3)
    assert path == store.folder / "checkpoint-000001" and _names(store.folder) == ["checkpoint-000001", "run.lock"]
    assert _names(path) == ["manifest.json", "rank-0.pt", "shared.pt"]
    assert _step(store.newest()) == 3 and _step(Checkpoint.open(str(path), verify=False)) == 3
    found = Checkpoint.open(path)
    assert found.ranks == 1 and found.about == {"step": 3} and found.path == path
    with pytest.raises(ValueError, match=r"`rank` of the checkpoint .*: expected a rank below 1, received 1"):
        found.own(1)
    told = json.loads((path / "manifest.json").read_text())
    assert told["format"] == 1 and told["torch"] == torch.__version__
    for name, file in told["files"].items():  # `sha256sum` can check it
        raw = (path / name).read_bytes()
        assert file == {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}


def test_old_ones_go(tmp_path: Path) -> None:
    for keep in (1, 3):
        store = Store(tmp_path / str(keep), keep=keep)
        store.open()
        for step in range(5):
            _write(store, step)
        assert [_step(Checkpoint.open(path)) for path in store.paths()] == list(range(5))[-keep:]
        store.close()
        store.open()
        assert _write(store, 5).name == "checkpoint-000006"
        store.close()
        assert len(_names(store.folder)) == keep + 1


@pytest.mark.parametrize("keep", [0, -1, 1.0, True, "2", None])
def test_keep_is_a_positive_integer(tmp_path: Path, keep: Any) -> None:
    with pytest.raises(ValueError, match=r"`keep` of a checkpoint store: expected an integer >= 1"):
        Store(tmp_path, keep=keep)


def test_a_damaged_one_is_passed_over_and_does_not_count(store: Store) -> None:
    _write(store, 1)
    bad = _write(store, 2) / "shared.pt"
    bad.write_bytes(b"no" + bad.read_bytes()[2:])
    with pytest.warns(UserWarning, match=r"000002/shared\.pt: expected SHA-256 .* goes on from checkpoint-000001"):
        assert _step(store.newest()) == 1
    _write(store, 3)
    assert [path.name[-1] for path in store.paths()] == ["1", "2", "3"]  # two that are good
    _write(store, 4)
    assert [path.name[-1] for path in store.paths()] == ["3", "4"]


def test_none_is_whole(store: Store) -> None:
    for step in (1, 2):
        (_write(store, step) / "rank-0.pt").unlink()
    with pytest.raises(DamagedError, match=r"000002/rank-0.pt: expected a file of .* No other checkpoint .* Remove"):
        store.newest()


def test_numbers_go_on_beyond_what_is_there(store: Store, tmp_path: Path) -> None:
    """A link or a file of such a name is none of ours, and is never in the way."""
    _write(store, 1)
    store.close()
    other = Store(tmp_path / "other")
    other.open()
    (store.folder / "checkpoint-000005").symlink_to(_write(other, 9))
    (store.folder / "checkpoint-000006").write_text("")
    (store.folder / "checkpoint-7").mkdir()
    store.open()
    assert _step(store.newest()) == 1
    assert _write(store, 2).name == "checkpoint-000007"
    _write(store, 3)
    assert [_step(Checkpoint.open(path)) for path in store.paths()] == [2, 3]
    assert _step(other.newest()) == 9
    other.close()


def test_opening_removes_what_was_cut_and_nothing_else(tmp_path: Path) -> None:
    home, other = tmp_path / "run", tmp_path / "other"
    for folder in (home / ".writing-checkpoint-000002-77", home / ".old-checkpoint-000001", home / "mine", other):
        folder.mkdir(parents=True)
        (folder / "a").write_text("")
    (home / ".writing-link").symlink_to(other)
    (home / "notes.txt").write_text("")
    store = Store(home)
    store.open()
    assert _names(home) == ["mine", "notes.txt", "run.lock"] and _names(other) == ["a"]
    store.remove_all()
    assert _names(home) == ["mine", "notes.txt"]


def test_remove_all(store: Store) -> None:
    _write(store, 1)
    Store(store.folder).check()
    store.remove_all()
    assert not store.folder.exists()


def test_a_run_may_look_but_not_write_beside_another(store: Store) -> None:
    _write(store, 1)
    second = Store(store.folder)
    with pytest.raises(BusyError, match=f"process {os.getpid()} on"):
        second.open()
    assert _step(second.newest()) == 1
    second.close()
    second.lock.release(remove=True)  # not its own
    with pytest.raises(BusyError):
        second.open()


def test_a_checkpoint_that_somebody_removes_is_no_error(store: Store) -> None:
    _write(store, 1)
    _write(store, 2)
    real = os.rename

    def rename(source: Any, target: Any) -> None:
        if ".old-" in str(target):
            shutil.rmtree(source)
        real(source, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "rename", rename)
        _write(store, 3)
    assert len(store.paths()) == 2


# -- targets that cannot be written ---------------------------------------------------------------------------------


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    store = Store(tmp_path / "a" / "b" / "c")
    store.check()
    assert _names(store.folder) == []


def test_a_path_that_is_a_file_or_below_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder, why in ((tmp_path / "file", "File exists"), (tmp_path / "file" / "run", "Not a directory")):
        for look in (Store(folder).check, Store(folder, rank=1, ranks=2).check, Store(folder).open):
            with pytest.raises(OSError, match=rf"Writing {folder}: expected room .* received {why}"):
                look()


def test_a_read_only_disk(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", 1 << 20) as home:
        store = Store(home / "run")
        store.open()
        _write(store, 1)
        store.close()
        make_read_only(home)
        for rank in (0, 1):
            with pytest.raises(OSError, match=r"Writing .*/run/\.probe-.: .*received Read-only file system") as caught:
                Store(home / "run", rank=rank, ranks=2).check()
            assert caught.value.errno == errno.EROFS
        with pytest.raises(OSError, match=r"Writing .*new: .*Read-only"):
            Store(home / "new").open()
        assert _step(store.newest()) == 1


def test_a_disk_that_becomes_full(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", 1 << 20) as home:
        store = Store(home / "run")
        store.open()
        try:
            _write(store, 1)
            with pytest.raises(
                OSError, match=r"shared\.pt: expected room .*written so far\), received No space"
            ) as told:
                _write(store, 2, 1 << 20)
            assert told.value.errno == errno.ENOSPC
            assert _names(store.folder) == ["checkpoint-000001", "run.lock"]
            _write(store, 3, 1000)
            assert _step(store.newest()) == 3
        finally:
            store.lock.release()


def test_a_folder_that_goes_away(store: Store) -> None:
    shutil.rmtree(store.folder)
    with pytest.raises(FileNotFoundError, match=r"Writing .*checkpoint-000001: expected room"):
        _write(store, 1)


def test_what_is_not_plain_leaves_nothing(store: Store) -> None:
    for state, about in (({"f": lambda: 0}, {}), ({}, {"f": object()})):
        with pytest.raises(Exception, match=r"(?i)pickle|JSON"):
            store.write({}, state, about)
    assert _names(store.folder) == ["run.lock"]


# -- a process that is killed at any point --------------------------------------------------------------------------

POINTS = ("fsync", "rename", "replace", "mkdir", "rmdir", "unlink", "posix_fadvise")


def _die(tell: Any, folder: Path, number: int, before: bool) -> None:
    """Save until the `number`th system call that changes names or reaches the disk; die before or after it."""
    store = Store(folder)
    store.open()
    left = [number]

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            left[0] -= 1
            if left[0] == 0 and before:
                os.kill(os.getpid(), signal.SIGKILL)
            done = real(*args, **kwargs)
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return done

        return call

    for name in POINTS:
        setattr(os, name, counted(getattr(os, name)))
    _write(store, 3)
    tell("saved")


@pytest.mark.parametrize("before", [True, False])
def test_killed_at_every_point_of_a_save(tmp_path: Path, before: bool) -> None:
    base = Store(tmp_path / "base")
    base.open()
    _write(base, 1)
    _write(base, 2)
    base.close()
    number, found = 0, []
    while True:
        number += 1
        home = tmp_path / str(number)
        shutil.copytree(base.folder, home)
        with Fork(_die, home, number, before) as child:
            saved = child.hear() == "saved"
            assert child.wait() == (0 if saved else -signal.SIGKILL)
        store = Store(home)
        found.append(_step(store.newest()))
        store.open()
        assert store.lock.left_by is not None and store.lock.left_by["pid"] == child.pid
        assert not [name for name in _names(home) if name.startswith(".")]
        assert _step(store.newest()) == found[-1]
        _write(store, 4)
        assert _step(store.newest()) == 4 and len(store.paths()) == 2
        store.close()
        if saved:
            break
    assert set(found) == {2, 3} and found == sorted(found)  # the old one up to some point, the new one from there
    assert number > 12


# -- several ranks --------------------------------------------------------------------------------------------------


def _rank(tell: Any, folder: Path, rank: int, how: str, wait: str) -> None:
    store = Store(folder, rank=rank, ranks=3, timeout=float(wait))
    store.token = "run"
    if rank == 0:
        store.open()
        tell("open")
    if how == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    own = {"rank": rank, "w": torch.full((rank * 1000,), float(rank)), **({"f": lambda: 0} if how == "raise" else {})}
    try:
        for step in range(1, 2 if how == "absent" else 4):
            store.write(own, {"w": torch.ones(3)} if rank == 0 else None, {"step": step})
    except Exception as error:
        tell(f"{type(error).__name__}: {error}")
    else:
        tell("saved")


def _together(folder: Path, **how: str) -> list[str]:
    """What three processes say that save three times; all of them see the folder that rank 0 opens."""
    folder.mkdir(exist_ok=True)
    wait = how.get("wait", "60")
    with Fork(_rank, folder, 0, how.get("r0", ""), wait) as a:
        assert a.hear() == "open"
        with Fork(_rank, folder, 1, how.get("r1", ""), wait) as b, Fork(_rank, folder, 2, how.get("r2", ""), wait) as c:
            return [child.hear() for child in (a, b, c)]


def test_ranks_write_one_checkpoint(tmp_path: Path) -> None:
    assert _together(tmp_path) == ["saved"] * 3
    found = Store(tmp_path).newest()
    assert found is not None and found.ranks == 3 and found.about == {"step": 3}
    assert [found.own(rank)["rank"] for rank in range(3)] == [0, 1, 2] and len(found.own(2)["w"]) == 2000
    assert _names(found.path) == ["manifest.json", "rank-0.pt", "rank-1.pt", "rank-2.pt", "shared.pt"]
    assert _names(tmp_path) == ["checkpoint-000002", "checkpoint-000003", "run.lock"]


LEFT = r"saved|OSError: .*Rank 0 gave up the checkpoint .*; its own error tells why"


@pytest.mark.parametrize(
    ("how", "messages"),
    [
        ({"r1": "limit"}, [r"OSError: .*on rank 1: .*rank-1.pt: .*File too large", r"OSError: .*rank-1.pt", LEFT]),
        ({"r2": "raise"}, [r"OSError: .*on rank 2: .*(?i:pickle)", LEFT, ".*(?i:pickle)"]),
        ({"r1": "absent", "wait": "2"}, [r"TimeoutError: .*2-run: expected the part of rank 1 within", "saved", LEFT]),
        ({"r0": "raise"}, [".*(?i:pickle)", LEFT, LEFT]),
    ],
    ids=["full", "raises", "absent", "first"],
)  # fmt: skip
def test_a_rank_that_fails_or_never_comes(tmp_path: Path, how: dict[str, str], messages: list[str]) -> None:
    for said, message in zip(_together(tmp_path, **how), messages, strict=True):
        assert re.match(message, said), said
    found = Store(tmp_path).newest()
    assert (found.about if found else None) == ({"step": 1} if "wait" in how else None)


def test_looking_at_once_is_no_fault(tmp_path: Path) -> None:
    """Every rank looks whether it can write, while rank 0 opens."""

    def look(tell: Any, rank: int) -> None:
        for _ in range(30):
            Store(tmp_path, rank=rank, ranks=3).check()
        tell("fine")

    with Fork(look, 1) as one, Fork(look, 1) as twin, Fork(look, 2) as two:
        for _ in range(30):
            store = Store(tmp_path)
            store.open()
            store.close()
        assert [child.hear() for child in (one, twin, two)] == ["fine"] * 3
    assert _names(tmp_path) == ["run.lock"]


# -- hostile files --------------------------------------------------------------------------------------------------


class Evil:
    def __reduce__(self) -> Any:
        return (os.mkdir, ("was-run",))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda told: told.update(format=2), r"expected format 1, received 2\. It was written by another version"),
        (lambda told: told.pop("format"), "expected format 1, received None"),
        (lambda told: told["files"].update({"../x.pt": told["files"]["shared.pt"]}), "and no other file"),
        (lambda told: told["files"].update({"/etc/passwd": told["files"].pop("rank-0.pt")}), "and no other file"),
        (lambda told: told["files"].update({"rank-1.pt": told["files"].pop("rank-0.pt")}), "and no other file"),
        (lambda told: told["files"].pop("shared.pt"), "the size and checksum of shared.pt"),
        (lambda told: told.update(ranks=10**18), "of each rank"),
        (lambda told: told.update(ranks=-1), "of each rank"),
        (lambda told: told.update(ranks=True), "of each rank"),
        (lambda told: told.update(ranks=1.0), "of each rank"),
        (lambda told: told.update(files=[]), "of each rank"),
        (lambda told: told.update(about=3), "of each rank"),
        (lambda told: told["files"].update({"shared.pt": 3}), "the size and checksum"),
        (lambda told: told["files"]["shared.pt"].update(bytes="x"), "the size and checksum"),
        (lambda told: told["files"]["shared.pt"].update(sha256=None), "the size and checksum"),
        (lambda told: told["files"]["shared.pt"].update(bytes=10**4000), "expected 1000"),
        (lambda told: told["files"]["shared.pt"].update(bytes=-1), "expected -1 bytes"),
    ],
)  # fmt: skip
def test_a_forged_manifest_is_refused(store: Store, change: Any, message: str) -> None:
    path = _write(store, 1)
    _rewrite(path, change)
    with pytest.raises(DamagedError, match=message):
        Checkpoint.open(path)


def test_a_forged_state_runs_no_code(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(store.folder)
    path = _write(store, 1)
    torch.save({"a": Evil()}, path / "shared.pt")
    raw = (path / "shared.pt").read_bytes()
    known = {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    _rewrite(path, lambda told: told["files"].update({"shared.pt": known}))
    for verify in (True, False):
        found = Checkpoint.open(path, verify=verify)
        with pytest.raises(DamagedError, match=r"shared\.pt: expected tensors and plain values"):
            found.shared()
    assert not (store.folder / "was-run").exists()


@pytest.mark.parametrize("name", ["shared.pt", "rank-0.pt", "manifest.json"])
def test_links_are_not_followed(store: Store, tmp_path: Path, name: str) -> None:
    path = _write(store, 1)
    os.replace(path / name, tmp_path / "outside")
    (path / name).symlink_to(tmp_path / "outside")
    with pytest.raises(DamagedError, match=rf"{name}: expected .*, received a link"):
        Checkpoint.open(path)


def test_damage_after_an_unverified_opening_is_seen(store: Store) -> None:
    path = _write(store, 1)
    found = Checkpoint.open(path, verify=False)
    raw = (path / "shared.pt").read_bytes()
    (path / "shared.pt").write_bytes(raw[:-1] + b"x")
    with pytest.raises(DamagedError, match=r"shared\.pt: expected SHA-256"):
        found.shared()
    assert found.own(0) == {"step": 1}


def test_a_folder_that_is_no_checkpoint(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(DamagedError, match=r"manifest\.json: expected a manifest in JSON, received No such file"):
            Checkpoint.open(path)
    assert module.FORMAT == 1
