"""A converted script as a whole: what is not needed any more goes, what misses something is marked."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass

from kerastorch.convert import layout
from kerastorch.convert.layout import Block
from kerastorch.convert.page import Page
from kerastorch.convert.reading import is_foreign
from kerastorch.convert.roles import Part
from kerastorch.convert.writing import LABELS, Mark, Text

_TAKEN = "The converted script defines {!r} itself."
_RENAME = "Give it another name in the Keras script, and convert again."
_ABOVE = "Mend the spot that is marked above; this line can then stay."


@dataclass
class Item:
    """A statement and what it became; `dropped` ones have gone into a model."""

    part: Part
    text: Text
    dropped: bool = False

    @property
    def code(self) -> str:
        return "\n".join(self.text.here)


def refused(part: Part) -> Text:
    """A statement that is not converted: its mark."""
    text = Text(refused=True)
    text.mark(Mark(part.statement.line, part.statement.text, part.why, part.do))
    return text


def missing(part: Part, names: list[str]) -> Text:
    """The mark for a statement that needs names which are not there any more."""
    why = f"It needs {', '.join(names)}, which {'is' if len(names) == 1 else 'are'} not there any more."
    return refused(Part(part.statement, "refused", why=why, do=_ABOVE))


class Whole:
    """A script whose statements are converted one by one.

    Args:
        page: The page.
        items: The statements and what they became.
    """

    def __init__(self, page: Page, items: list[Item]) -> None:
        self.page, self.items = page, items

    def finish(self) -> str:
        """Drop what only models needed, mark what misses something, and write the file."""
        self._drop_repeated()
        self._drop_unneeded()
        self._mark_missing()
        return self._file()

    def _drop_repeated(self) -> None:
        """A function of the script that a model uses is there already; its copy goes."""
        there = {i.code for i in self.items if i.part.role == "plain" and not i.part.statement.inside}
        for item in self.items:
            item.text.above = [text for text in item.text.above if text not in there]

    def _drop_unneeded(self) -> None:
        """Leave out constants and functions that only the definitions of models needed."""
        defining = [i for i in self.items if i.part.role in ("definition", "compile")]
        wanted_by_models = {n for i in defining for n in i.part.statement.reads}
        while True:
            needed = {n for i in self.items if not i.dropped for c in (i.code, *i.text.above) for n in layout.reads(c)}
            idle = [
                i for i in self.items
                if i.part.role == "plain" and not i.dropped and i.part.statement.binds
                and _only_binds(i.part.statement.node)
                and not i.part.statement.binds & needed and i.part.statement.binds <= wanted_by_models
            ]  # fmt: skip
            if not idle:
                return
            for item in idle:
                item.dropped, item.text = True, Text()
                wanted_by_models |= item.part.statement.reads

    def _mark_missing(self) -> None:
        """Mark statements that need a name which is not there any more."""
        script = self.page.script
        known = set(dir(builtins)) | {"__file__", "__name__"} | layout.binds("\n".join(self.page.imports))
        known |= {name for name, home in script.names.items() if not is_foreign(home)}
        known |= {n for i in self.items for a in i.text.above for n in layout.binds(a)}
        ours = {n for i in self.items for a in i.text.above for n in layout.binds(a)}
        everything = known | {n for i in self.items for n in layout.binds(i.code)}
        for item in self.items:
            node = item.part.statement.node
            there = everything if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else known
            taken = sorted(layout.binds(item.code) & ours) if item.part.role == "plain" else []
            if taken:
                item.text = refused(Part(item.part.statement, "refused", why=_TAKEN.format(taken[0]), do=_RENAME))
            lacking = sorted(layout.reads(item.code) - there) if item.text.here else []
            if lacking:
                item.text = missing(item.part, lacking)
                everything -= item.part.statement.binds - known
            else:
                known |= layout.binds(item.code)

    def _file(self) -> str:
        blocks: list[Block] = []
        for item in self.items:
            statement = item.part.statement
            blocks += [Block(text, False, 2) for text in _with_comments(item.text.above)]
            if item.text.here:
                here = "\n".join(item.text.here)
                kept = statement.above and item.part.role in ("plain", "use", "refused", "seed", "policy")
                here = f"{statement.above}\n{here}" if kept else here
                plain = item.part.role == "plain" and len(item.text.here) == 1
                blocks.append(Block(here, bool(statement.inside), statement.gap if plain else 1))
        return layout.file(self.page.script, self._head(), self._imports(blocks), blocks, self.page.explain)

    def _imports(self, blocks: list[Block]) -> set[str]:
        """The import lines: those that were needed, and those of the script that still are."""
        used = {n for block in blocks for n in layout.reads(block.text)}
        lines = {line for line in self.page.imports if layout.binds(line) & used}
        for node in (item.part.statement.node for item in self.items):
            if isinstance(node, ast.Import):
                lines |= {f"import {_named(a)}" for a in node.names if self._stays(a.asname or a.name, used)}
            elif isinstance(node, ast.ImportFrom):
                home = "." * node.level + (node.module or "")
                stays = [a for a in node.names if self._stays(a.asname or a.name, used) or a.name == "annotations"]
                lines |= {f"from {home} import {_named(a)}" for a in stays}
        return lines

    def _stays(self, name: str, used: set[str]) -> bool:
        name = name.partition(".")[0]
        return name in used and not is_foreign(self.page.script.names.get(name, name))

    def _head(self) -> str:
        label = LABELS[self.page.target]
        lines = [f"# Converted from the Keras script {self.page.script.path.name} by `python -m kerastorch convert`."]
        if self.page.explain and self.page.rows:
            width = max(map(len, self.page.rows))
            lines += ["#", f"# {'Keras'.ljust(width)}   {label}"]
            lines += [f"# {keras.ljust(width)}   {here}" for keras, here in self.page.rows.items()]
        return "\n".join(lines)


def _named(alias: ast.alias) -> str:
    return f"{alias.name} as {alias.asname}" if alias.asname else alias.name


def _only_binds(node: ast.stmt) -> bool:
    """Whether a statement does nothing but give names a value."""
    if isinstance(node, ast.Assign):
        return all(isinstance(n, (ast.Name, ast.Tuple)) for t in node.targets for n in [t])
    return isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AnnAssign))


def _with_comments(texts: list[str]) -> list[str]:
    """Definitions, each with the comment before it."""
    joined: list[str] = []
    comment = ""
    for text in texts:
        if all(line.startswith("#") for line in text.splitlines()):
            comment += text + "\n"
        else:
            joined.append(comment + text)
            comment = ""
    return joined
