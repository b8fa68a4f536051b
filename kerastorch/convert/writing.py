"""Pieces of text for a converted script: calls over several lines, comments side by side, marked spots, edits."""

from __future__ import annotations

import ast
import io
import textwrap
import tokenize
from dataclasses import dataclass, field

WIDTH = 120
_QUOTED = 30  # lines of Keras source that a comment shows at most
LABELS = {"lightning": "Lightning", "torch": "PyTorch"}


@dataclass(frozen=True)
class Mark:
    """A spot that was not converted.

    Attributes:
        line: Where it stands in the Keras script.
        what: Its source, or the part of it that was not converted.
        why: Why.
        do: What to do about it.
    """

    line: int
    what: str
    why: str
    do: str

    def comment(self) -> str:
        """The mark as it stands in the converted script."""
        what, *rest = self.what.splitlines()
        lines = [f"# NOT CONVERTED: {what}", *(part for line in rest for part in _quoted(line))]
        lines += _paragraph("#   Why: ", self.why)
        return "\n".join([*lines, *_paragraph("#   Do:  ", self.do)])


@dataclass
class Text:
    """What a statement became.

    Attributes:
        here: The lines that stand in its place.
        above: Classes and functions that must stand before, at the top level of the file.
        marks: What of it was not converted; the comments are part of `here`.
        refused: Whether nothing of it was converted.
    """

    here: list[str] = field(default_factory=list)
    above: list[str] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    refused: bool = False

    def mark(self, mark: Mark) -> None:
        """Say in the place of the statement that something was not converted."""
        self.marks.append(mark)
        self.here.append(mark.comment())


@dataclass
class Names:
    """Names for what is generated: those that the script has are not taken.

    Attributes:
        taken: The names that are in use.
    """

    taken: set[str]

    def fresh(self, name: str, other: str = "") -> str:
        """`name`, or `other`, or `name_2`, ... where those are in use."""
        found, count = other if other and name in self.taken and other not in self.taken else name, 1
        while found in self.taken:
            count += 1
            found = f"{name}_{count}"
        self.taken.add(found)
        return found


def call(start: str, arguments: list[str], end: str = ")", width: int = WIDTH - 4) -> str:
    """A call on one line, or with an argument a line where that is too long.

    Args:
        start: What stands before the arguments, such as "x = f(".
        arguments: Their source.
        end: What stands behind them.
        width: The longest line.

    Example:
        >>> print(call("f(", ["a", "b=1"], width=5))
        f(
            a,
            b=1,
        )
    """
    line = start + ", ".join(arguments) + end
    if len(line) <= width and "\n" not in line:
        return line
    arguments = [_wrapped(a, width - 4) for a in arguments]
    return "\n".join([start, *(textwrap.indent(a, "    ") + "," for a in arguments), end])


def _wrapped(argument: str, width: int) -> str:
    """A call among arguments, over several lines where it is too long."""
    if len(argument) < width or "\n" in argument:
        return argument
    try:
        node = ast.parse(argument, mode="eval").body
    except SyntaxError:
        return argument
    if not isinstance(node, ast.Call):
        return argument
    inner = [ast.get_source_segment(argument, n) or "" for n in node.args]
    inner += [ast.get_source_segment(argument, k) or "" for k in node.keywords]
    return call(f"{ast.unparse(node.func)}(", inner, width=width)


def side_by_side(target: str, keras: str, text: str) -> str:
    """A comment: what stood in the Keras script, and what stands here.

    Args:
        target: "lightning" or "torch".
        keras: Source.
        text: A sentence or two; a line break begins a new paragraph.
    """
    label = LABELS[target]
    lines = keras.strip().splitlines()
    if len(lines) == 1 and len(lines[0]) < WIDTH - 24:
        comment = [f"# {'Keras:'.ljust(len(label) + 1)} {lines[0]}"]
    else:
        cut = (
            lines if len(lines) <= _QUOTED else [*lines[: _QUOTED - 2], f"... ({len(lines) - _QUOTED + 2} more lines)"]
        )
        comment = ["# Keras:", *(part for line in cut for part in _quoted(line))]
    for number, paragraph in enumerate(text.splitlines()):
        comment += _paragraph(f"# {label}: " if number == 0 else f"# {' ' * (len(label) + 1)} ", paragraph)
    return "\n".join(comment)


def _quoted(line: str) -> list[str]:
    """A line of source in a comment; a long one goes on in the next, further to the right."""
    if len(line) <= WIDTH - 10:
        return [f"#     {line}".rstrip()]
    start = "#     " + " " * (len(line) - len(line.lstrip()))
    rest = f"{start}        "
    return textwrap.wrap(line, WIDTH - 4, initial_indent=start, subsequent_indent=rest, break_on_hyphens=False)


def _paragraph(start: str, text: str) -> list[str]:
    rest = "#" + " " * (len(start) - 1)
    return textwrap.wrap(text, WIDTH - 4, initial_indent=start, subsequent_indent=rest, break_on_hyphens=False)


def source(node: ast.AST) -> str:
    """The source of a tree on one line, with double quotes.

    Example:
        >>> source(ast.parse("f('a')"))
        'f("a")'
    """
    text = ast.unparse(node)
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    for token in reversed(tokens):
        plain = token.string.startswith("'") and not set('"\\') & set(token.string)
        if token.type == tokenize.STRING and plain and token.start[0] == token.end[0] == 1:
            text = f'{text[: token.start[1]]}"{token.string[1:-1]}"{text[token.end[1] :]}'
    return text


def edited(text: str, changes: list[tuple[ast.AST, str]]) -> str:
    """Source with some of its nodes replaced.

    Args:
        text: The source of a statement.
        changes: A node of the tree of `text`, and the source that takes its place. Nodes do not overlap.

    Example:
        >>> tree = ast.parse("x = f(1)")
        >>> edited("x = f(1)", [(tree.body[0].value, "2")])
        'x = 2'
    """
    lines = [line.encode() for line in text.split("\n")]
    for node, new in sorted(changes, key=lambda c: (c[0].lineno, c[0].col_offset), reverse=True):  # type: ignore[attr-defined]
        first, last = node.lineno - 1, node.end_lineno - 1  # type: ignore[attr-defined]
        joined = lines[first][: node.col_offset] + new.encode() + lines[last][node.end_col_offset :]  # type: ignore[attr-defined]
        lines[first : last + 1] = joined.split(b"\n")
    return b"\n".join(lines).decode()


def definitions(code: str) -> list[str]:
    """The classes, functions and assignments of a file, in order, each with the comment above it; no imports."""
    lines, found, end = code.splitlines(), [], 0
    for node in ast.parse(code).body:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]) - 1
        while first > end and lines[first - 1].startswith("#"):
            first -= 1
        end = node.end_lineno or node.lineno
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not docstring and not isinstance(node, (ast.Import, ast.ImportFrom)):
            found.append("\n".join(lines[first:end]))
    return found


def comment(text: str) -> list[str]:
    """A text as comment lines."""
    return [line for paragraph in text.splitlines() for line in _paragraph("# ", paragraph)]
