"""A training step on a GPU beside the peers: `python -m benchmarks.gpu`.

Each side trains on batches that lie on the device, forward, loss, backward, Adam, and keeps mean loss and accuracy:

- `bare`: a careful eager loop: fused Adam, figures on the device, nothing waited for;
- `graph`: the same step captured by hand as one CUDA graph, replayed on each batch;
- `kerastorch`: `fit` with everything at its default; `captured`: with `jit_compile=True`;
- `lightning` and `keras` (torch backend), where they are installed.

The time of a step is the difference of a long and a short run divided by the difference of their steps, so that what a
call costs once cancels; the clock stops when the device has finished. Sides take turns, in an order that changes with
each repeat; ratios are medians of the ratios within a repeat.

Without a CUDA device it says so and ends with exit code 0.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader

from benchmarks.peers._lightning_like import module
from benchmarks.run import ratios
from benchmarks.task import BATCH, MODELS, keras_net, torch_net

NO_DEVICE = "benchmarks.gpu: this machine has no CUDA device that torch can use, so nothing was measured."
RESNET = "resnet18"
SIDES = ("bare", "graph", "kerastorch", "captured", "lightning", "keras")
# (network, side, reference, the most that the ratio may be)
BARS = (*((model, "captured", "graph", 1.1) for model in MODELS), (RESNET, "kerastorch", "bare", 1.02))
WATCHED = 16  # steps in mid-epoch whose waits for the device are counted
Sides = dict[str, Any]


def resnet18(classes: int = 10) -> nn.Module:
    """torchvision's ResNet-18 for images of 32x32 pixels: a 3x3 stem that keeps the size, no max pooling."""
    from torchvision.models import resnet18 as made

    net: nn.Module = made(num_classes=classes)
    net.conv1 = nn.Conv2d(3, 64, kernel_size=3, stride=1, padding=1, bias=False)
    net.maxpool = nn.Identity()
    return net.to(memory_format=torch.channels_last)


@dataclass
class Work:
    """A network and its data.

    Attributes:
        model: "tiny", "mlp", "cnn" or "resnet18".
        device: Where it trains.
        x: Inputs as bare torch wants them, (samples, ...), on the device.
        y: Labels, (samples,), there too.
        size: Samples in a batch.
        precision: "32" or "bf16-mixed".
    """

    model: str
    device: torch.device
    x: Tensor
    y: Tensor
    size: int
    precision: str

    @classmethod
    def make(cls, model: str, batches: int, device: torch.device, size: int | None = None) -> Work:
        """Random data, made on the device.

        Args:
            model: The network.
            batches: How many batches of data.
            device: Where.
            size: Samples in a batch; default 256 for the ResNet, 128 else.
        """
        size = size or (2 * BATCH if model == RESNET else BATCH)
        shape = {"cnn": (1, 28, 28), RESNET: (3, 32, 32)}.get(model, (784,))
        x = torch.rand(size * batches, *shape, device=device)
        y = torch.randint(10, (size * batches,), device=device)
        if model == RESNET:
            x = x.to(memory_format=torch.channels_last)
        return cls(model, device, x, y, size, "bf16-mixed" if model == RESNET else "32")

    def net(self) -> nn.Module:
        """A new network in bare torch, on the device."""
        net: nn.Module = resnet18() if self.model == RESNET else torch_net(self.model)
        return net.to(self.device)

    def batches(self, steps: int) -> Iterator[tuple[Tensor, Tensor]]:
        """The first batches, as views."""
        samples = steps * self.size
        return zip(self.x[:samples].split(self.size), self.y[:samples].split(self.size), strict=True)

    def context(self, cache: bool = True) -> AbstractContextManager[Any]:
        """Around a forward pass."""
        if self.precision == "32":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16, cache_enabled=cache)


