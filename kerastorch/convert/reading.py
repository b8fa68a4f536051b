"""A Keras script as statements: what each binds and reads, and which of its names are Keras's."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kerastorch.base import errors
from kerastorch.convert.older import canonical, modern

_VALUES = ("keras.__version__", "tensorflow.__version__")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass
class Statement:
    """A statement that runs when the script runs: of the file, or of the `main` that the file calls.

    Attributes:
        node: Its syntax tree, with the line numbers of the file.
        text: Its source, with its comments, without the indentation that it has in the file.
        above: The comment lines before it.
        inside: The function in which it stands: "main", or "" for the file itself.
        binds: The names that it gives a value.
        reads: The names that it needs from before.
        gap: How many blank lines stand before it and its comments, 2 at most.
    """

    node: ast.stmt
    text: str
    above: str = ""
    inside: str = ""
    binds: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    gap: int = 1

    @property
    def line(self) -> int:
        """Where it begins in the file."""
        return first_line(self.node)

    @property
    def tree(self) -> ast.stmt:
        """The tree of `text` alone: its positions are those in `text`."""
        return ast.parse(self.text).body[0]


@dataclass
class Script:
    """A script that was read.

    Attributes:
        path: The file.
        statements: What runs, in order; the body of `main` and of `if __name__ == "__main__"` included.
        names: Imported name -> what it stands for ("Dense" -> "keras.layers.Dense", "tf" -> "tensorflow").
        docstring: The text of the file's docstring, or "".
        main: The line `def main() -> None:` where there is a main, or "".
        taken: Every name that occurs in the file.
        lines: The lines of the file.
    """

    path: Path
    statements: list[Statement]
    names: dict[str, str] = field(default_factory=dict)
    docstring: str = ""
    main: str = ""
    taken: set[str] = field(default_factory=set)
    lines: list[str] = field(default_factory=list)

    def dotted(self, node: ast.AST) -> str:
        """What a name or attribute stands for ("keras.layers.Dense"), or "" where it was not imported."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self.names:
            return ""
        return canonical(".".join([self.names[node.id], *reversed(parts)]))

    def keras(self, node: ast.AST) -> set[str]:
        """The names of Keras and TensorFlow that occur in a tree."""
        return {name for _, name in self.foreign(node)}

    def foreign(self, node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
        """The outermost names and attributes that stand for something of Keras or TensorFlow."""
        name = self.dotted(node) if isinstance(node, (ast.Name, ast.Attribute)) else ""
        if is_foreign(name):
            yield node, name
            return
        for child in ast.iter_child_nodes(node):
            yield from self.foreign(child)

    def binding(self, name: str, before: int) -> ast.expr | None:
        """The expression that is assigned to a name before a line, if that is done in one place alone."""
        found = [s.node for s in self.statements if name in s.binds and s.line < before]
        if len(found) == 1 and isinstance(found[0], ast.Assign) and isinstance(found[0].targets[0], ast.Name):
            return found[0].value
        return None


def is_foreign(name: str) -> bool:
    """Whether a dotted name is Keras's or TensorFlow's."""
    return name.partition(".")[0] in ("keras", "tensorflow")


def read(path: Path) -> Script:
    """Read a script.

    Args:
        path: A Python file.

    Raises:
        ValueError: It is not there, or is no Python.
    """
    try:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text, str(path))
    except (OSError, SyntaxError, UnicodeDecodeError) as error:
        raise errors.value_error(
            "The script to convert", expected="a readable Python file", received=errors.Said(f"{path} ({error})")
        ) from error
    script = Script(path, [], dict(_imported(tree)))
    text = modern(text, tree, script.dotted, script.names)
    tree = ast.parse(text, str(path))
    body, script.docstring = tree.body, ast.get_docstring(tree, clean=False) or ""
    script.taken = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} | set(script.names)
    script.taken |= {n.name for n in ast.walk(tree) if isinstance(n, (*_FUNCTIONS, ast.ClassDef))}
    lines = script.lines = text.splitlines()
    mains = {s.name: s for s in body if isinstance(s, ast.FunctionDef) and _runs_as_it_is(s)}
    called = _called_main(body, mains)
    skip = [body[0]] if script.docstring else []
    skip += [called] if called else []
    for node, inside in _flow([s for s in body if s not in skip], called):
        script.statements.append(_statement(node, lines, inside))
        if inside and called:
            script.main = f"def {called.name}():"
    _note_assigned(script, tree)
    return script


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Imported name -> the dotted name that it stands for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _note_assigned(script: Script, tree: ast.Module) -> None:
    """Note names that are assigned something of Keras as it is: `mnist = tf.keras.datasets.mnist`."""
    stored = [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    for node in (statement.node for statement in script.statements):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and len(node.targets) == 1:
            name, home = node.targets[0].id, script.dotted(node.value)
            if is_foreign(home) and home not in _VALUES and stored.count(name) == 1:
                script.names[name] = home


def _is_guard(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'" and not node.orelse


def _runs_as_it_is(function: ast.FunctionDef) -> bool:
    """Whether the body of a function can stand for its call: no parameters, nothing returned."""
    arguments = function.args
    returned = any(isinstance(n, (ast.Return, ast.Yield, ast.Global, ast.Nonlocal)) for n in ast.walk(function))
    return not (arguments.args or arguments.kwonlyargs or arguments.vararg or arguments.kwarg or returned)


def _called_main(body: list[ast.stmt], mains: dict[str, ast.FunctionDef]) -> ast.FunctionDef | None:
    """The function without parameters that the file calls once, as `main()`, and that holds what it does."""
    for node in [s for guard in body if _is_guard(guard) for s in guard.body] + body:  # type: ignore[attr-defined]
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name):
            name = node.value.func.id
            if name in mains and _uses(body, name) == 1:
                return mains[name]
    return None


def _uses(body: list[ast.stmt], name: str) -> int:
    return sum(isinstance(n, ast.Name) and n.id == name for s in body for n in ast.walk(s))


def _flow(body: list[ast.stmt], main: ast.FunctionDef | None) -> Iterator[tuple[ast.stmt, str]]:
    """What runs, in order: each statement, and the function in which it stands."""
    for node in body:
        if _is_guard(node):
            yield from _flow(node.body, main)  # type: ignore[attr-defined]
        elif main is not None and ast.unparse(node) == f"{main.name}()":
            yield from ((inner, main.name) for inner in main.body)
        else:
            yield node, ""


def branch(script: Script, statement: Statement, taken: bool) -> list[Statement]:
    """What an `if` runs, in its place.

    Args:
        script: The script.
        statement: The `if`.
        taken: Whether its test holds.
    """
    node = statement.node
    body = (node.body if taken else node.orelse) if isinstance(node, ast.If) else []
    found = [_statement(inner, script.lines, statement.inside) for inner in body]
    told = f"# `{statement.text.splitlines()[0]}` is {taken} in this script: the other branch is left out."
    if found:
        found[0].above = "\n".join(filter(None, [statement.above, told, found[0].above]))
        found[0].gap = statement.gap
    return found


def first_line(node: ast.stmt) -> int:
    """The line where a statement begins, with its decorators."""
    return min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])


