"""Memory that fitting a memory-mapped array takes, beside a bare model: `python -m benchmarks.memmap`.

The bar is 300 MB for 4 GB. Each side runs in a process of its own; pages of the mapped file, which the system may drop
at any time, are told apart from memory of the process's own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

WIDTH = 1024


def make(path: Path, gigabytes: float) -> None:
    """Write the array, (rows, 1024) float32, piece by piece."""
    rows = int(gigabytes * 2**30 / (4 * WIDTH))
    array = np.lib.format.open_memmap(path, mode="w+", dtype="float32", shape=(rows, WIDTH))
    piece = np.random.default_rng(0).random((4096, WIDTH), dtype="float32")
    for start in range(0, rows, len(piece)):
        array[start : start + len(piece)] = piece[: rows - start]
    array.flush()


class Peak:
    """The largest private memory seen while it runs, in MiB, looked at a hundred times a second."""

    def __init__(self) -> None:
        self.largest, self.going = 0.0, True
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()

    def _watch(self) -> None:
        while self.going:
            self.largest = max(self.largest, private())
            time.sleep(0.01)

    def stop(self) -> float:
        self.going = False
        self.thread.join()
        return max(self.largest, private())


def private() -> float:
    """MiB of the process's own."""
    resident, shared = Path("/proc/self/statm").read_text().split()[1:3]
    return (int(resident) - int(shared)) * 4096 / 2**20


def bare(path: Path) -> float:
    """The peak of a bare model trained on one batch that stays."""
    import torch

    import kerastorch as kerastorch  # so that both sides hold the same code

    net = torch.nn.Sequential(torch.nn.Linear(WIDTH, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1))
    optimizer = torch.optim.Adam(net.parameters(), fused=True)
    x, peak = torch.rand(128, WIDTH), Peak()
    for _ in range(100):
        net(x).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()
    return peak.stop()


def fit(path: Path) -> float:
    """The peak of `fit` on the mapped array, shuffled, one epoch."""
    import kerastorch as keras

    layers = [keras.Input((WIDTH,)), keras.layers.Dense(64, activation="relu"), keras.layers.Dense(1)]
    model = keras.Sequential(layers)
    model.compile(optimizer="adam", loss="mse")
    x = np.load(path, mmap_mode="r")
    y = np.zeros((len(x), 1), "float32")
    peak = Peak()
    model.fit(x, y, batch_size=128, epochs=1, verbose=0)
    return peak.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=4.0)
    parser.add_argument("--folder", type=Path, help="where the file goes meanwhile; default the system's")
    parser.add_argument("--side", choices=("bare", "fit"), help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        print({"bare": bare, "fit": fit}[given.side](given.path))
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        path = Path(folder) / "x.npy"
        make(path, given.gigabytes)
        command = [sys.executable, "-m", "benchmarks.memmap", f"--path={path}"]
        peaks = {}
        for side in ("bare", "fit"):
            done = subprocess.run([*command, f"--side={side}"], capture_output=True, text=True, check=True)
            peaks[side] = float(done.stdout.split()[-1])
    print(
        f"{given.gigabytes:g} GB mapped: bare {peaks['bare']:.0f} MiB, fit {peaks['fit']:.0f} MiB, "
        f"{peaks['fit'] - peaks['bare']:.0f} MiB more"
    )


if __name__ == "__main__":
    main()