class Bare:
    """The eager loop of a careful user of torch."""

    capturable = False

    def __init__(self, work: Work) -> None:
        self.work, self.net = work, work.net().train()
        self.optimizer = torch.optim.Adam(self.net.parameters(), eps=1e-7, fused=True, capturable=self.capturable)
        self.total = torch.zeros((), dtype=torch.float64, device=work.device)
        self.correct = torch.zeros((), dtype=torch.int64, device=work.device)

    def step(self, x: Tensor, y: Tensor, cache: bool = True) -> None:
        """Train on a batch."""
        with self.work.context(cache):
            logits = self.net(x)
            loss = functional.cross_entropy(logits, y)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.total.add_(loss.detach(), alpha=len(y))
        self.correct.add_((logits.argmax(-1) == y).sum())

    def train(self, steps: int) -> None:
        """Train on the first batches."""
        for x, y in self.work.batches(steps):
            self.step(x, y)

    def waits(self) -> int:
        """Operators in 16 steps that wait for the device."""
        return waits_in(lambda: self.train(WATCHED))


class Graph(Bare):
    """The step of `Bare`, captured once: a batch is copied into its inputs, and the graph is replayed."""

    capturable = True

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.x, self.y = work.x[: work.size].clone(), work.y[: work.size].clone()
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Adam wonders why it is not captured yet
            for _ in range(3):
                self.step(self.x, self.y, cache=False)
        torch.cuda.current_stream().wait_stream(stream)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, stream=stream):
            self.step(self.x, self.y, cache=False)  # gradients are None: they are made in the graph's own memory

    def train(self, steps: int) -> None:
        for x, y in self.work.batches(steps):
            self.x.copy_(x, non_blocking=True)
            self.y.copy_(y, non_blocking=True)
            self.graph.replay()


class KerasLike:
    """What kerastorch and Keras are asked, in the same words; their images are NHWC."""

    def __init__(self, work: Work, keras: Any, x: Any, y: Any, **options: Any) -> None:
        self.work, self.keras, self.x, self.y = work, keras, x, y
        self.model = self.network()
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.model.compile(optimizer="adam", loss=loss, metrics=["accuracy"], **options)

    def network(self) -> Any:
        """The network, not compiled."""
        return keras_net(self.keras, self.work.model)

    def train(self, steps: int, **options: Any) -> None:
        """Train on the first batches."""
        samples, given = steps * self.work.size, {"batch_size": self.work.size, "shuffle": False, "verbose": 0}
        self.model.fit(self.x[:samples], self.y[:samples], **given, **options)


class Ours(KerasLike):
    """`fit` on tensors that lie on the device."""

    jit_compile = False

    def __init__(self, work: Work) -> None:
        import kerastorch

        x = work.x.permute(0, 2, 3, 1) if work.model == "cnn" else work.x
        options = {"device": work.device, "precision": work.precision, "jit_compile": self.jit_compile}
        super().__init__(work, kerastorch, x, work.y, **options)

    def network(self) -> Any:
        return self.keras.Model(self.work.net()) if self.work.model == RESNET else super().network()

    def train(self, steps: int, **options: Any) -> None:
        super().train(steps, check_data=False, **options)

    def waits(self) -> int:
        """Operators in 16 steps in mid-epoch that wait for the device."""
        watch = Waits()
        hooks = self.keras.callbacks.LambdaCallback(on_train_batch_begin=watch)
        return waits_in(lambda: self.train(2 * WATCHED, callbacks=[hooks]), watch)

    @property
    def refused(self) -> str | None:
        """Why the step was not compiled, where it should have been."""
        cache = getattr(self.model._program, "compiled_steps", None)
        return None if cache is None else cache.refused


class Captured(Ours):
    """The whole step compiled, and on a GPU captured."""

    jit_compile = True