def _statement(node: ast.stmt, lines: list[str], inside: str) -> Statement:
    start, end, indent = first_line(node) - 1, (node.end_lineno or node.lineno), node.col_offset
    text = "\n".join(_outdent(line, indent) for line in lines[start:end])
    try:
        alone = len(ast.parse(text).body) == 1
    except SyntaxError:
        alone = False
    text = text if alone else ast.unparse(node)
    above: list[str] = []
    while start > 0 and lines[start - 1].strip().startswith("#") and not lines[start - 1].startswith("#!"):
        start -= 1
        above.insert(0, lines[start].strip())
    gap = 0
    while start > 0 and gap < 2 and not lines[start - 1].strip():
        start, gap = start - 1, gap + 1
    return Statement(node, text, "\n".join(above), inside, frozenset(bound(node)), frozenset(free(node)), gap)


def _outdent(line: str, indent: int) -> str:
    return line[indent:] if line[:indent].isspace() else line


def bound(node: ast.AST) -> set[str]:
    """The names that a statement binds or changes where it stands: targets, imports, `x.append()`, `x.attr = ...`."""
    names: set[str] = set()
    for child in _own(node):
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            names.add(child.id)
        elif isinstance(child, (ast.Import, ast.ImportFrom)):
            names |= {(a.asname or a.name).partition(".")[0] for a in child.names}
        elif isinstance(child, (*_FUNCTIONS, ast.ClassDef)):
            names.add(child.name)
        elif isinstance(child, (ast.Attribute, ast.Subscript)) and isinstance(child.ctx, ast.Store):
            names.add(root(child))
        elif isinstance(child, ast.Expr) and isinstance(child.value, ast.Call):
            names.add(_owner(child.value.func))
    return names - {""}


