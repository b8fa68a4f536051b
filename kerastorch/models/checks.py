"""Whether data and model fit together: looked at once, before the first step."""

from __future__ import annotations

from typing import Any

from kerastorch.base import errors
from kerastorch.data.arrays import ArraySource
from kerastorch.data.batch import Batch
from kerastorch.data.checks import check_finite
from kerastorch.data.source import DataSource
from kerastorch.models.program import ModelProgram
from kerastorch.nn.spec import assert_input


def check_inputs(model: Any, batch: Batch) -> None:
    """Raise unless a batch of inputs has the shapes that a model declares."""
    assert_input(getattr(model, "name", ""), getattr(model, "input_spec", None), batch.x)


def check_targets(program: ModelProgram, model: Any, batch: Batch, outputs: Any, usage: str) -> None:
    """Raise unless targets suit the losses and outputs."""
    if batch.y is None and program.objective.losses and "train_step" not in program.own:
        raise errors.value_error(
            f"`y` of {usage}", expected="targets for the compiled loss", received=None, remedy="Pass `y`."
        )


def scan(program: ModelProgram, sources: list[DataSource], outputs: Any) -> None:
    """Look through arrays for NaN, infinities and impossible labels."""
    for source in sources:
        if isinstance(source, ArraySource):
            for name, rows in source.arrays():
                check_finite(name, rows)
