"""`RichModelSummary`: the parts of a module and their parameters, drawn by rich."""

from __future__ import annotations

from typing import Any

from rich import get_console
from rich.table import Table

from kerastorch.lightning.callbacks.model_summary import Columns, ModelSummary


class RichModelSummary(ModelSummary):
    """Draws a table of a module's parts when a fit begins.

    Args:
        max_depth: How deep parts of parts are shown; -1 for all, 0 for none.
        **summarize_kwargs: `header_style`, in the words of rich; default "bold magenta".

    Example:
        >>> RichModelSummary(max_depth=2).max_depth
        2
    """

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
        parts = Table(header_style=summarize_kwargs.get("header_style", "bold magenta"))
        for name, _ in summary_data:
            justify: Any = "right" if name == "Params" else "left"
            parts.add_column(name, style="dim" if name == " " else None, justify=justify, no_wrap=name == "Name")
        for row in zip(*(cells for _, cells in summary_data), strict=True):
            parts.add_row(*row)
        whole = Table.grid(padding=(0, 1))
        for name, figure in {
            "Trainable params": f"{trainable_parameters:,}",
            "Non-trainable params": f"{total_parameters - trainable_parameters:,}",
            "Total params": f"{total_parameters:,}",
            "Size of the params (MB)": f"{model_size:,.3f}",
            "Modules in train mode": str(total_training_modes["train"]),
            "Modules in eval mode": str(total_training_modes["eval"]),
        }.items():
            whole.add_row(f"[bold]{name}[/]:", figure)
        get_console().print(parts, whole, sep="\n")
