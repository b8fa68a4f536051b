"""Running what was written, and comparing it with the model."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

import kerastorch as keras
from kerastorch.convert import Source, network


def classes(source: str) -> dict[str, Any]:
    """What a file defines."""
    space: dict[str, Any] = {"__name__": "written"}
    exec(compile(source, "<written>", "exec"), space)
    return space


def check_format(*sources: str) -> None:
    """Refuse sources that ruff would change or complain of."""
    options = ["--isolated", "--line-length", "120"]
    rules = ["--select", "E,F,W,I,B,UP,SIM,C901"]
    with tempfile.TemporaryDirectory() as folder:
        for number, source in enumerate(sources):
            Path(folder, f"file_{number}.py").write_text(source)
        for command in (["check", *options, *rules], ["format", "--diff", *options]):
            done = subprocess.run(
                [sys.executable, "-m", "ruff", *command, "."], capture_output=True, text=True, cwd=folder
            )
            assert done.returncode == 0, done.stdout + done.stderr


def same(model: Any, *inputs: Any, plain: bool = True, close: float = 2e-6) -> Source:
    """Check that the written class computes what the model does, in both modes and backwards.

    Args:
        model: A model whose randomness is off.
        inputs: What it is called with; several make a list.
        plain: Whether there should be no note.
        close: How far values may be from each other, beside their size.

    Returns:
        The source.
    """
    source = network(model)
    made = classes(source.file())["Network"]()
    made.load_state_dict(model.state_dict())
    x = inputs[0] if len(inputs) == 1 else list(inputs)
    for training in (True, False):
        model.train(training)
        made.train(training)
        outputs, found = (keras.tree.flatten(net(x)) for net in (model, made))
        assert len(outputs) == len(found)
        for one, two in zip(outputs, found, strict=True):
            assert one.shape == two.shape and one.dtype == two.dtype
            torch.testing.assert_close(two, one, atol=close, rtol=close)
        for net, values in ((model, outputs), (made, found)):
            net.zero_grad()
            total = sum((v * torch.linspace(-1, 1, v.numel()).view(v.shape)).sum() for v in values if v.requires_grad)
            if isinstance(total, torch.Tensor):
                total.backward()
        gradients = {name: p.grad for name, p in made.named_parameters()}
        for name, p in model.named_parameters():
            if p.grad is None:
                assert gradients[name] is None
            else:
                torch.testing.assert_close(gradients[name], p.grad, atol=20 * close, rtol=20 * close)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(made.state_dict()[name], value.detach(), atol=close, rtol=close)
    assert not (plain and source.notes), source.notes
    return source


def one(layer: Any, *shape: int, seed: int = 0, plain: bool = True) -> Source:
    """`same` for a model of one layer."""
    model = keras.Sequential([keras.Input(shape), layer])
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(seed)) * 0.1)
    return same(model, torch.randn(3, *shape, generator=torch.Generator().manual_seed(seed)), plain=plain)


def value(piece: Any, **names: Any) -> Any:
    """The value of a piece's expression where these names are known."""
    space: dict[str, Any] = {"__name__": "written"}
    exec("\n".join([*piece.imports, *piece.helpers]), space)
    return eval(piece.expression, space, names)
