"""What checkpoints cost: `python -m benchmarks.checkpoints`. The bars: a safe save 2 times a plain `torch.save`, and
3 % of training time.

All sides take turns, so that whatever else the machine does hits them alike. The state is float32 tensors of 4 MB, as
a network's; `400 in one` is a single tensor.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
import torch

import kerastorch as keras
from benchmarks.run import ratios
from benchmarks.task import BATCH, Task, keras_net
from kerastorch.checkpoint import Checkpoint, Saver, Store
from kerastorch.checkpoint.plain import to_plain

MEGA = 1 << 20
SIZES = (("1", 1, 1), ("10", 10, 3), ("100", 100, 25), ("400", 400, 100), ("400 in one", 400, 1))
Times = dict[str, list[float]]


def state_of(megabytes: int, tensors: int) -> dict[str, Any]:
    """So many MB of random float32 in so many tensors of one size."""
    return {f"w{i}": torch.randn(megabytes * MEGA // 4 // tensors) for i in range(tensors)}


def timed(function: Callable[[], Any]) -> float:
    """Milliseconds."""
    start = time.perf_counter()
    function()
    return (time.perf_counter() - start) * 1e3


def take_turns(sides: dict[str, Callable[[], float]], repeats: int, wait: float = 0.0) -> Times:
    """The milliseconds that each side says, in an order that changes; the first round does not count.

    Args:
        sides: What is measured.
        repeats: Rounds that count.
        wait: At most so many seconds before each timing, until nothing else runs.
    """
    times: Times = {name: [] for name in sides}
    for repeat in range(repeats + 1):
        for name in sides if repeat % 2 else reversed(sides):
            end = time.monotonic() + wait
            while time.monotonic() < end and psutil.cpu_percent(0.2) > 10:
                pass
            times[name].append(sides[name]())
    return {name: found[1:] for name, found in times.items()}


class Sides:
    """The ways to save a state, and to read it.

    Args:
        folder: A folder on the disk that is measured.
        state: The state.
    """

    def __init__(self, folder: Path, state: dict[str, Any]) -> None:
        self.folder, self.state, self.file = folder, state, folder / "plain.pt"
        self.store = Store(folder / "run")
        self.store.open()
        self.own = {"rng": torch.get_rng_state()}

    def plain(self) -> float:
        """`torch.save` into a new file."""
        self.file.unlink(missing_ok=True)
        return timed(lambda: torch.save(self.state, self.file))

    def over(self) -> float:
        """`torch.save` over the file of the save before, as a run does that keeps one."""
        return timed(lambda: torch.save(self.state, self.file))

    def synced(self) -> float:
        """The same, until the disk has it."""

        def save() -> None:
            torch.save(self.state, self.file)
            with open(self.file, "rb+") as file:
                os.fsync(file.fileno())

        self.file.unlink(missing_ok=True)
        return timed(save)

    def safe(self) -> float:
        """Hashed, on the disk, renamed into place, the oldest one removed."""
        return timed(lambda: self.store.write(self.own, self.state, {"step": 0}))

    def waits(self) -> float:
        """What training waits for if the safe save goes on in the background: a copy."""
        saver = Saver(self.store.write)
        took = timed(lambda: saver.save(self.own, to_plain(self.state), {"step": 0}))
        saver.close()
        return took

    def load(self) -> float:
        """`torch.load`."""
        return timed(lambda: torch.load(self.file, weights_only=True))

    def verified(self) -> float:
        """The newest checkpoint found, all of it compared with its checksums, and read."""

        def read() -> None:
            found = Store(self.store.folder).newest()
            assert found is not None
            found.shared(), found.own(0)

        return timed(read)

    def on_another_rank(self) -> float:
        """What a rank reads of a checkpoint that rank 0 has verified: each file compared as it is read."""
        path = self.store.paths()[-1]

        def read() -> None:
            found = Checkpoint.open(path, verify=False)
            found.shared(), found.own(0)

        return timed(read)


def row(name: str, folder: Path, state: dict[str, Any], repeats: int, wait: float) -> str:
    """A line of the table."""
    sides = Sides(folder, state)
    ways = {"plain": sides.plain, "over": sides.over, "synced": sides.synced, "safe": sides.safe, "waits": sides.waits}
    saving = take_turns(ways, repeats, wait)
    sides.plain()
    reading = take_turns({"load": sides.load, "verified": sides.verified, "rank": sides.on_another_rank}, repeats, wait)
    sides.store.remove_all()
    middle = {side: statistics.median(found) for side, found in {**saving, **reading}.items()}
    told = [f"{middle[side]:.1f}" for side in ("plain", "over", "synced", "safe")]
    told += ["{:.2f}, {:.2f}".format(*ratios(saving["safe"], saving[side])) for side in ("plain", "over")]
    told += [f"{middle[side]:.1f}" for side in ("waits", "load", "verified", "rank")]
    told.append("{:.2f}, {:.2f}".format(*ratios(reading["verified"], reading["load"])))
    return f"| {name} | " + " | ".join(told) + " |"


def table(sizes: Sequence[tuple[str, int, int]], folder: str | None, repeats: int, wait: float) -> None:
    """Saving and loading states of several sizes (name, MB, tensors)."""
    print("| MB | torch.save, ms | over the one before | and fsync | safe | safe to torch.save: median, fastest "
          "| to one over the one before | training waits | torch.load | newest verified and read "
          "| read on another rank | read to load |")  # fmt: skip
    print("|" + "---|" * 12)
    for name, megabytes, tensors in sizes:
        with tempfile.TemporaryDirectory(dir=folder) as inner:
            print(row(name, Path(inner), state_of(megabytes, tensors), repeats, wait), flush=True)


def share(folder: Path, data: Path | None, samples: int, epochs: int, repeats: int, wait: float) -> str:
    """A line: what `checkpoint_dir` adds to the time of `fit`, at a checkpoint an epoch."""
    task = Task("mlp", data, samples, BATCH)

    def fit(**options: Any) -> float:
        model = keras_net(keras, "mlp")
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss, metrics=["accuracy"], device="cpu")
        return timed(lambda: model.fit(task.x, task.y, batch_size=BATCH, epochs=epochs, verbose=0, **options))

    def safe() -> float:
        took = fit(checkpoint_dir=folder / "run")
        shutil.rmtree(folder / "run")
        return took

    times = take_turns({"none": fit, "safe": safe}, repeats, wait)
    none, kept = (statistics.median(times[side]) / 1e3 for side in ("none", "safe"))
    median, fastest = (100 * (ratio - 1) for ratio in ratios(times["safe"], times["none"]))
    told = f"mlp, {epochs} epochs: {none:.2f} s, with a checkpoint an epoch {kept:.2f} s"
    return f"{told}: {median:+.1f} % (median), {fastest:+.1f} % (fastest)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="CI's size")
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--folder", help="on the disk that is measured; default that of temporary files")
    parser.add_argument("--wait", type=float, default=0.0, help="seconds to wait for a quiet moment before each timing")
    parser.add_argument("--data", type=Path, help="an MNIST npz; default random digits of its shape")
    parser.add_argument("--only", choices=("files", "share"), help="saving and loading, or the share of training time")
    given = parser.parse_args()
    repeats = given.repeats or (3 if given.small else 11)
    if given.only != "share":
        torch.set_num_threads(1)
        table(SIZES[:2] if given.small else SIZES, given.folder, repeats, given.wait)
    if given.only != "files":
        torch.set_num_threads(os.cpu_count() or 1)
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            samples, epochs = (6000, 2) if given.small else (60_000, 5)
            print("\n" + share(Path(folder), given.data, samples, epochs, repeats, given.wait))


if __name__ == "__main__":
    main()
