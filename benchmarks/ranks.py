"""Two processes beside bare DistributedDataParallel: `python -m benchmarks.ranks`. The bar is 1.03.

Both live in the same processes and take turns, so that whatever else the machine does hits them alike. A step is one
batch of 128 on all ranks together.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import torch
import torch.distributed as dist
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel

from benchmarks.run import ratios
from benchmarks.task import BATCH, MODELS, Task, keras_net, torch_net
from kerastorch.runtime.launch import run_on_ranks


class Bare:
    """What a careful user of bare torch would write: its rows gathered in memory, fused Adam, metrics on the device."""

    def __init__(self, task: Task) -> None:
        self.task, self.rank, self.size = task, dist.get_rank(), dist.get_world_size()
        self.net = DistributedDataParallel(torch_net(task.model))
        self.optimizer = torch.optim.Adam(self.net.parameters(), eps=1e-7, fused=True)
        self.x, self.y = torch.from_numpy(task.channels_first(task.x)), torch.from_numpy(task.y)
        self.epoch = 0

    def fit(self) -> None:
        """One epoch."""
        self.epoch += 1
        order = torch.randperm(len(self.x), generator=torch.Generator().manual_seed(self.epoch))
        total, correct = torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.int64)
        for batch in order.split(BATCH):
            own = batch.chunk(self.size)[self.rank]
            inputs, labels = self.x[own], self.y[own]
            logits = self.net(inputs)
            loss = functional.cross_entropy(logits, labels)
            loss.backward()
            self.optimizer.step()
            self.optimizer.zero_grad(set_to_none=True)
            total.add_(loss.detach(), alpha=len(inputs))
            correct += (logits.argmax(-1) == labels).sum()
        figures = torch.stack([total, correct.double()])
        dist.all_reduce(figures)


class Ours:
    """The same in our words."""

    def __init__(self, task: Task) -> None:
        import kerastorch as keras

        self.task, self.model = task, keras_net(keras, task.model)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.model.compile("adam", loss, metrics=["accuracy"], device="cpu")

    def fit(self) -> None:
        """One epoch."""
        self.model.fit(self.task.x, self.task.y, batch_size=BATCH, verbose=0, check_data=False)


def measure(model: str, samples: int, repeats: int) -> dict[str, list[float]]:
    """On a rank: seconds of each epoch of both."""
    from kerastorch.runtime.ddp import join
    from kerastorch.runtime.world import World

    world = World.here()
    assert world is not None
    join(world, torch.device("cpu"), 600.0)
    task = Task(model, None, samples, BATCH)
    sides: dict[str, Any] = {"bare": Bare(task), "kerastorch": Ours(task)}
    times: dict[str, list[float]] = {name: [] for name in sides}
    for repeat in range(repeats + 1):
        for name in sides if repeat % 2 else reversed(sides):
            dist.barrier()
            start = time.perf_counter()
            sides[name].fit()
            times[name].append(time.perf_counter() - start)
    return {name: found[1:] for name, found in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="CI's size")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--models", nargs="+", choices=MODELS)
    parser.add_argument("--samples", type=int)
    parser.add_argument("--repeats", type=int)
    given = parser.parse_args()
    samples = given.samples or (2560 if given.small else 12800)
    repeats = given.repeats or (3 if given.small else 11)
    print(f"| model, {given.ranks} ranks | bare DDP, us a step | kerastorch, us a step | ratio: median, fastest |")
    print("|---|---|---|---|")
    for model in given.models or (["tiny"] if given.small else MODELS):
        times = run_on_ranks(given.ranks, measure, model, samples, repeats)
        steps = samples / BATCH
        micro = {name: statistics.median(found) / steps * 1e6 for name, found in times.items()}
        median, fastest = ratios(times["kerastorch"], times["bare"])
        print(
            f"| {model} | {micro['bare']:.0f} | {micro['kerastorch']:.0f} | {median:.2f}, {fastest:.2f} |", flush=True
        )


if __name__ == "__main__":
    main()
