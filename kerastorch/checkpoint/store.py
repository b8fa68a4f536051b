"""`Store`: the checkpoints of a run in a folder, newest last."""

from __future__ import annotations

import errno
import os
import re
import shutil
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import torch

from kerastorch.base import errors
from kerastorch.checkpoint import files
from kerastorch.checkpoint.files import DamagedError
from kerastorch.checkpoint.lock import Lock
from kerastorch.version import __version__

FORMAT = 1
MANIFEST = "manifest.json"
_NAME = re.compile(r"checkpoint-(\d{6,})")
_UNFINISHED = (".writing-", ".old-")
_POLL = 0.01  # seconds between two looks for another rank's part


@dataclass(frozen=True)
class Checkpoint:
    """A complete checkpoint on disk.

    Attributes:
        path: Its folder.
        manifest: What it says of itself: "format", "ranks", "files", "about", versions and time.
        verified: Whether its files were compared with their checksums when it was opened; otherwise at each reading.
    """

    path: Path
    manifest: dict[str, Any]
    verified: bool = True

    @classmethod
    def open(cls, path: str | os.PathLike[str], verify: bool = True) -> Checkpoint:
        """Read and verify a checkpoint.

        Args:
            path: Its folder.
            verify: Whether to compare all files with their checksums at once; otherwise each when it is read, which
                is less work where each rank reads only what it needs of a checkpoint that another one has verified.

        Raises:
            DamagedError: A file is missing, cut or changed; or the format is not known here.
        """
        folder = Path(path)
        manifest = files.read_json(folder / MANIFEST)
        if manifest.get("format") != FORMAT:
            raise DamagedError(
                errors.message(
                    f"The checkpoint {folder}",
                    expected=f"format {FORMAT}",
                    received=manifest.get("format"),
                    remedy="It was written by another version of this library.",
                )
            )
        if not _is_whole(manifest):
            raise DamagedError(
                errors.message(
                    f"The manifest of {folder}",
                    expected="the size and checksum of shared.pt and of a rank-k.pt of each rank, and no other file",
                    received=manifest.get("files"),
                )
            )
        for name, file in manifest["files"].items() if verify else ():
            files.verify(folder / name, file)
        return cls(folder, manifest, verify)

    @property
    def ranks(self) -> int:
        """How many processes wrote it."""
        return int(self.manifest["ranks"])

    @property
    def about(self) -> dict[str, Any]:
        """Where the run stood: "epoch", "batch", "step"."""
        return dict(self.manifest["about"])

    def shared(self) -> Any:
        """What is the same on all ranks."""
        return self._read("shared.pt")

    def own(self, rank: int) -> Any:
        """What is a rank's own.

        Args:
            rank: A rank of those that wrote it.

        Raises:
            ValueError: There was no such rank.
        """
        if not 0 <= rank < self.ranks:
            raise errors.value_error(
                f"`rank` of the checkpoint {self.path}", expected=f"a rank below {self.ranks}", received=rank
            )
        return self._read(f"rank-{rank}.pt")

    def _read(self, name: str) -> Any:
        return files.read_state(self.path / name, None if self.verified else self.manifest["files"][name])