def _owner(function: ast.expr) -> str:
    """What a call may change: the root of `x.a.append`, not that of `f(x).numpy`."""
    made = [n for n in ast.walk(function) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    return root(function) if isinstance(function, ast.Attribute) and not made else ""


def stored(node: ast.AST) -> set[str]:
    """The names that a statement gives a value where it stands, without those that it only changes."""
    return bound(node) - _changed(node)


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """A tree without the insides of functions, classes and comprehensions."""
    yield node
    if not isinstance(node, (*_FUNCTIONS, ast.ClassDef, ast.Lambda, *_COMPREHENSIONS)):
        for child in ast.iter_child_nodes(node):
            yield from _own(child)


def root(node: ast.AST) -> str:
    """The name at the root of `a.b[0].c`, or ""."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def free(node: ast.AST) -> set[str]:
    """The names that a tree reads and does not make itself."""
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Load) else set()
    inner = set().union(*(free(child) for child in ast.iter_child_nodes(node)))
    if isinstance(node, (*_FUNCTIONS, ast.Lambda)):
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        own = {a.arg for a in every if a is not None}
        body = node.body if isinstance(node.body, list) else []
        return inner - own - set().union(*(bound(s) - _changed(s) for s in body))
    if isinstance(node, _COMPREHENSIONS):
        return inner - {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    if isinstance(node, ast.AugAssign):
        return inner | {root(node.target)}
    if isinstance(node, ast.If):
        return free(node.test) | free_in_order(node.body) | free_in_order(node.orelse)
    if isinstance(node, (ast.For, ast.With, ast.Try, ast.While, ast.ClassDef)):
        return inner - {n.id for n in _own_names(node) if isinstance(n.ctx, ast.Store)}
    return inner


def free_in_order(body: list[ast.stmt]) -> set[str]:
    """The names that statements read before they make them."""
    needed: set[str] = set()
    made: set[str] = set()
    for node in body:
        needed |= free(node) - made
        made |= bound(node)
    return needed


def _own_names(node: ast.AST) -> Iterator[ast.Name]:
    children = node.body if isinstance(node, ast.ClassDef) else [node]
    return (n for child in children for n in _own(child) if isinstance(n, ast.Name))


def _changed(node: ast.AST) -> set[str]:
    """The names that a statement only changes (`x.append()`): they are not its own."""
    stored = {n.id for n in _own(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    defined = {n.name for n in _own(node) if isinstance(n, (*_FUNCTIONS, ast.ClassDef))}
    imported = {
        (a.asname or a.name) for n in _own(node) if isinstance(n, (ast.Import, ast.ImportFrom)) for a in n.names
    }
    return bound(node) - stored - defined - imported