class Lightning:
    """A `Trainer` for each run, as Lightning's users make it; the batches lie on the device."""

    def __init__(self, work: Work) -> None:
        importlib.import_module("benchmarks.peers.lightning")  # which quietens it
        self.work, self.pl = work, importlib.import_module("lightning.pytorch")
        self.module = module(self.pl, "tiny")
        self.module.net = work.net()

    def train(self, steps: int) -> None:
        """Train on the first batches."""
        precision = {"32": "32-true"}.get(self.work.precision, self.work.precision)
        trainer = self.pl.Trainer(
            max_epochs=1, accelerator=self.work.device.type.replace("cuda", "gpu"), devices=1, precision=precision,
            logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip
        trainer.fit(self.module, DataLoader(list(self.work.batches(steps)), batch_size=None))  # type: ignore[arg-type]


class Keras(KerasLike):
    """Keras on torch: arrays on the host, as its adapters want them."""

    def __init__(self, work: Work) -> None:
        if work.model == RESNET:
            raise ModuleNotFoundError("a ResNet-18 in its own layers", name="keras's ResNet-18")
        keras = importlib.import_module("benchmarks.peers.keras").keras
        x = work.x.permute(0, 2, 3, 1) if work.model == "cnn" else work.x
        super().__init__(work, keras, x.cpu().numpy(), work.y.cpu().numpy())


KINDS: dict[str, Callable[[Work], Any]] = {
    "bare": Bare, "graph": Graph, "kerastorch": Ours, "captured": Captured, "lightning": Lightning, "keras": Keras,
}  # fmt: skip


# -- waits for the device -------------------------------------------------------------------------------------------


class Waits:
    """A hook before each batch that lets waits be told from the 9th batch on, for 16 batches."""

    mode = "default"

    def __call__(self, batch: int, logs: Any = None) -> None:
        torch.cuda.set_sync_debug_mode(self.mode if 8 <= batch < 8 + WATCHED else "default")


def waits_in(run: Callable[[], Any], watch: Waits | None = None) -> int:
    """How often a run waits for the device: none if torch's mode "error" lets it pass, else what "warn" counts.

    Args:
        run: What is watched.
        watch: Sets the mode within the run; default: it holds for the whole run.
    """
    try:
        _watched(run, watch, "error")
        return 0
    except RuntimeError as error:
        if "synchronizing" not in str(error):
            raise
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        _watched(run, watch, "warn")
    return sum("synchronizing" in str(one.message) for one in told)


def _watched(run: Callable[[], Any], watch: Waits | None, mode: str) -> None:
    if watch is None:
        torch.cuda.set_sync_debug_mode(mode)
    else:
        watch.mode = mode
    try:
        run()
    finally:
        torch.cuda.set_sync_debug_mode("default")


# -- measuring ------------------------------------------------------------------------------------------------------


def sides_of(work: Work, wanted: list[str]) -> Sides:
    """The sides that can be made; what is missing is told."""
    sides = {}
    for name in wanted:
        try:
            sides[name] = KINDS[name](work)
        except ModuleNotFoundError as error:
            print(f"{work.model}: {name} is left out, {error.name} is not there", file=sys.stderr)
    return sides


def seconds(side: Any, steps: int, device: torch.device) -> float:
    """How long a run takes, until the device has finished."""
    wait(device)
    began = time.perf_counter()
    side.train(steps)
    wait(device)
    return time.perf_counter() - began


def wait(device: torch.device) -> None:
    """Wait for the device."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def measure(sides: Sides, device: torch.device, short: int, long: int, repeats: int) -> dict[str, list[float]]:
    """Side -> seconds of a step, one a repeat.

    Args:
        sides: The sides.
        device: Where they train.
        short: Steps of the short run.
        long: Steps of the long run.
        repeats: How often each side is asked.
    """
    for side in sides.values():  # compiles, captures, chooses kernels, fills the allocator's cache
        for steps in (short, short, long):
            side.train(steps)
    times: dict[str, list[float]] = {name: [] for name in sides}
    names = list(sides)
    for repeat in range(repeats):
        turn = repeat % len(names)
        for name in names[turn:] + names[:turn]:
            less, more = (seconds(sides[name], steps, device) for steps in (short, long))
            times[name].append((more - less) / (long - short))
    return times


def table(work: Work, times: dict[str, list[float]], waits: dict[str, int], notes: dict[str, str]) -> str:
    """The figures of a network in Markdown.

    Args:
        work: The network.
        times: Side -> seconds of a step, one a repeat.
        waits: Side -> waits for the device in 16 steps.
        notes: Side -> what is to be said of it.
    """
    title = f"{work.model}, batch {work.size}, {work.precision}"
    lines = [f"| {title} | us a step | to `bare` | to `graph` | waits in {WATCHED} steps |", "|---|---|---|---|---|"]
    for name, found in times.items():
        to = [f"{ratios(found, times[other])[0]:.2f}" if other in times else "" for other in ("bare", "graph")]
        shown = f"{name} ({notes[name]})" if name in notes else name
        cells = [shown, f"{statistics.median(found) * 1e6:.1f}", *to, str(waits.get(name, ""))]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def verdicts(results: dict[str, dict[str, list[float]]], waits: dict[str, dict[str, int]]) -> str:
    """The bars in Markdown: what must be, what is."""
    lines = ["| what | bar | is |", "|---|---|---|"]
    for model, side, reference, most in BARS:
        times = results.get(model, {})
        if side in times and reference in times:
            ratio = ratios(times[side], times[reference])[0]
            lines.append(f"| {model}: {side} to {reference} | {most:g} | {_judged(ratio, most)} |")
    for model, counted in waits.items():
        for side in ("kerastorch", "captured"):
            if side in counted:
                lines.append(f"| {model}: waits of {side} | 0 | {_judged(counted[side], 0)} |")
    return "\n".join(lines)


def _judged(value: float, most: float) -> str:
    return f"{round(value, 3):g}" + ("" if value <= most else " (missed)")


def steps_for(model: str, small: bool) -> tuple[int, int]:
    """Steps of the short and of the long run; the short one has room for the steps that are watched."""
    if small:
        return 2 * WATCHED, 4 * WATCHED
    return {"tiny": (100, 600), "mlp": (100, 600), "cnn": (50, 300)}.get(model, (40, 120))


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="CI's size: tiny and the ResNet, few steps, three repeats")
    parser.add_argument("--models", nargs="+", choices=(*MODELS, RESNET))
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--json", type=Path, help="write all times here")
    found = parser.parse_args(given)
    found.models = found.models or (["tiny", RESNET] if found.small else [*MODELS, RESNET])
    found.repeats = found.repeats or (3 if found.small else 15)
    return found


def heading(device: torch.device) -> str:
    """Where and when, and how float32 is multiplied: it changes every figure."""
    backends: Any = torch.backends
    matmul, cudnn = backends.cuda.matmul, backends.cudnn
    return (
        f"{datetime.date.today()}; {torch.cuda.get_device_name(device)}; torch {torch.__version__}, "
        f"CUDA {torch.version.cuda}, cuDNN {cudnn.version()}; "
        f"float32: matrices {matmul.fp32_precision}, convolutions {cudnn.conv.fp32_precision}"
    )


def main(given: list[str] | None = None) -> int:
    """Measure, and print tables; the exit code."""
    options = arguments(given)
    if not torch.cuda.is_available():
        print(NO_DEVICE)
        return 0
    device = torch.device("cuda", torch.cuda.current_device())
    print(heading(device), end="\n\n", flush=True)
    results, waits = {}, {}
    for model in options.models:
        short, long = steps_for(model, options.small)
        work = Work.make(model, long, device)
        sides = sides_of(work, options.sides)
        results[model] = measure(sides, device, short, long, options.repeats)
        waits[model] = {name: side.waits() for name, side in sides.items() if hasattr(side, "waits")}
        notes = {
            name: f"not compiled: {side.refused}" for name, side in sides.items() if getattr(side, "refused", None)
        }
        print(table(work, results[model], waits[model], notes), end="\n\n", flush=True)
    print(verdicts(results, waits))
    if options.json:
        options.json.write_text(json.dumps({"times": results, "waits": waits}, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