class Store:
    """A folder of checkpoints. A new one takes its name only when all of it is on the disk; then old ones go.

    Several ranks write together: each its own part, into a folder that all of them see; rank 0 puts the name on it.
    Their `number` (of the last checkpoint) and `token` (of the run) must be rank 0's, once that one has called `open`.

    Args:
        folder: The folder; made if need be.
        keep: How many checkpoints stay, >= 1. With two, one that is damaged has another one behind it.
        rank: This process.
        ranks: All processes.
        timeout: Seconds that rank 0 waits for the parts of the others.

    Raises:
        ValueError: `keep` is no integer >= 1.

    Example:
        >>> import tempfile
        >>> store = Store(tempfile.mkdtemp())
        >>> store.open()
        >>> path = store.write({}, {"weights": torch.ones(2)}, {"epoch": 1})
        >>> store.newest().shared()
        {'weights': tensor([1., 1.])}
        >>> store.close()
    """

    def __init__(
        self, folder: str | os.PathLike[str], *, keep: int = 2, rank: int = 0, ranks: int = 1, timeout: float = 300.0
    ) -> None:
        if not isinstance(keep, int) or isinstance(keep, bool) or keep < 1:
            raise errors.value_error("`keep` of a checkpoint store", expected="an integer >= 1", received=keep)
        self.folder, self.keep, self.rank, self.ranks, self.timeout = Path(folder), keep, rank, ranks, timeout
        self.lock = Lock(self.folder)
        self.token, self.number = f"{os.getpid()}", 0
        self._damaged: set[str] = set()

    # -- before and after a run -------------------------------------------------------------------------------------

    def check(self) -> None:
        """Make the folder, and make sure that this process can write into it.

        Raises:
            OSError: It cannot; names the path.
        """
        probe = self.folder / f".probe-{self.rank}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise files.told(error, self.folder, 0) from error
        files.write_json(probe, {})
        probe.unlink(missing_ok=True)  # a second run may look too

    def open(self) -> None:
        """Rank 0: take the folder, remove what a run that was cut has left unfinished, and go on counting.

        Raises:
            BusyError: Another run writes into it.
            OSError: It cannot be written to.
        """
        self.check()
        self.lock = Lock(self.folder)
        self.lock.acquire()
        for path in self.folder.iterdir():
            if path.name.startswith(_UNFINISHED):
                _remove(path)
        self.number = max((number for number, _ in self._numbered()), default=0)

    def close(self) -> None:
        """Give the folder back."""
        self.lock.release()

    # -- reading ----------------------------------------------------------------------------------------------------

    def paths(self) -> list[Path]:
        """The checkpoints, oldest first. What is a link is none of the store's."""
        return [path for _, path in sorted(self._numbered()) if path.is_dir() and not path.is_symlink()]

    def newest(self) -> Checkpoint | None:
        """The newest checkpoint that is as it was written; None where there is none at all.

        Warns of each one that is damaged and passed over.

        Raises:
            DamagedError: There are checkpoints, and all are damaged.
        """
        damaged: list[DamagedError] = []
        for path in reversed(self.paths()):
            try:
                found = Checkpoint.open(path)
            except DamagedError as error:
                damaged.append(error)
                self._damaged.add(path.name)
                continue
            for told in damaged:
                warnings.warn(f"{told} The run goes on from {path.name}, the one before it.", stacklevel=2)
            return found
        if damaged:
            raise DamagedError(
                f"{damaged[0]} No other checkpoint in {self.folder} is whole. Remove the folder to begin anew."
            ) from damaged[0]
        return None

    def _numbered(self) -> Iterator[tuple[int, Path]]:
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            match = _NAME.fullmatch(path.name)
            if match is not None:
                yield int(match[1]), path

    # -- writing ----------------------------------------------------------------------------------------------------

    def write(self, own: Any, shared: Any, about: dict[str, Any]) -> Path:
        """Write a checkpoint; all ranks call it, in the same order.

        Args:
            own: What is this rank's own: tensors and plain values.
            shared: What is the same on all ranks; only rank 0's is written.
            about: Where the run stands, in plain values.

        Returns:
            Its folder (which on other ranks than 0 may not be there yet).

        Raises:
            OSError: It could not be written; earlier checkpoints are untouched.
            TimeoutError: Another rank did not write its part.
        """
        self.number += 1
        name = f"checkpoint-{self.number:06d}"
        part, final = self.folder / f".writing-{name}-{self.token}", self.folder / name
        try:
            self.lock.renew()
            part.mkdir(exist_ok=True)
            written = {f"rank-{self.rank}.pt": files.write_state(part / f"rank-{self.rank}.pt", own)}
            if self.rank > 0:
                files.write_json(_receipt(part, self.rank), {"files": written})
                return final
            written["shared.pt"] = files.write_state(part / "shared.pt", shared)
            for rank in range(1, self.ranks):
                written.update(self._wait_for(_receipt(part, rank), rank))
            files.write_json(part / MANIFEST, {**_head(self.ranks), "about": about, "files": written})
            files.sync_folder(part)
            os.rename(part, final)
            files.sync_folder(self.folder)
        except BaseException as error:
            abandoned = self.rank > 0 and isinstance(error, FileNotFoundError) and self.folder.exists()
            self._give_up(part, error)
            if abandoned:
                raise OSError(
                    errno.ECANCELED, f"Rank 0 gave up the checkpoint {final}; its own error tells why."
                ) from error
            if isinstance(error, OSError) and error.filename is not None:  # not of a file that has been told of
                raise files.told(error, final, 0) from error
            raise
        self._prune()
        return final

    def _wait_for(self, receipt: Path, rank: int) -> dict[str, Any]:
        end = time.monotonic() + self.timeout
        while not receipt.exists():
            if time.monotonic() > end:
                raise TimeoutError(
                    errors.message(
                        f"The checkpoint {receipt.parent}",
                        expected=f"the part of rank {rank} within {self.timeout:g} s",
                        received=errors.Said("none"),
                        remedy="All ranks must see the same folder.",
                    )
                )
            time.sleep(_POLL)
        told = files.read_json(receipt)
        receipt.unlink()
        if "error" in told:
            raise OSError(told["errno"] or errno.EIO, f"on rank {rank}: {told['error']}")
        return dict(told["files"])

    def _give_up(self, part: Path, error: BaseException) -> None:
        """Leave nothing behind; rank 0 hears why its part is missing."""
        if self.rank == 0:
            shutil.rmtree(part, ignore_errors=True)
            return
        with suppress(OSError):  # otherwise rank 0 will miss the part
            (part / f"rank-{self.rank}.pt").unlink(missing_ok=True)  # makes room for the receipt
            why = {"error": str(error) or repr(error), "errno": getattr(error, "errno", None)}
            files.write_json(_receipt(part, self.rank), why)

    def _prune(self) -> None:
        """Remove what is older than the `keep` newest; those known to be damaged do not count."""
        paths = self.paths()
        good = [path for path in paths if path.name not in self._damaged]
        for path in paths[: paths.index(good[-self.keep])] if len(good) > self.keep else ():
            self._retire(path)

    def _retire(self, path: Path) -> None:
        gone = self.folder / f".old-{path.name}"  # never half a checkpoint under a good name
        with suppress(FileNotFoundError):  # somebody else removed it
            os.rename(path, gone)
        _remove(gone)

    def remove_all(self) -> None:
        """Rank 0: remove all checkpoints, and the folder if nothing else is in it."""
        for path in self.paths():
            self._retire(path)
        self.lock.release(remove=True)
        with suppress(OSError):  # it is not empty
            self.folder.rmdir()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _is_whole(manifest: dict[str, Any]) -> bool:
    """Whether a manifest names the files of its ranks and no others."""
    known, ranks = manifest.get("files"), manifest.get("ranks")
    if not isinstance(known, dict) or type(ranks) is not int or not isinstance(manifest.get("about"), dict):
        return False
    named = ranks >= 1 and len(known) == ranks + 1 and "shared.pt" in known
    return (
        named
        and all(f"rank-{rank}.pt" in known for rank in range(ranks))
        and all(isinstance(file, dict) and type(file.get("bytes")) is int for file in known.values())
        and all(isinstance(file.get("sha256"), str) for file in known.values())
    )


def _receipt(part: Path, rank: int) -> Path:
    return part / f"receipt-{rank}.json"


def _head(ranks: int) -> dict[str, Any]:
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    return {"format": FORMAT, "kerastorch": __version__, "torch": torch.__version__, "time": now, "ranks": ranks}
