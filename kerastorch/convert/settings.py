"""Seeds, precision, and the arguments that have no counterpart."""

from __future__ import annotations

import ast

from kerastorch.convert.expressions import DROPPED
from kerastorch.convert.page import ModelFacts, Page
from kerastorch.convert.roles import Part
from kerastorch.convert.uses import Use
from kerastorch.convert.writing import Mark, Text, source

_PRECISIONS = {"mixed_float16": "16-mixed", "mixed_bfloat16": "bf16-mixed", "float32": ""}
_WEIGHTS = (
    "The loss above is a mean over the batch; weights belong inside it. For cross entropy give it "
    "weight=torch.tensor([...]), or compute it with reduction='none', multiply, and take the mean."
)
# Arguments of fit, evaluate and predict without a counterpart: default, targets that lack it, what to do.
_ARGUMENTS = {
    "class_weight": (("lightning", "torch"), _WEIGHTS),
    "sample_weight": (("lightning", "torch"), f"Put the weights into the Dataset as a third tensor. {_WEIGHTS}"),
    "initial_epoch": (("lightning",), "Trainer.fit(..., ckpt_path=...) goes on from a checkpoint, epoch included."),
    "steps_per_epoch": (
        ("torch",),
        "Leave the loop over batches early: itertools.islice(train_loader, steps).",
    ),
    "validation_steps": (("torch",), "Pass itertools.islice(val_loader, steps) to evaluate()."),
    "validation_freq": (("torch",), "Evaluate only if (epoch + 1) % validation_freq == 0."),
}
_OTHERS = {
    "sample_weight": f"Put the weights into the Dataset as a third tensor. {_WEIGHTS}",
    "callbacks": "Give the Trainer callbacks (Lightning), or write what they do before and after the call.",
    "steps": "Take a torch.utils.data.Subset of the samples.",
}


def convert(page: Page, part: Part) -> Text:
    """A statement that sets something."""
    if part.role == "seed":
        return _seed(page, part)
    if part.role == "policy":
        return _policy(page, part)
    node = part.statement.node
    name = (
        page.script.dotted(node.value.func) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else ""
    )
    reason = DROPPED.get(name, "torch needs no such setting")
    line = part.statement.text.splitlines()[0]
    return Text(here=page.note(f"Left out: {line} ({reason})."))


def _seed(page: Page, part: Part) -> Text:
    node = part.statement.node
    seed = source(node.value.args[0]) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else "0"
    if page.target == "lightning":
        page.imports.add("import lightning.pytorch as pl")
        return Text(here=[f"pl.seed_everything({seed})"])
    page.imports.add("import torch")
    lines = [f"torch.manual_seed({seed})"]
    if "numpy" in page.script.names.values():
        page.imports.add("import numpy as np")
        lines.append(f"np.random.seed({seed})")
    return Text(here=lines)


def _policy(page: Page, part: Part) -> Text:
    node, text = part.statement.node, Text()
    given = node.value.args[0] if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else None
    policy = given.value if isinstance(given, ast.Constant) else None
    if page.target == "lightning" and policy in _PRECISIONS:
        page.precision = _PRECISIONS[policy]
        text.here = page.compare(
            part.statement.text,
            f'Trainer(precision="{page.precision}"), below: the model stays as it is.',
            "mixed_precision",
            "Trainer(precision=...)",
        )
    else:
        text.mark(
            Mark(
                part.statement.line,
                part.statement.text,
                "In plain PyTorch the precision is said around the forward pass.",
                "Compute the loss within `with torch.autocast('cuda', dtype=torch.float16):`, and scale it with "
                "torch.amp.GradScaler.",
            )
        )
    return text


def refuse_fit(page: Page, model: ModelFacts, use: Use, text: Text) -> None:
    """Mark the arguments of a `fit` that are not converted."""
    for name, (targets, do) in _ARGUMENTS.items():
        value = use.get(name) if not (model.weighted and name.endswith("_weight")) else ""
        if value and page.target in targets and value not in ("0", "1"):
            text.mark(Mark(use.line, f"{use.model}.fit({name}={value})", "This argument is not converted.", do))
    given = use.get("validation_data")
    if given.startswith("(") and len(ast.parse(given, mode="eval").body.elts) == 3:  # type: ignore[attr-defined]
        text.mark(Mark(use.line, f"validation_data={given}", "Its weights are not converted.", _WEIGHTS))


def refuse_others(use: Use, text: Text) -> None:
    """Mark the arguments of `evaluate` and `predict` that are not converted."""
    for name, do in _OTHERS.items():
        if use.get(name):
            what = f"{use.model}.{use.method}({name}={use.get(name)})"
            text.mark(Mark(use.line, what, "This argument is not converted.", do))
