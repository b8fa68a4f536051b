"""The Python of README.md and docs/*.md runs, prints what it says it prints, and the links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastorch import config, datasets

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path) -> list[tuple[int, str]]:
    """The page's Python blocks, with the line that each begins at."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [(text.count("\n", 0, match.start(1)), match[1]) for match in found]


def promised(block: str) -> list[str]:
    """What a block says that it prints: the comments behind its `print` calls."""
    return re.findall(r"^ *print\(.*\)  # (.+)$", block, re.MULTILINE)


def _mnist_like(path: str = "mnist.npz") -> Any:
    generator = np.random.default_rng(0)
    return tuple(
        (generator.integers(0, 256, (n, 28, 28), "uint8"), np.arange(n, dtype="uint8") % 10) for n in (640, 256)
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """A page's blocks run in order and share their names; `fit` ends after two epochs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(datasets.mnist, "load_data", _mnist_like)
    config.set_max_epochs(2)
    names: dict[str, Any] = {"__name__": "__main__"}
    for line, block in blocks(page):
        exec(compile("\n" * line + block, str(page), "exec"), names)
        said = iter(capsys.readouterr().out.splitlines())
        for wanted in promised(block):
            assert wanted in said, f"{page.name}: not printed after the line before it: {wanted}"


def test_promises_are_found() -> None:
    assert promised("print(1)  # 1\nx = 2  # two\n    print((1, 2))  # (1, 2)\n") == ["1", "(1, 2)"]
    assert blocks(ROOT / "README.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing, f"{page.name}: {missing}"
