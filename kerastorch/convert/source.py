"""What the converters hand on: text that can be put into a file, and the imports that it needs."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """The source of a class.

    Attributes:
        imports: The import lines that it needs, sorted, without repetition.
        text: The source, helper functions and classes first; no line is longer than 120 characters.
        notes: What could not be turned into plain torch, and why: one sentence each.

    Example:
        >>> Source(("import torch",), "x = torch.zeros(2)").file()
        'import torch\\n\\nx = torch.zeros(2)\\n'
    """

    imports: tuple[str, ...]
    text: str
    notes: tuple[str, ...] = ()

    def file(self) -> str:
        """The imports and the text as the content of a file."""
        gap = "\n\n\n" if self.text.startswith(("class ", "def ", "@")) else "\n\n"
        return f"{import_block(self.imports)}{gap if self.imports else ''}{self.text.rstrip()}\n"


@dataclass(frozen=True)
class Piece:
    """An expression, and what must stand before it in a file.

    Attributes:
        imports: The import lines that it needs, sorted.
        helpers: Functions and classes that it calls, each a whole definition, in the order in which they must stand.
        expression: The expression itself; what it may refer to is said by the function that gives the piece.
        notes: What it does not do as `compile` said, or where torch differs a little: one sentence each.
        stateful: Whether the expression makes an object with `update_state(y, y_pred)`, `result()` and
            `reset_state()`, and not a number for a batch (metrics only).

    Example:
        >>> Piece(("import torch.nn.functional as F",), (), "F.mse_loss(y_pred, y)").expression
        'F.mse_loss(y_pred, y)'
    """

    imports: tuple[str, ...]
    helpers: tuple[str, ...]
    expression: str
    notes: tuple[str, ...] = ()
    stateful: bool = False


def import_block(imports: Iterable[str]) -> str:
    """Import lines in the order in which tools sort them: the standard library first, `import` before `from`.

    Args:
        imports: Lines such as "import torch" and "from torch import nn".

    Example:
        >>> print(import_block({"from torch import nn", "import torch", "import math"}))
        import math
        <BLANKLINE>
        import torch
        from torch import nn
    """
    groups: dict[bool, list[str]] = {True: [], False: []}
    for line in set(imports):
        groups[line.split()[1].partition(".")[0] in sys.stdlib_module_names].append(line)
    blocks = [_merged(lines) for _, lines in sorted(groups.items(), reverse=True) if lines]
    return "\n\n".join(blocks)


def _merged(lines: list[str]) -> str:
    """One group: names from the same module on one line."""
    plain = sorted(line for line in lines if line.startswith("import "))
    names: dict[str, set[str]] = {}
    for line in lines:
        if line.startswith("from "):
            module, _, what = line.removeprefix("from ").partition(" import ")
            names.setdefault(module, set()).update(part.strip() for part in what.split(","))
    written = [f"from {module} import {', '.join(sorted(what, key=_isort_key))}" for module, what in names.items()]
    return "\n".join([*plain, *sorted(written)])


def _isort_key(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2), name
