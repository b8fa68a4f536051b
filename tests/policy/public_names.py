"""The public names of the package, read from its source: `python tests/policy/public_names.py --write` freezes them."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FROZEN = Path(__file__).with_name("public_names.txt")
# Rooms that users do not enter: what they offer is handed on by the others.
INNER = {"base", "engine", "nn", "runtime", "data"}


def collect() -> list[str]:
    """Every public name as a dotted path: what `__init__` files and public single modules offer."""
    names: set[str] = set()
    package = ROOT / "kerastorch"
    for init in package.rglob("__init__.py"):
        folder = init.parent.relative_to(package)
        if not INNER & set(folder.parts[:1]):
            names |= _offered(init, ["kerastorch", *folder.parts])
    for path in package.glob("[!_]*.py"):
        names |= _offered(path, ["kerastorch", path.stem])
    return sorted(names)


def _offered(path: Path, where: list[str]) -> set[str]:
    found: set[str] = set()
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.ImportFrom):
            found |= {a.asname for a in statement.names if a.asname is not None}
        elif isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            found.add(statement.name)
    return {".".join([*where, name]) for name in found if not name.startswith("_")}


if __name__ == "__main__":
    text = "\n".join(collect()) + "\n"
    if "--write" in sys.argv[1:]:
        FROZEN.write_text(text, encoding="utf-8")
    else:
        print(text, end="")
