"""What `jit_compile=True` brings and costs on the tiny MLP: `python -m benchmarks.compiled`.

Steps of one batch that is in memory, on one thread: ours as it is, ours compiled, and the best bare loop (torch's fused
Adam, figures kept on the device). Interleaved rounds, the best of each.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from benchmarks.probe import data, tiny
from benchmarks.task import BATCH
from kerastorch.data.batch import Batch
from kerastorch.engine.choice import train_step_for
from kerastorch.engine.state import RunState

ROUNDS, STEPS = 9, 300


def ours(jit: bool, x: Any, y: Any) -> tuple[Callable[[], None], float]:
    """Our step on one batch, and the seconds that compiling it took.

    Args:
        jit: Whether it is compiled.
        x: Inputs of one batch.
        y: Labels.
    """
    model = tiny(jit_compile=jit)
    model.fit(torch.cat([x, x]), torch.cat([y, y]), batch_size=BATCH, verbose=0)
    program = model._program
    step, batch = train_step_for(program, program.plan, RunState()), Batch(x, y, None, len(x))

    def run() -> None:
        with step.session():
            for _ in range(STEPS):
                step(batch)

    return run, program.compiled_steps.seconds if jit else 0.0


def bare(x: Any, y: Any) -> Callable[[], None]:
    """The best bare loop on one batch."""
    net = torch.nn.Sequential(torch.nn.Linear(784, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))
    optimizer = torch.optim.Adam(net.parameters(), eps=1e-7, fused=True)
    total, correct = torch.zeros(()), torch.zeros((), dtype=torch.int64)

    def run() -> None:
        for _ in range(STEPS):
            logits = net(x)
            loss = functional.cross_entropy(logits, y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            total.add_(loss.detach())
            correct.add_((logits.argmax(-1) == y).sum())

    return run


def main() -> None:
    """Measure, and print a table."""
    torch.set_num_threads(1)
    x, y = data(1)
    (plain, _), (compiled, seconds) = ours(False, x, y), ours(True, x, y)
    runs = {"bare": bare(x, y), "ours": plain, "ours, compiled": compiled}
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(ROUNDS):
        for name, run in runs.items():
            began = time.perf_counter()
            run()
            best[name] = min(best[name], (time.perf_counter() - began) / STEPS)
    for name, each in best.items():
        print(f"{name:16}{each * 1e6:8.0f} us a step {each / best['bare']:6.2f} x bare")
    saved = best["ours"] - best["ours, compiled"]
    pays = f"it pays after {seconds / saved:,.0f} steps" if saved > 0 else "it does not pay"
    print(f"compiled against plain: {best['ours, compiled'] / best['ours']:.2f} x; compiling: {seconds:.1f} s; {pays}")


if __name__ == "__main__":
    main()
