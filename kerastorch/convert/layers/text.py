"""Python source as formatters write it: literals, calls, lines that are too long."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import torch

WIDTH = 120
_CLOSING = {")": "(", "]": "[", "}": "{"}


class Unwritable(Exception):
    """A value has no literal."""


def literal(value: Any) -> str:
    """A plain value as source.

    Args:
        value: Numbers, strings, None, booleans, dtypes, slices, and lists, tuples and dicts of them.

    Raises:
        Unwritable: It is something else.

    Example:
        >>> literal({"a": [1, 0.5], "b": (None, "x")})
        '{"a": [1, 0.5], "b": (None, "x")}'
    """
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if value is Ellipsis:
        return "..."
    if isinstance(value, float):
        return number(value)
    if isinstance(value, (bool, int, type(None), torch.dtype)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        inner = ", ".join(map(literal, value))
        return f"[{inner}]" if isinstance(value, list) else f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items()) + "}"
    raise Unwritable(type(value).__name__)


def number(value: float) -> str:
    """A float without the dust of binary fractions.

    Example:
        >>> number(1 - 0.99), number(float("inf"))
        ('0.01', 'float("inf")')
    """
    if value != value or value in (float("inf"), float("-inf")):
        return f'float("{value}")'
    short = float(f"{value:.12g}")
    return repr(short if abs(short - value) <= 1e-15 * max(1.0, abs(value)) else value)


def arguments(*positional: str, **named: str) -> str:
    """The text between the parentheses of a call.

    Example:
        >>> arguments("1", "32", bias="False")
        '1, 32, bias=False'
    """
    return ", ".join([*positional, *(f"{name}={value}" for name, value in named.items())])


def sizes(values: Iterable[int]) -> str:
    """One number for equal sizes along all dimensions, else a tuple.

    Example:
        >>> sizes((3, 3)), sizes((3, 5))
        ('3', '(3, 5)')
    """
    found = tuple(values)
    return str(found[0]) if len(set(found)) == 1 else literal(found)


def indented(lines: Iterable[str], levels: int = 1) -> list[str]:
    """Lines, further in; those that are too long then are folded.

    Example:
        >>> indented(["x = 1", ""])
        ['    x = 1', '']
    """
    return [part for line in lines for part in fold("    " * levels + line if line else "")]


def fold(line: str) -> list[str]:
    """A line, broken at the brackets that it ends with if it is too long, as formatters break it.

    Args:
        line: Source with its indentation; a comment behind it goes on a line before.

    Returns:
        One line or more.
    """
    if len(line) <= WIDTH:
        return [line]
    code, _, comment = line.partition("  # ")
    indent = code[: len(code) - len(code.lstrip())]
    if comment:
        return [*_comment(comment, indent), *fold(code)]
    start = _opening(code)
    if start is None or code.lstrip().startswith("#"):
        return [code]
    end = len(code.rstrip(":,"))
    head, inner, tail = code[: start + 1], code[start + 1 : end - 1], code[end - 1 :]
    deeper = f"{indent}    "
    if not inner:
        return _in_parentheses(code, indent)
    is_call = head[-2:-1].isalnum() or head[-2:-1] in tuple("_)]")  # what holds values gives each a line of its own
    if len(deeper + inner) <= WIDTH and not inner.endswith(",") and (is_call or len(split_top(inner)) == 1):
        return [head, deeper + inner, indent + tail]
    parts = split_top(inner)
    return [head, *(line for part in parts for line in fold(f"{deeper}{part},")), indent + tail]


def _in_parentheses(code: str, indent: str) -> list[str]:
    """A long assignment or return whose last brackets hold nothing: its value on a line of its own."""
    for mark in (" = ", "return "):
        before, found, value = code.partition(mark)
        if found and not any(char in before for char in "([{"):
            return [f"{before}{mark}(", f"{indent}    {value}", f"{indent})"]
    return [code]


def _comment(text: str, indent: str) -> list[str]:
    lines, current = [], f"{indent}#"
    for word in text.split():
        if len(current) + 1 + len(word) > WIDTH:
            lines.append(current)
            current = f"{indent}#"
        current += f" {word}"
    return [*lines, current]


def _opening(code: str) -> int | None:
    """Where the bracket opens that the line ends with."""
    stripped = code.rstrip(":,")
    if not stripped or stripped[-1] not in _CLOSING:
        return None
    stack: list[int] = []
    for index, char in _outside_strings(stripped):
        if char in _CLOSING.values():
            stack.append(index)
        elif char in _CLOSING and stack:
            start = stack.pop()
            if index == len(stripped) - 1:
                return start
    return None


def _outside_strings(code: str) -> Iterable[tuple[int, str]]:
    quote = ""
    for index, char in enumerate(code):
        if quote:
            quote = "" if char == quote and code[index - 1] != "\\" else quote
        elif char in "\"'":
            quote = char
        else:
            yield index, char


def split_top(text: str) -> list[str]:
    """What stands between the commas that are in no bracket or string.

    Example:
        >>> split_top("a, f(b, c), [d, e]")
        ['a', 'f(b, c)', '[d, e]']
    """
    depth, cuts = 0, [-1]
    for index, char in _outside_strings(text):
        depth += (char in _CLOSING.values()) - (char in _CLOSING)
        if char == "," and depth == 0:
            cuts.append(index)
    pieces = [text[a + 1 : b].strip() for a, b in zip(cuts, [*cuts[1:], len(text)], strict=True)]
    return [piece for piece in pieces if piece]
