"""The first six rows of the house style, measured on our own code: `python -m benchmarks.rows`."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from benchmarks import probe

PACKAGE = Path(__file__).resolve().parents[1] / "kerastorch"
TEXTS = (
    ("step", "engine/step.py", ("TrainStep.__call__", "TrainStep.update")),
    ("epoch runner", "engine/loop.py", ("Loop.run_epoch",)),
    ("fit", "models/trainable.py", ("Trainable.fit",)),
    ("epochs", "engine/loop.py", ("Loop.run",)),
    ("program's step", "models/program.py", ("ModelProgram.training_step",)),
)
BRANCHES = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.match_case)
NESTS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.With, ast.Match)
KINDS = ("device", "precision", "strategy", "logger")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def trees() -> dict[str, ast.Module]:
    """Every file of the package: its path from there -> its syntax tree."""
    paths = sorted(PACKAGE.rglob("*.py"))
    return {p.relative_to(PACKAGE).as_posix(): ast.parse(p.read_text(encoding="utf-8")) for p in paths}


def functions(tree: ast.Module) -> dict[str, Function]:
    """The functions of a file by qualified name."""
    found: dict[str, Function] = {}

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                found[prefix + child.name] = child
            inner = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
            visit(child, f"{prefix}{child.name}." if isinstance(child, inner) else prefix)

    visit(tree, "")
    return found


def body_lines(function: Function) -> int:
    """Lines of code after the signature and the docstring, without blank lines and comments."""
    body = function.body[ast.get_docstring(function, clean=False) is not None :]
    used: set[int] = set()
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, (ast.stmt, ast.expr)):
                used |= {node.lineno, node.end_lineno or node.lineno}
    return len(used)


def branches(function: Function) -> int:
    """Branches and loops of a function."""
    return sum(isinstance(node, BRANCHES) for node in ast.walk(function))


def nesting(node: ast.AST, depth: int = 0) -> int:
    """How deep statements with blocks lie in one another."""
    inner = [nesting(child, depth + isinstance(child, NESTS)) for child in ast.iter_child_nodes(node)]
    return max([depth, *inner])


def row_1() -> str:
    """Frames from `fit` to backward."""
    everything = {"precision": "bf16-mixed", "accumulate_grad_batches": 2, "gradient_clip_val": 1.0}
    plain, full = probe.frames(probe.tiny()), probe.frames(probe.tiny(**everything))
    way = " > ".join(f"{Path(file).stem}.{name}" for file, name in plain)
    files = len({file for file, _ in plain})
    return f"{len(plain)} frames in {files} files ({len(full)} with mixed precision, accumulation, clipping): {way}"


def row_2() -> str:
    """The step, the epoch runner and `fit` as text."""
    known = {file: functions(tree) for file, tree in trees().items()}
    texts = []
    for name, file, parts in TEXTS:
        bodies = [known[file][part] for part in parts]
        lines, forks = (sum(measure(body) for body in bodies) for measure in (body_lines, branches))
        texts.append(f"{name} {lines}/{forks}/{max(nesting(body) for body in bodies)}")
    return "; ".join(texts) + " (body lines/branches/nesting; the step with its update)"


def row_3() -> str:
    """Calls of a batch."""
    model = probe.tiny()
    ours = probe.calls_per_batch(lambda arrays: model.fit(*arrays, batch_size=128, verbose=0))
    return f"{ours:.0f} calls a batch; the best bare loop {probe.calls_per_batch(probe.bare):.0f}"


def row_4() -> str:
    """Import circles, and imports inside functions."""
    known = trees()
    deferred = [
        (file, name) for file, tree in known.items() for f in functions(tree).values() for name in _names(ast.walk(f))
    ]
    own = sorted({f"{file}: {name}" for file, name in deferred if name.startswith("kerastorch")})
    third = sorted({name.split(".")[0] for _, name in deferred if not name.startswith("kerastorch")})
    inside = f"own imports inside functions: {own or 0}; third parties: {', '.join(third)}"
    real, typed = _circles_of(known, types=False), _circles_of(known, types=True)
    return f"{len(real)} circles {real or ''} ({len(typed)} with imports for types only {typed or ''}); {inside}"


def _circles_of(known: dict[str, ast.Module], types: bool) -> list[list[str]]:
    names = {_module(file): file for file in known}
    edges = {name: {m for m in _imported(known[file], name, file, types) if m in names} for name, file in names.items()}
    return [sorted(circle) for circle in _circles(edges)]


def _module(file: str) -> str:
    return "kerastorch." + file.removesuffix(".py").replace("/", ".").removesuffix(".__init__").removesuffix("__init__")


def _names(nodes: Iterator[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _nodes(node: ast.AST, types: bool) -> Iterator[ast.AST]:
    """The nodes of a tree, with or without what stands under `if TYPE_CHECKING`."""
    yield node
    if types or not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
        for child in ast.iter_child_nodes(node):
            yield from _nodes(child, types)


def _imported(tree: ast.Module, name: str, file: str, types: bool) -> Iterator[str]:
    """What a file imports; names that a package hands on count for the package."""
    package = name if file.endswith("__init__.py") else name.rpartition(".")[0]
    for found in _names(_nodes(tree, types)):
        for target in (found, found.rpartition(".")[0]):
            if target not in (name, package, "kerastorch") and not name.startswith(target + "."):
                yield target


def _circles(edges: dict[str, set[str]]) -> Iterator[set[str]]:
    """Sets of modules that reach each other."""
    reach = {name: _reachable(name, edges) for name in edges}
    seen: set[str] = set()
    for name in edges:
        circle = {other for other in reach[name] if name in reach.get(other, ())}
        if circle - seen and len(circle) > 1:
            seen |= circle
            yield circle


def _reachable(start: str, edges: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    todo = [start]
    while todo:
        for target in edges[todo.pop()] - found:
            found.add(target)
            todo.append(target)
    return found


def row_5() -> str:
    """Sizes: median, ninetieth percentile, largest."""
    known = {file: tree for file, tree in trees().items() if not file.endswith("__init__.py")}
    files = [len((PACKAGE / file).read_text(encoding="utf-8").splitlines()) for file in known]
    bodies = [f for tree in known.values() for f in functions(tree).values()]
    lengths = [(f.end_lineno or f.lineno) - f.lineno + 1 - _doc_lines(f) for f in bodies]
    sizes = f"files {_spread(files)} lines; functions {_spread(lengths)} lines"
    return f"{sizes}; most branches in a function {max(map(branches, bodies))}"


def _doc_lines(function: Function) -> int:
    if ast.get_docstring(function, clean=False) is None:
        return 0
    return (function.body[0].end_lineno or 0) - function.body[0].lineno + 1


def _spread(values: list[int]) -> str:
    return f"{statistics.median(values):.0f}/{sorted(values)[int(0.9 * (len(values) - 1))]}/{max(values)}"


def row_6() -> str:
    """Branches that ask what kind of device, precision, strategy or logger runs."""
    found = []
    for file, tree in trees().items():
        if file.startswith(("engine/", "models/")):
            tests = (node.test for node in ast.walk(tree) if isinstance(node, (ast.If, ast.IfExp, ast.While)))
            found += [f"{file}:{test.lineno} {ast.unparse(test)}" for test in tests if _asks_kind(test)]
    return f"{len(found)} in engine and models" + "".join(f"\n    {place}" for place in found)


def _asks_kind(test: ast.expr) -> bool:
    text = ast.unparse(test).lower()
    compared = any(isinstance(node, ast.Compare) and not _is_none(node) for node in ast.walk(test))
    return any(kind in text for kind in KINDS) and ("isinstance" in text or "hasattr" in text or compared)


def _is_none(node: ast.Compare) -> bool:
    return all(isinstance(op, (ast.Is, ast.IsNot)) for op in node.ops)


ROWS: tuple[Callable[[], Any], ...] = (row_1, row_2, row_3, row_4, row_5, row_6)


def main() -> None:
    torch.set_num_threads(1)
    for number, row in enumerate(ROWS, 1):
        print(f"{number}  {row()}")


if __name__ == "__main__":
    main()
