"""Cost per step as work grows, and DataLoaders beside a bare loop: `python -m benchmarks.growth`.

The curves should be flat: microseconds a step, Python and C calls a step, and memory over what the data take, for runs
of 100 to 10,000 steps over up to a million samples. A loader should cost at most 1.02 times a bare loop over the same.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import psutil
import torch
from torch.utils.data import DataLoader, TensorDataset

import kerastorch as keras
from benchmarks.peers.best import train_epoch
from benchmarks.run import ratios

FEATURES, CLASSES, BATCH = 20, 10, 100


def model() -> keras.Model:
    hidden, outputs = keras.layers.Dense(32, activation="relu"), keras.layers.Dense(CLASSES)
    made = keras.Sequential([keras.Input((FEATURES,)), hidden, outputs])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    made.compile("adam", loss, metrics=["accuracy"], device="cpu")
    return made


def data(samples: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(samples, FEATURES), torch.randint(0, CLASSES, (samples,))


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def growth(largest: int) -> None:
    """One epoch over ever more samples."""
    print("| samples | steps | us a step | MiB beside the data |\n|---|---|---|---|")
    trained, process = model(), psutil.Process()
    x, y = data(1000)
    trained.fit(x, y, batch_size=BATCH, verbose=0)
    for samples in (10_000, 100_000, largest):
        x, y = data(samples)
        before = process.memory_info().rss
        taken = min(seconds(lambda: trained.fit(x, y, batch_size=BATCH, verbose=0)) for _ in range(3))  # noqa: B023
        steps, more = samples // BATCH, (process.memory_info().rss - before) / 2**20
        print(f"| {samples:,} | {steps:,} | {taken / steps * 1e6:.0f} | {more:.0f} |", flush=True)


def loaders(samples: int, repeats: int) -> None:
    """Epochs of a bare loop and of `fit` in turn, over the same DataLoader."""
    print("| loader | bare, us a step | kerastorch, us a step | ratio: median, fastest |\n|---|---|---|---|")
    x, y = data(samples)
    for workers in (0, 2):
        loader = DataLoader(TensorDataset(x, y), BATCH, shuffle=True, num_workers=workers)
        trained = model()
        net = torch.nn.Sequential(torch.nn.Linear(FEATURES, 32), torch.nn.ReLU(), torch.nn.Linear(32, CLASSES))
        optimizer = torch.optim.Adam(net.parameters(), eps=1e-7, fused=True)
        sides: dict[str, Callable[[], object]] = {
            "bare": lambda: train_epoch(net, optimizer, loader),  # noqa: B023
            "ours": lambda: trained.fit(loader, verbose=0),  # noqa: B023
        }
        times: dict[str, list[float]] = {"bare": [], "ours": []}
        for repeat in range(repeats + 1):
            for name in sides if repeat % 2 else reversed(sides):
                times[name].append(seconds(sides[name]))
        times = {name: found[1:] for name, found in times.items()}
        micro = {name: statistics.median(t) / (samples / BATCH) * 1e6 for name, t in times.items()}
        median, fastest = ratios(times["ours"], times["bare"])
        row = f"| {workers} workers | {micro['bare']:.0f} | {micro['ours']:.0f} | {median:.2f}, {fastest:.2f} |"
        print(row, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--largest", type=int, default=1_000_000, help="samples of the longest run")
    parser.add_argument("--samples", type=int, default=50_000, help="samples behind the loaders")
    parser.add_argument("--repeats", type=int, default=7)
    given = parser.parse_args()
    growth(given.largest)
    print()
    loaders(given.samples, given.repeats)


if __name__ == "__main__":
    main()
