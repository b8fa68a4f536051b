"""One peer in a process of its own: reads a command from stdin, answers with a line of JSON.

`first` builds a model and trains on one batch, `fit`, `evaluate` and `predict` run once over the data, `memory` tells
the process's peak, `quit` ends.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def commands(peer: Any, task: Any, epochs: int) -> dict[str, Callable[[], Any]]:
    """What the parent may ask for."""
    from benchmarks.task import BATCH

    def first() -> None:
        peer.build()
        peer.fit(task.x[:BATCH], task.y[:BATCH], 1)

    return {
        "first": first,
        "fit": lambda: peer.fit(task.x, task.y, epochs),
        "evaluate": lambda: peer.evaluate(task.x_test, task.y_test),
        "predict": lambda: peer.predict(task.x_test).shape[0] * 1.0,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer")
    parser.add_argument("model")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--train", type=int, required=True)
    parser.add_argument("--test", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    given = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # peers talk; the answers have a channel of their own

    import torch

    from benchmarks.task import Task

    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    task = Task(given.model, given.data, given.train, given.test)
    try:
        module = importlib.import_module(f"benchmarks.peers.{given.peer}")
    except ModuleNotFoundError as error:
        answers.write(json.dumps({"missing": error.name}) + "\n")
        return
    known = commands(module.Peer(task), task, given.epochs)
    answers.write(json.dumps({"ready": True}) + "\n")
    for line in sys.stdin:
        command = line.strip()
        if command == "quit":
            return
        if command == "memory":
            answers.write(json.dumps({"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}) + "\n")
            continue
        started = time.perf_counter()
        value = known[command]()
        seconds = time.perf_counter() - started
        answers.write(json.dumps({"seconds": seconds, "value": value}) + "\n")


if __name__ == "__main__":
    main()
