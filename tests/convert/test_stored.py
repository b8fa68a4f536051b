from __future__ import annotations

import pytest

from kerastorch.convert.stored import path_of


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("'a.keras'", '"a.pt"'),
        ('"b/c.weights.h5"', '"b/c.pt"'),
        ("'plain'", '"plain.pt"'),
        ("'m-{epoch:02d}.keras'", '"m-{epoch:02d}.pt"'),
        ("path", 'f"{path}.pt"'),
        ('f("a")', "str(f(\"a\")) + '.pt'"),
    ],
)
def test_paths(source: str, written: str) -> None:
    assert path_of(source, ".pt") == written
