"""A file is read only if it is the one that was written; what cannot be written says so."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import resource
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastorch.checkpoint import files
from kerastorch.checkpoint.files import DamagedError
from tests.support.forks import Fork

values = st.recursive(
    st.integers() | st.floats() | st.text(max_size=5) | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(0, 200), inner, max_size=12)
    ),
    max_leaves=12,
)


class Evil:
    def __reduce__(self) -> Any:
        return (os.mkdir, ("was-run",))


def _state() -> dict[str, Any]:
    large = torch.randn(3_000_000)
    return {"large": large, "tied": large, "view": torch.arange(20)[3:9], "text": "a", "t": [torch.ones(3).bfloat16()]}


def test_the_checksum_is_that_of_the_file(tmp_path: Path) -> None:
    path, state = tmp_path / "a.pt", _state()
    known = files.write_state(path, state)
    raw = path.read_bytes()
    assert known == {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    found = files.read_state(path, known)
    assert (
        torch.equal(found["large"], state["large"])
        and found["text"] == "a"
        and torch.equal(found["t"][0], state["t"][0])
    )
    plain = torch.load(path, weights_only=True)  # anybody can read it
    assert torch.equal(plain["view"], state["view"])
    assert not [thread for thread in threading.enumerate() if thread.name == "checksum"]


@pytest.mark.filterwarnings("ignore:Validating sparse tensor invariants")  # torch's own, about its time
def test_memory_that_goes_during_the_writing_is_copied(tmp_path: Path) -> None:
    """A tensor that torch brings to the host only while it writes is not among those that stay."""
    state = [torch.randn(1000).to_sparse(), torch.ones(5, device="meta")]
    assert dict(files._memory(state)) == {}
    known = files.write_state(tmp_path / "a.pt", state[:1])
    assert torch.equal(files.read_state(tmp_path / "a.pt", known)[0].to_dense(), state[0].to_dense())


def test_a_state_that_cannot_be_pickled_leaves_no_thread(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"(?i)pickle"):
        files.write_state(tmp_path / "a.pt", {"a": torch.ones(2), "b": lambda: None})
    assert not [thread for thread in threading.enumerate() if thread.name == "checksum"]


def test_damage_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    known = files.write_state(path, [torch.ones(100)])
    raw = path.read_bytes()
    path.write_bytes(raw[:-1])
    with pytest.raises(DamagedError, match=rf"a\.pt: expected {len(raw)} bytes, received {len(raw) - 1} bytes"):
        files.read_state(path, known)
    path.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    with pytest.raises(DamagedError, match=r"a\.pt: expected SHA-256 "):
        files.read_state(path, known)
    path.unlink()
    with pytest.raises(DamagedError, match=rf"a\.pt: expected a file of {len(raw)} bytes, received No such file"):
        files.read_state(path, known)


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_only_a_file_itself_is_read(tmp_path: Path, kind: str) -> None:
    path, other = tmp_path / "a.pt", tmp_path / "other.pt"
    known = files.write_state(other, [torch.ones(2)])
    {"link": lambda: path.symlink_to(other), "folder": path.mkdir, "pipe": lambda: os.mkfifo(path)}[kind]()
    with pytest.raises(DamagedError, match=r"received (a link|something else of that name)\."):
        files.read_state(path, known)
    with pytest.raises(DamagedError, match=r"received (a link|something else of that name)\."):
        files.read_json(path)


def test_code_is_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.pt"
    torch.save({"a": Evil()}, path)
    raw = path.read_bytes()
    known = {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    with pytest.raises(DamagedError, match=r"a\.pt: expected tensors and plain values"):
        files.read_state(path, known)
    assert not (tmp_path / "was-run").exists()


def _write_within(tell: Any, path: Path, limit: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        files.write_state(path, [torch.zeros(100_000), torch.zeros(100_000)])
    except OSError as error:
        tell(json.dumps([error.errno, str(error), threading.active_count()]))


@pytest.mark.parametrize("limit", [0, 10, 4096, 300_000, 600_000, 800_000])
def test_what_cannot_be_written_names_path_and_bytes(tmp_path: Path, limit: int) -> None:
    """The system refuses to make the file larger: at its beginning, within a tensor, in the directory at its end."""
    with Fork(_write_within, tmp_path / "a.pt", limit) as child:
        number, text, threads = json.loads(child.hear())
    assert number == errno.EFBIG and threads == 1
    assert f"Writing {tmp_path / 'a.pt'}: expected room and permission for it (" in text
    assert "bytes written so far), received File too large. Free space" in text


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    for write in (files.write_state, files.write_json):
        with pytest.raises(FileNotFoundError, match=r"Writing .*none/a: expected room .* received No such file"):
            write(tmp_path / "none" / "a", {})


@settings(max_examples=25)
@given(st.dictionaries(st.text(max_size=5).filter(lambda key: key != files.CHECKSUM) | st.integers(0, 200), values))
def test_a_manifest_comes_back(value: dict[Any, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.json"
        files.write_json(path, value)
        assert json.dumps(files.read_json(path)) == json.dumps(json.loads(json.dumps(value)))
        assert os.listdir(folder) == ["a.json"]


def test_a_changed_manifest_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    files.write_json(path, {"a": 1, "b": [1, 2]})
    text = path.read_text()
    bad = {
        text.replace("1", "2", 1): "a manifest with its own checksum",
        text.replace(files.CHECKSUM, "sum"): "a manifest in JSON with a checksum",
        text[:-1]: "a manifest in JSON",
        "[1]": "its own checksum",
        '"a"': "its own checksum",
        "": "a manifest in JSON",
        "[" * 100_000: "a manifest in JSON",
        '{"checksum": ' + "9" * 5000 + "}": "a manifest in JSON",
    }
    for content, message in bad.items():
        path.write_text(content)
        with pytest.raises(DamagedError, match=message):
            files.read_json(path)
    path.write_bytes(b"\xff\xfe" + text.encode())
    with pytest.raises(DamagedError, match="a manifest in JSON"):
        files.read_json(path)


def test_a_manifest_of_any_size_is_not_taken_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with open(path, "wb") as file:
        file.truncate(1 << 40)  # takes no room on disk
    with pytest.raises(DamagedError, match="a manifest of at most"):
        files.read_json(path)


def test_a_failed_manifest_leaves_the_old_one_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    files.write_json(path, {"a": 1})

    def full(*args: Any) -> None:
        raise OSError(errno.ENOSPC, "no")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"received No space left on device"):
        files.write_json(path, {"a": 2})
    assert os.listdir(tmp_path) == ["a.json"] and files.read_json(path) == {"a": 1}


def test_sync_folder_wants_a_folder(tmp_path: Path) -> None:
    files.sync_folder(tmp_path)
    with pytest.raises(FileNotFoundError):
        files.sync_folder(tmp_path / "none")
