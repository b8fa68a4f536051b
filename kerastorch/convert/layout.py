"""Blocks of source as a file: imports on top, definitions before what runs, blank lines as formatters leave them."""

from __future__ import annotations

import ast
import textwrap
from dataclasses import dataclass

from kerastorch.convert.reading import Script, bound, free_in_order
from kerastorch.convert.source import import_block

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
LIGHTNING = "import lightning.pytorch as pl"


@dataclass
class Block:
    """Lines that belong together.

    Attributes:
        text: The lines.
        inside: Whether they stand in the main function.
        gap: How many blank lines there are at least before them.
    """

    text: str
    inside: bool = False
    gap: int = 1


def file(script: Script, head: str, imports: set[str], blocks: list[Block], explain: bool) -> str:
    """The content of a file.

    Args:
        script: The script that was read: its docstring and the name of its main function are kept.
        head: Comment lines for its top, or "".
        imports: The import lines.
        blocks: The rest, in order.
        explain: Whether the other Lightning may be named beside its import.
    """
    top = [b for b in blocks if not b.inside]
    main = [b for b in blocks if b.inside]
    parts = [f'"""{script.docstring}"""'] if script.docstring else []
    parts += [head] if head else []
    future = [line for line in imports if line == "from __future__ import annotations"]
    written = "\n\n".join([*future, *filter(None, [import_block(imports - set(future))])])
    if explain:
        written = written.replace(LIGHTNING, f"{LIGHTNING}  # `import kerastorch.lightning as pl` works as well")
    body = _joined(top)
    if main:
        text = textwrap.indent(_joined(main), "    ")
        body += f"{body and chr(10) * 3}{script.main}\n{text}"
        body += f'\n\n\nif __name__ == "__main__":\n    {script.main[4:-1]}'
    parts += [written] if written else []
    wide = body.startswith(("class ", "def ", "@"))
    return "\n\n".join(parts) + ("\n" if wide else "") + ("\n\n" if parts else "") + body.rstrip() + "\n"


def _joined(blocks: list[Block]) -> str:
    text, after_definition = "", False
    for block in blocks:
        nodes = ast.parse(block.text).body
        first = isinstance(nodes[0], _DEFINITIONS) if nodes else False
        wide = 1 if block.inside else 2
        gap = max(block.gap, wide) if (first or after_definition) and text else block.gap
        text += ("\n" * (gap + 1) if text else "") + block.text
        if nodes:
            after_definition = isinstance(nodes[-1], _DEFINITIONS)
    return text


def reads(code: str) -> set[str]:
    """The names that source needs from before."""
    return free_in_order(ast.parse(code).body)


def binds(code: str) -> set[str]:
    """The names that source makes."""
    return {name for node in ast.parse(code).body for name in bound(node)}
