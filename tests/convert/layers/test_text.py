"""Literals, folded lines."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from kerastorch.convert.layers import text


def test_literals() -> None:
    for value in (1, 0.5, "a'b\"c", None, True, (1,), [1, (2, "x")], {"a": [1.5]}, float("-inf")):
        assert eval(text.literal(value)) == value
    assert text.literal(torch.float32) == "torch.float32" and text.literal(...) == "..."
    with pytest.raises(text.Unwritable, match="Tensor"):
        text.literal([torch.ones(1)])


def test_numbers_without_dust() -> None:
    assert [text.number(v) for v in (1 - 0.99, 0.1 + 0.2, 1e-7, 1 / 3)] == [
        "0.01",
        "0.3",
        "1e-07",
        "0.3333333333333333",
    ]


@pytest.mark.parametrize(
    "line",
    [
        f"self.layer = nn.Module({', '.join(f'argument_{i}={i}' for i in range(12))})",
        f"x = torch.cat([{', '.join(f'self.layer_{i}(x)' for i in range(10))}], dim=1)",
        f"return {{{', '.join(f'{chr(34)}name_{i}{chr(34)}: value_{i}' for i in range(10))}}}",
        f"x = function({', '.join(f'argument_{i}' for i in range(8))}, inner({', '.join(map(str, range(45)))}))",
        f"figure_of_all = (one_name_{'x' * 40} == another_name_{'y' * 20}).float().mean()",
    ],
)
def test_long_lines_break_as_ruff_breaks_them(line: str) -> None:
    folded = text.indented([line], 2)
    assert len(folded) > 1 and max(map(len, folded)) <= text.WIDTH
    body = "\n".join(folded)
    source = f"class A:\n    def f(self):\n{body}\n"
    compile(source, "<folded>", "exec")

    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "120", "-"],
        input=source, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == source


def test_a_comment_goes_before_a_long_line() -> None:
    folded = text.fold("    " + "x" * 100 + " = y  # " + "a word " * 5)
    assert folded == ["    # a word a word a word a word a word", "    " + "x" * 100 + " = y"]
