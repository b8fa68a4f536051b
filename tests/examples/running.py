"""Scripts of `examples`, run in this process: as they are, or with real Lightning in the place of ours."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.lightning import parity

EXAMPLES = Path(__file__).parents[2] / "examples"
OURS, REAL = "import kerastorch.lightning as pl", "import lightning.pytorch as pl"


def load(script: str, real: bool = False) -> Any:
    """The names of a script, whose `main` is not called."""
    path = EXAMPLES / script
    text = path.read_text()
    assert text.count(OURS) == 1 or not real
    names: dict[str, Any] = {"__name__": path.stem, "__file__": str(path)}
    sys.path.insert(0, str(EXAMPLES))
    try:
        with parity.quiet() if real else nullcontext():
            exec(compile(text.replace(OURS, REAL) if real else text, path, "exec"), names)
    finally:
        sys.path.remove(str(EXAMPLES))
    return SimpleNamespace(**names)


@contextmanager
def arguments(script: str, *options: Any) -> Iterator[None]:
    """The command line of a script."""
    before, sys.argv = sys.argv, [script, *map(str, options)]
    try:
        yield
    finally:
        sys.argv = before


def run(script: str, *options: Any, real: bool = False, module: str | None = None) -> Any:
    """Run a script.

    Args:
        script: Its name.
        *options: Its command line.
        real: Whether under real Lightning.
        module: The class whose losses are kept.

    Returns:
        Its names, with `losses`: what `training_step` of the class logged as a loss.
    """
    names = load(script, real)
    names.losses = []
    if module is not None:
        keep_losses(getattr(names, module), names.losses)
    with arguments(script, *options), parity.quiet() if real else nullcontext():
        if real:
            warnings.simplefilter("ignore")
        names.main()
    return names


def keep_losses(cls: Any, losses: list[float]) -> None:
    """Let a class keep the losses of its training batches."""
    log = cls.log

    def keeping(self: Any, name: str, value: Any, **how: Any) -> None:
        if name in ("loss", "train_loss"):
            losses.append(value.item())
        log(self, name, value, **how)

    cls.log = keeping


def events(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """The figures in the event files of a folder: name to (step, value)."""
    found = _read(folder)
    return {tag: [(one.step, one.value) for one in found.Scalars(tag)] for tag in found.Tags()["scalars"]}


def check_equal(own: Path, real: Path, tolerance: float = 1e-6) -> None:
    """The same figures at the same steps in two folders; means are in float64 here, and in float32 there."""
    found, wanted = events(own), events(real)
    assert {tag: [step for step, _ in rows] for tag, rows in found.items()} == {
        tag: [step for step, _ in rows] for tag, rows in wanted.items()
    }
    for tag, rows in wanted.items():
        assert [value for _, value in found[tag]] == pytest.approx([value for _, value in rows], rel=tolerance), tag


def images(folder: Path) -> dict[str, tuple[int, int]]:
    """The images in the event files of a folder: name to (width, height)."""
    found = _read(folder)
    return {tag: (found.Images(tag)[-1].width, found.Images(tag)[-1].height) for tag in found.Tags()["images"]}


def _read(folder: Path) -> EventAccumulator:
    found = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0})
    found.Reload()
    return found


def part_of_mnist(path: str, target: Path, train: int = 2000, test: int = 500) -> str:
    """A file with the first images of MNIST."""
    with np.load(path) as arrays:
        part = {name: arrays[name][: train if "train" in name else test] for name in arrays.files}
    np.savez(target, **part)
    return str(target)
