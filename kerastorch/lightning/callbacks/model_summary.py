"""`ModelSummary`: the parts of a module and their parameters, shown before a fit."""

from __future__ import annotations

from typing import Any

from torch import nn

from kerastorch.lightning.callbacks.callback import Callback


class ModelSummary(Callback):
    """Prints a table of a module's parts when a fit begins.

    Args:
        max_depth: How deep parts of parts are shown; -1 for all, 0 for none.

    Example:
        >>> print(table(nn.Sequential(nn.Linear(2, 1)), 1))
          | Name | Type   | Params | Mode
        ------------------------------------
        0 | 0    | Linear | 3      | train
        ------------------------------------
        3 trainable, 0 frozen, 3 parameters in all
    """

    def __init__(self, max_depth: int = 1) -> None:
        self.max_depth = max_depth

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        if self.max_depth and trainer.is_global_zero:
            print(table(pl_module, self.max_depth))


def table(module: nn.Module, max_depth: int) -> str:
    """The parts of a module as a text.

    Args:
        module: The module.
        max_depth: How deep parts of parts are shown; -1 for all.
    """
    rows = [("", "Name", "Type", "Params", "Mode")]
    for name, part in module.named_modules():
        if name and (max_depth < 0 or name.count(".") < max_depth):
            count = sum(p.numel() for p in part.parameters())
            mode = "train" if part.training else "eval"
            rows.append((str(len(rows) - 1), name, type(part).__name__, f"{count:,}", mode))
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    rule = "-" * (max(map(len, lines)) + 2)
    trained = sum(p.numel() for p in module.parameters() if p.requires_grad)
    whole = sum(p.numel() for p in module.parameters())
    count = f"{trained:,} trainable, {whole - trained:,} frozen, {whole:,} parameters in all"
    return "\n".join([lines[0], rule, *lines[1:], rule, count])
