"""What the policy tests measure: the package as syntax trees, nothing is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "kerastorch"
Function = ast.FunctionDef | ast.AsyncFunctionDef
_BRANCHES = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.match_case)


@dataclass(frozen=True)
class File:
    """A source file: its path from the root, its text and its syntax tree."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """The path as written in reports."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def is_init(self) -> bool:
        """Whether this is a package's `__init__`."""
        return self.path.name == "__init__.py"

    @property
    def is_reexport(self) -> bool:
        """Whether the file does nothing but hand names on."""
        return all(hands_on(statement) for statement in self.tree.body)


@cache
def files() -> tuple[File, ...]:
    """Every source file of the package."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found.append(File(path, text, ast.parse(text)))
    return tuple(found)


def hands_on(statement: ast.stmt) -> bool:
    """Whether a statement is a docstring, `from x import Name as Name`, or a dunder constant such as `__version__`."""
    if isinstance(statement, ast.ImportFrom):
        return statement.module == "__future__" or all(name.asname is not None for name in statement.names)
    if isinstance(statement, ast.Assign):
        return all(isinstance(t, ast.Name) and t.id.startswith("__") for t in statement.targets)
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def functions(file: File) -> Iterator[Function]:
    """Every function and method of a file."""
    return (node for node in ast.walk(file.tree) if isinstance(node, Function))


def length(function: Function) -> int:
    """The lines of a function from `def` to its end, without its docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def branches(function: Function) -> int:
    """The if, elif, ternary, for, while, except and case of a function; those of functions inside it are theirs."""
    count, todo = 0, list(ast.iter_child_nodes(function))
    while todo:
        node = todo.pop()
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            count += isinstance(node, _BRANCHES)
            todo += ast.iter_child_nodes(node)
    return count


def called(node: ast.AST) -> str:
    """The dotted name that a call calls, such as "torch.load"; empty for anything else."""
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""
