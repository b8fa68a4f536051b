"""Speed and memory beside the peers: `python -m benchmarks.run`.

Every peer lives in a process of its own, and all peers of a model are alive at once: they are asked in turn, in an
order that changes with each repeat, so that whatever else the machine does hits them alike. Ratios are to the best
bare loop: the median of the ratios within a repeat, and the ratio of the fastest times.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.task import BATCH, MODELS

PEERS = ("best", "bare", "kerastorch", "unchecked", "module", "trainer", "keras", "lightning", "poutyne", "skorch")
PHASES = ("first", "fit", "evaluate", "predict", "memory")
REFERENCE = "best"


class Worker:
    """A peer's process.

    Args:
        peer: The peer.
        model: The network.
        given: The command line.
    """

    def __init__(self, peer: str, model: str, given: argparse.Namespace) -> None:
        self.peer = peer
        sizes = [f"--{name}={getattr(given, name)}" for name in ("train", "test", "epochs", "threads")]
        data = [f"--data={given.data.resolve()}"] if given.data else []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", peer, model, *sizes, *data],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).resolve().parents[1],
            stderr=None if given.loud else subprocess.DEVNULL,
            env={**os.environ, "OMP_NUM_THREADS": str(given.threads), "MKL_NUM_THREADS": str(given.threads)},
        )  # fmt: skip

    def answer(self) -> dict[str, Any]:
        """The next line it writes."""
        line = self.process.stdout.readline()  # type: ignore[union-attr]
        if not line:
            raise SystemExit(f"{self.peer} died; run again with --loud to see why.")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, command: str) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        self.process.stdin.write(command + "\n")  # type: ignore[union-attr]
        self.process.stdin.flush()  # type: ignore[union-attr]
        return self.answer()

    def close(self) -> None:
        """Let it end."""
        try:
            self.process.communicate("quit\n", timeout=30)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self.process.kill()


def measure(model: str, given: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """phase -> peer -> list of seconds (or the peak in MiB, or the accuracy reached)."""
    workers = [Worker(peer, model, given) for peer in given.peers]  # they start side by side
    try:
        return _measure([worker for worker in workers if _is_there(worker)], given)
    finally:
        for worker in workers:
            worker.close()


def _is_there(worker: Worker) -> bool:
    missing = worker.answer().get("missing")
    if missing:
        print(f"{worker.peer}: left out, {missing} is not installed", file=sys.stderr)
    return not missing


def _measure(workers: list[Worker], given: argparse.Namespace) -> dict[str, dict[str, Any]]:
    results: dict[str, dict[str, Any]] = {"accuracy": {}}
    for worker in workers:
        results.setdefault("first", {})[worker.peer] = [worker.ask("first")["seconds"]]
        worker.ask("fit")
        results["accuracy"][worker.peer] = worker.ask("evaluate")["value"]
        worker.ask("predict")
    for phase in ("fit", "evaluate", "predict"):
        if phase not in given.phases:
            continue
        times: dict[str, list[float]] = {worker.peer: [] for worker in workers}
        for repeat in range(given.repeats):
            turn = repeat % len(workers)
            for worker in workers[turn:] + workers[:turn]:
                times[worker.peer].append(worker.ask(phase)["seconds"])
        results[phase] = times
    results["memory"] = {worker.peer: worker.ask("memory")["peak"] for worker in workers}
    return results


def table(model: str, results: dict[str, dict[str, Any]], given: argparse.Namespace) -> str:
    """The figures of a model in Markdown."""
    peers = list(results["accuracy"])
    shown = [p for p in given.phases if p in results]
    heading = " | ".join([model, *map(_heading, shown), "accuracy"])
    lines = [f"| {heading} |", "|---" * (len(shown) + 2) + "|"]
    for peer in peers:
        cells = [_cell(phase, peer, results[phase], given) for phase in shown]
        lines.append(f"| {peer} | " + " | ".join(cells) + f" | {results['accuracy'][peer]:.3f} |")
    return "\n".join(lines)


def _heading(phase: str) -> str:
    units = {"first": "first batch, ms", "memory": "peak, MiB"}
    return units.get(phase, f"{phase}, us a step (ratio: median, fastest)")


def _cell(phase: str, peer: str, found: dict[str, Any], given: argparse.Namespace) -> str:
    if phase == "memory":
        return f"{found[peer]:.0f}"
    if phase == "first":
        return f"{found[peer][0] * 1e3:.0f}"
    samples, epochs = (given.train, given.epochs) if phase == "fit" else (given.test, 1)
    micro = min(found[peer]) / (math.ceil(samples / BATCH) * epochs) * 1e6
    if REFERENCE not in found:
        return f"{micro:.0f}"
    median, fastest = ratios(found[peer], found[REFERENCE])
    return f"{micro:.0f} ({median:.2f}, {fastest:.2f})"


def ratios(times: list[float], reference: list[float]) -> tuple[float, float]:
    """The median of the ratios within a repeat, and the ratio of the fastest.

    Example:
        >>> ratios([2.0, 3.0, 8.0], [1.0, 2.0, 2.0])
        (2.0, 2.0)
    """
    return statistics.median(a / b for a, b in zip(times, reference, strict=True)), min(times) / min(reference)


def _names(known: tuple[str, ...], also: tuple[str, ...] = ()) -> Any:
    def parse(text: str) -> list[str]:
        names = text.split(",")
        for name in names:
            if name not in known + also:
                raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(known + also)}")
        return names

    return parse


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="CI's size: little data, two repeats")
    parser.add_argument("--models", type=_names(MODELS), default=None)
    parser.add_argument("--peers", type=_names(PEERS, ("bf16",)), default=list(PEERS))
    parser.add_argument("--phases", type=_names(PHASES), default=list(PHASES))
    parser.add_argument("--data", type=Path, help="MNIST as npz; default random digits of the same shape")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--epochs", type=int, default=2, help="epochs of one measured fit")
    parser.add_argument("--train", type=int)
    parser.add_argument("--test", type=int)
    parser.add_argument("--json", type=Path, help="write all times here")
    parser.add_argument("--loud", action="store_true", help="show what the peers write to stderr")
    given = parser.parse_args()
    given.models = given.models or (["tiny"] if given.small else list(MODELS))
    given.repeats = given.repeats or (2 if given.small else 9)
    given.train = given.train or (2560 if given.small else 60000)
    given.test = given.test or (1280 if given.small else 10000)
    return given


def main() -> None:
    given = arguments()
    everything = {}
    for model in given.models:
        everything[model] = measure(model, given)
        print(table(model, everything[model], given), end="\n\n", flush=True)
    if given.json:
        given.json.write_text(json.dumps(everything, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
