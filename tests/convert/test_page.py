from __future__ import annotations

from pathlib import Path

from kerastorch.convert.page import Page, mark
from kerastorch.convert.source import Piece
from kerastorch.convert.uses import find
from kerastorch.convert.writing import Names
from tests.convert.written import read_text


def _page(folder: Path, explain: bool = True) -> Page:
    return Page(read_text(folder, "a = 1"), "torch", explain, Names(set()))


def test_definitions_come_once(tmp_path: Path) -> None:
    page = _page(tmp_path)
    piece = Piece(("import math",), ("def f(): ...",), "f()")
    assert page.need(piece) == ["def f(): ..."] and page.need(piece) == []
    assert page.imports == {"import math"}


def test_a_comparison_is_explained_once(tmp_path: Path) -> None:
    page = _page(tmp_path)
    assert "a loop" in page.compare("model.fit(x)", "a loop", "model.fit", "loops")[0]
    assert "as above." in page.compare("model.fit(y)", "a loop", "model.fit", "loops")[0]
    assert page.rows == {"model.fit": "loops"}
    assert _page(tmp_path, explain=False).compare("a", "b") == _page(tmp_path, explain=False).note("a") == []


def test_a_mark_of_a_use_has_its_line() -> None:
    (use,) = find("model.fit(x)", {"model"}, 5)
    assert mark(use, "what", "why", "do").line == 5
