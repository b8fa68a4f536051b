from __future__ import annotations

import ast

import pytest

from kerastorch.convert.writing import Mark, Names, Text, call, comment, definitions, edited, side_by_side, source


def test_long_calls_break_their_arguments_too() -> None:
    assert call("f(", ["a" * 30, "g(" + "b" * 30 + ", c=1)"], width=44) == (
        f"f(\n    {'a' * 30},\n    g({'b' * 30}, c=1),\n)"
    )
    assert (
        call("f(", ["g(" + "b" * 30 + ", c=1)"], width=30)
        == f"f(\n    g(\n        {'b' * 30},\n        c=1,\n    ),\n)"
    )


def test_comments_side_by_side() -> None:
    text = side_by_side("torch", "model.fit(x)", "a loop.\nSecond.")
    assert text.splitlines() == ["# Keras:   model.fit(x)", "# PyTorch: a loop.", "#          Second."]
    block = side_by_side("lightning", "a = 1\nb = 2", "text")
    assert block.splitlines() == ["# Keras:", "#     a = 1", "#     b = 2", "# Lightning: text"]
    long = side_by_side("torch", "\n".join(f"line({n})" for n in range(99)), "text")
    assert len(long.splitlines()) == 31 and "(71 more lines)" in long
    assert all(len(line) <= 120 for line in side_by_side("torch", f"f({'a, ' * 90}a)", "word " * 60).splitlines())


def test_marks_are_comments() -> None:
    text = Text()
    text.mark(Mark(3, "a = (\n    1\n)", "Because.", "This."))
    assert text.here[0].splitlines() == [
        "# NOT CONVERTED: a = (", "#         1", "#     )", "#   Why: Because.", "#   Do:  This.",
    ]  # fmt: skip


def test_names_are_free() -> None:
    names = Names({"x"})
    assert [names.fresh("x", "inputs"), names.fresh("x", "inputs"), names.fresh("y")] == ["inputs", "x_2", "y"]


@pytest.mark.parametrize("text", ["é = f(1) + g(2)", "é = f(\n    1\n) + g(2)"])
def test_edits_count_bytes_and_lines(text: str) -> None:
    value = ast.parse(text).body[0].value  # type: ignore[attr-defined]
    assert edited(text, [(value.left, "a"), (value.right, "b")]) == "é = a + b"


def test_source_has_double_quotes() -> None:
    assert source(ast.parse("f('a', \"it's\", 'say \"x\"')")) == 'f("a", "it\'s", \'say "x"\')'


def test_definitions_keep_their_comments() -> None:
    code = '"""Doc."""\n\nimport a\n\n# one\nx = 1\n\n\n@d\ndef f():\n    pass\n'
    assert definitions(code) == ["# one\nx = 1", "@d\ndef f():\n    pass"]


def test_comments_keep_paragraphs() -> None:
    assert comment("a\nb") == ["# a", "# b"]
