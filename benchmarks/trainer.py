"""Two Trainers, one module: calls of a batch and frames to backward, ours beside Lightning's.

`python -m benchmarks.trainer` counts, which does not wobble on a shared machine; times are in
`python -m benchmarks.run --peers best,bare,trainer,lightning`.
"""

from __future__ import annotations

import argparse
import importlib
from typing import Any

import torch

from benchmarks import probe
from benchmarks.task import BATCH, MODELS, Task

SIDES = ("trainer", "lightning")


def cost(side: str, model: str, short: int, long: int) -> tuple[float, int]:
    """Python and C calls of each further batch, and the frames from `fit` to backward.

    Args:
        side: The peer.
        model: The network.
        short: Batches of the shorter run.
        long: Batches of the longer run: the two are compared, so that beginnings and ends cancel.
    """
    task = Task(model, None, long * BATCH, BATCH)
    peer = importlib.import_module(f"benchmarks.peers.{side}").Peer(task)

    def fit(batches: int) -> None:
        peer.fit(task.x[: batches * BATCH], task.y[: batches * BATCH], 1)

    frames = len(probe.stack(lambda: fit(4)))
    few, many = (probe.calls(lambda n=n: fit(n)) for n in (short, long))
    return (many - few) / (long - short), frames


def table(models: list[str], short: int = 16, long: int = 48) -> str:
    """The counts in Markdown."""
    lines = ["| network | calls a batch: ours | Lightning | ratio | frames: ours | Lightning |", "|---" * 6 + "|"]
    for model in models:
        (ours, near), (theirs, far) = (cost(side, model, short, long) for side in SIDES)
        lines.append(f"| {model} | {ours:.0f} | {theirs:.0f} | {ours / theirs:.2f} | {near} | {far} |")
    return "\n".join(lines)


def main() -> None:
    parser: Any = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    torch.set_num_threads(1)
    print(table(parser.parse_args().models))


if __name__ == "__main__":
    main()
