"""Every file has its test twin, and `__init__` files only hand names on."""

from __future__ import annotations

import pytest

from tests.policy import code


def _twin(file: code.File) -> str:
    inside = file.path.relative_to(code.PACKAGE)
    return "tests/" + inside.with_name(f"test_{inside.stem.lstrip('_')}.py").as_posix()


def test_every_file_has_a_test_twin() -> None:
    needed = [f for f in code.files() if not f.is_init and not f.is_reexport]
    missing = [f"{f.name} -> {_twin(f)}" for f in needed if not (code.ROOT / _twin(f)).is_file()]
    print(f"{len(needed) - len(missing)} of {len(needed)} files have a test twin")
    assert not missing, "no test twin:\n" + "\n".join(missing)


@pytest.mark.parametrize("file", [f for f in code.files() if f.is_init], ids=lambda f: f.name)
def test_init_files_only_hand_names_on(file: code.File) -> None:
    other = [f"{file.name}:{s.lineno}: {code.ast.unparse(s)[:80]}" for s in file.tree.body if not code.hands_on(s)]
    assert not other, "not `from x import Name as Name`:\n" + "\n".join(other)
