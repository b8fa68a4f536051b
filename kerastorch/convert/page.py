"""What the parts of a conversion share: the target, the names, imports and helpers of the script that is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kerastorch.convert import writing
from kerastorch.convert.reading import Script
from kerastorch.convert.source import Piece
from kerastorch.convert.writing import Mark, Names


@dataclass
class ModelFacts:
    """A model of the script.

    Attributes:
        name: The variable that holds it.
        value: The model itself.
        class_name: The name of the class that is written for it.
        compiled: Whether it was compiled.
        measure: The name of the function that computes its loss and metrics (PyTorch only).
        trainer: The variable that holds the Trainer that trained it last, or "" (Lightning only).
        figures: The names of its loss and metrics, in Keras's order.
        optimizer: The variable that holds its optimizer (PyTorch only).
        scheduler: The variable that holds its learning-rate schedule, or "" (PyTorch only).
        collects: Whether it has metrics that collect batches (PyTorch only).
        line: Where the script defines it.
        compiles: How often its compile was met.
        written: Whether its class was written.
        inside: The model of which this one is a part, as the script sees it ("autoencoder.encoder"), or "".
        shares: The variables of models whose layers this one has too.
        checkpoints: The paths that ModelCheckpoint writes, as the Keras script says them (Lightning only).
        weighted: Whether a fit weighs its samples, and the loss can be written for single ones.
        trainings: How many fits the script has.
        schedulers: For configure_optimizers: a scheduler, the figure it watches, its Keras source (Lightning only).
    """

    name: str
    value: Any
    class_name: str
    compiled: bool
    measure: str = "measure"
    trainer: str = ""
    figures: tuple[str, ...] = ("loss",)
    optimizer: str = "optimizer"
    scheduler: str = ""
    collects: bool = False
    line: int = 0
    compiles: int = 0
    written: bool = False
    inside: str = ""
    shares: list[str] = field(default_factory=list)
    checkpoints: set[str] = field(default_factory=set)
    schedulers: list[tuple[str, str, str]] = field(default_factory=list)
    weighted: bool = False
    trainings: int = 0


@dataclass
class Page:
    """The script that is written.

    Attributes:
        script: The script that is read.
        target: "lightning" or "torch".
        explain: Whether comments set Keras and the target side by side.
        names: Gives names that are free.
        imports: The import lines that are needed.
        models: Key (see `roles.Roles`) -> what is known of its model.
        precision: The Trainer's precision, or "".
        histories: Variable of the Keras script -> the dict that stands for its `.history` (PyTorch only).
        rows: The rows of the table at the top: Keras, and what stands for it here.
    """

    script: Script
    target: str
    explain: bool
    names: Names
    imports: set[str] = field(default_factory=set)
    models: dict[str, ModelFacts] = field(default_factory=dict)
    precision: str = ""
    rows: dict[str, str] = field(default_factory=dict)
    histories: dict[str, str] = field(default_factory=dict)
    _helpers: dict[str, str] = field(default_factory=dict)

    def need(self, piece: Piece) -> list[str]:
        """Note what a piece needs; the definitions that the page does not have yet."""
        self.imports.update(piece.imports)
        return self.once(*piece.helpers)

    def once(self, *definitions: str) -> list[str]:
        """Of definitions, those that the page does not have yet."""
        new = [d for d in definitions if d not in self._helpers]
        self._helpers.update(dict.fromkeys(new, ""))
        return new

    def compare(self, keras: str, text: str, row: str = "", here: str = "") -> list[str]:
        """The comment that sets Keras and the target side by side, if explaining is on; and a row of the table."""
        known = row in self.rows and row != "layers, Sequential, Model"
        if row:
            self.rows.setdefault(row, here)
        return [writing.side_by_side(self.target, keras, "as above." if known else text)] if self.explain else []

    def note(self, text: str) -> list[str]:
        """A comment, if explaining is on."""
        return writing.comment(text) if self.explain else []


def mark(use: Any, what: str, why: str, do: str) -> Mark:
    """A mark for an argument of a use."""
    return Mark(use.line, what, why, do)
