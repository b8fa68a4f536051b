"""At least nine of ten errors are phrased by `kerastorch.base.errors`: expected, received, remedy."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.policy import code

SHARE = 0.9
# Python's own protocols: nobody reads the text of these.
PROTOCOL = {"StopIteration", "NotImplementedError", "AttributeError", "KeyboardInterrupt"}


def _mentions_errors(node: ast.AST, local: set[str]) -> bool:
    return any(
        (isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == "errors")
        or (isinstance(n, ast.Name) and n.id in local)
        or (isinstance(n, ast.Attribute) and n.attr in local)
        for n in ast.walk(node)
    )


def _raises(file: code.File) -> Iterator[tuple[ast.Raise, bool]]:
    """Each raise of a new error, and whether the helpers phrase it: there, or through a name of this file."""
    helpers = {f.name for f in code.functions(file) if _mentions_errors(f, set())}
    for function in code.functions(file):
        phrased = {
            t.id
            for n in ast.walk(function)
            if isinstance(n, ast.Assign) and _mentions_errors(n.value, helpers)
            for t in n.targets
            if isinstance(t, ast.Name)
        }
        for node in ast.walk(function):
            if isinstance(node, ast.Raise) and _makes_an_error(node):
                yield node, _mentions_errors(node, helpers | phrased)


def _makes_an_error(node: ast.Raise) -> bool:
    if node.exc is None or isinstance(node.exc, (ast.Name, ast.Attribute)):
        return isinstance(node.exc, ast.Name) and node.exc.id[:1].isupper() and node.exc.id not in PROTOCOL
    return not (isinstance(node.exc, ast.Call) and ast.unparse(node.exc.func) in PROTOCOL)


def test_errors_are_phrased_by_the_helpers() -> None:
    found = [(f"{file.name}:{n.lineno}", ok) for file in code.files() for n, ok in _raises(file)]
    plain = [where for where, ok in found if not ok]
    share = 1 - len(plain) / len(found)
    print(f"{share:.1%} of {len(found)} errors are phrased by the helpers")
    assert share >= SHARE, "phrased by hand:\n" + "\n".join(plain)


def _tells_the_type_checker(node: ast.Assert) -> bool:
    """`assert x is not None` and `assert isinstance(x, ...)` state what the code around them made sure of."""
    test = ast.unparse(node.test)
    return node.msg is None and (test.endswith(" is not None") or test.startswith("isinstance("))


def test_asserts_do_not_check_users() -> None:
    asserts = [(f, n) for f in code.files() for n in ast.walk(f.tree) if isinstance(n, ast.Assert)]
    checks = [f"{f.name}:{n.lineno}" for f, n in asserts if not _tells_the_type_checker(n)]
    assert not checks, "assert vanishes under -O:\n" + "\n".join(checks)
