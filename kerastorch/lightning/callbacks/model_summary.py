"""`ModelSummary`: the parts of a module and their parameters, shown before a fit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import Tensor, nn

from kerastorch.lightning.callbacks.callback import Callback

Columns = list[tuple[str, list[str]]]


class ModelSummary(Callback):
    """Prints a table of a module's parts when a fit begins.

    Args:
        max_depth: How deep parts of parts are shown; -1 for all, 0 for none.
        **summarize_kwargs: More for `summarize`, which a subclass may override.

    Example:
        >>> print(table(nn.Sequential(nn.Linear(2, 1)), 1))
          | Name | Type   | Params | Mode
        ------------------------------------
        0 | 0    | Linear | 3      | train
        ------------------------------------
        3 trainable, 0 frozen, 3 parameters in all
    """

    def __init__(self, max_depth: int = 1, **summarize_kwargs: Any) -> None:
        self.max_depth, self.summarize_kwargs = max_depth, summarize_kwargs

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        if self.max_depth and trainer.is_global_zero:
            self.summarize(**summary(pl_module, self.max_depth), **self.summarize_kwargs)

    @staticmethod
    def summarize(
        summary_data: Columns,
        total_parameters: int,
        trainable_parameters: int,
        model_size: float,
        total_training_modes: dict[str, int],
        total_flops: int,
        **summarize_kwargs: Any,
    ) -> None:
        """Show a summary.

        Args:
            summary_data: The columns of the table, each with its name.
            total_parameters: The numbers in all parameters.
            trainable_parameters: The numbers in those that train.
            model_size: Their size, in MB of 10^6 bytes.
            total_training_modes: How many parts are in the mode "train", and how many in "eval".
            total_flops: 0; operations are not counted.
            **summarize_kwargs: What the callback was given.
        """
        print(text(summary_data, total_parameters, trainable_parameters))


def summary(module: nn.Module, max_depth: int) -> dict[str, Any]:
    """What `ModelSummary.summarize` gets.

    Args:
        module: The module.
        max_depth: How deep parts of parts are shown; -1 for all.

    Example:
        >>> summary(nn.Sequential(nn.Linear(2, 1)), 1)["model_size"]
        1.2e-05
    """
    parts = [(name, part) for name, part in module.named_modules() if name]
    shown = [(name, part) for name, part in parts if max_depth < 0 or name.count(".") < max_depth]
    columns: Columns = [
        (" ", [str(number) for number in range(len(shown))]),
        ("Name", [name for name, _ in shown]),
        ("Type", [type(part).__name__ for _, part in shown]),
        ("Params", [f"{_count(part.parameters()):,}" for _, part in shown]),
        ("Mode", ["train" if part.training else "eval" for _, part in shown]),
    ]
    if own := _count(module.parameters(recurse=False)):
        for (_, cells), cell in zip(columns, (" ", "other params", "n/a", f"{own:,}", "n/a"), strict=True):
            cells.append(cell)
    modes = [part.training for _, part in parts]
    parameters = list(module.parameters())
    return {
        "summary_data": columns,
        "total_parameters": _count(parameters),
        "trainable_parameters": _count(p for p in parameters if p.requires_grad),
        "model_size": sum(_count([p]) * p.dtype.itemsize for p in parameters) / 1e6,
        "total_training_modes": {"train": modes.count(True), "eval": modes.count(False)},
        "total_flops": 0,
    }


def _count(parameters: Iterable[Tensor]) -> int:
    return sum(0 if nn.parameter.is_lazy(p) else p.numel() for p in parameters)


def table(module: nn.Module, max_depth: int) -> str:
    """The parts of a module as a text.

    Args:
        module: The module.
        max_depth: How deep parts of parts are shown; -1 for all.
    """
    return text(**summary(module, max_depth))


def text(summary_data: Columns, total_parameters: int, trainable_parameters: int, **rest: Any) -> str:
    """What `summary` gave, as a text.

    Args:
        summary_data: The columns of the table.
        total_parameters: The numbers in all parameters.
        trainable_parameters: The numbers in those that train.
        **rest: What the text does not tell.
    """
    rows = [tuple(name for name, _ in summary_data), *zip(*(cells for _, cells in summary_data), strict=True)]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    rule = "-" * (max(map(len, lines)) + 2)
    frozen = total_parameters - trainable_parameters
    count = f"{trainable_parameters:,} trainable, {frozen:,} frozen, {total_parameters:,} parameters in all"
    return "\n".join([lines[0], rule, *lines[1:], rule, count])
