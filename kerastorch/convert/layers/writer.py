"""The class that is being written: its imports, helpers, `__init__`, `forward` and notes."""

from __future__ import annotations

import re

from kerastorch.convert.layers import text

# What a weight is started with: (the weight's name, a line with {} where the weight stands).
Start = tuple[str, str]


class Writer:
    """Collects the parts of a class.

    Args:
        outer: The writer of the class that holds this one; imports, helpers and notes are shared with it.

    Attributes:
        imports: Import lines.
        helpers: Functions and classes that stand before the class, by name, in order.
        notes: What is not plain torch.
        classes: Names that no class of a nested model may take.
        parameters: Arguments of `__init__`: modules that could not be rebuilt.
        attributes: Lines of `__init__` that make the layers.
        starts: For each attribute how its weights start.
        last: Lines at the end of `__init__`.
        forward: Lines of `forward`.
    """

    def __init__(self, outer: Writer | None = None) -> None:
        self.imports: set[str] = outer.imports if outer else {"from torch import nn"}
        self.helpers: dict[str, str] = outer.helpers if outer else {}
        self.notes: list[str] = outer.notes if outer else []
        self.classes: set[str] = outer.classes if outer else set()
        self.parameters: list[str] = []
        self.defined: set[str] = set()
        self.attributes: list[str] = []
        self.starts: list[tuple[str, tuple[Start, ...]]] = []
        self.last: list[str] = []
        self.forward: list[str] = []
        self.keeps_layers = False

    def need(self, *imports: str) -> None:
        """Add import lines."""
        self.imports.update(imports)

    def use(self, *lines: str) -> None:
        """Add the imports that source text shows to be needed: `F.`, `torch.`, `math.`, `keras.`."""
        for line in lines:
            for word, statement in _IMPORTS.items():
                if word in line:
                    self.imports.add(statement)

    def helper(self, name: str, source: str) -> None:
        """Add a function or class that stands before the class."""
        self.helpers.setdefault(name, source.strip("\n"))
        self.use(source)

    def note(self, sentence: str) -> None:
        """Say what is not plain torch."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def attribute(self, key: str, line: str, starts: tuple[Start, ...] = ()) -> None:
        """Add a line that makes an attribute, unless the attribute exists.

        Args:
            key: The attribute's name.
            line: The right side of its assignment; a comment may follow.
            starts: How its weights start, where not as torch's.
        """
        if key in self.defined:
            return
        self.defined.add(key)
        self.use(line, *(template for _, template in starts))
        self.attributes.append(f"self.{key} = {line}" if key.isidentifier() else _added(key, line))
        if starts:
            self.starts.append((key, starts))

    def init_body(self) -> list[str]:
        """The lines of `__init__`."""
        lines = ["super().__init__()", *self.attributes, *self._start_lines(), *self.last]
        if self.keeps_layers:
            lines.append("self.train()  # layers of Keras begin in inference mode")
        return lines

    def _start_lines(self) -> list[str]:
        """How weights start; layers that start alike are gone through in a loop."""
        groups: dict[tuple[Start, ...], list[str]] = {}
        for key, starts in self.starts:
            groups.setdefault(starts, []).append(attribute(key))
        lines = ["# Weights start as Keras's do, not as torch's."] if groups else []
        for starts, owners in groups.items():
            if len(owners) == 1:
                lines += [template.replace("{}", f"{owners[0]}.{weight}") for weight, template in starts]
                continue
            lines += loop("layer", owners)
            lines += [f"    {template.replace('{}', f'layer.{weight}')}" for weight, template in starts]
        return lines

    def forward_body(self) -> list[str]:
        """The lines of `forward`, the last assignment as the return."""
        lines = list(self.forward)
        if len(lines) > 1 and lines[-1].startswith("return ") and " = " in lines[-2]:
            name, _, value = lines[-2].partition(" = ")
            if lines[-1] == f"return {name}":
                lines[-2:] = [f"return {value}"]
        return lines


def attribute(key: str) -> str:
    """How an attribute is written; modules may have names that are no identifiers.

    Example:
        >>> attribute("dense"), attribute("my dense")
        ('self.dense', 'self.get_submodule("my dense")')
    """
    return f"self.{key}" if key.isidentifier() else f"self.get_submodule({text.literal(key)})"


def _added(key: str, line: str) -> str:
    constructor, gap, comment = line.partition("  # ")
    return f"self.add_module({text.literal(key)}, {constructor}){gap}{comment}"


def loop(variable: str, values: list[str]) -> list[str]:
    """The head of a loop over values, on several lines if it is long.

    Example:
        >>> loop("layer", ["self.a", "self.b"])
        ['for layer in (self.a, self.b):']
    """
    line = f"for {variable} in ({', '.join(values)}{',' if len(values) == 1 else ''}):"
    if len(line) + 8 <= text.WIDTH:
        return [line]
    return [f"for {variable} in (", *(f"    {value}," for value in values), "):"]


def name_of(source: str) -> str:
    """The name that a helper defines.

    Example:
        >>> name_of("def relu(x):"), name_of("rate = 1")
        ('relu', 'rate')
    """
    found = re.search(r"^(?:class|def) (\w+)|^(\w+) =", source, re.MULTILINE)
    return source if found is None else found[1] or found[2]


_IMPORTS = {
    "F.": "import torch.nn.functional as F",
    "torch.": "import torch",
    "math.": "import math",
    "keras.": "import kerastorch as keras",
    "nn.": "from torch import nn",
}


def needed(*lines: str) -> tuple[str, ...]:
    """The import lines that source text shows to be needed.

    Example:
        >>> needed("F.relu(x)", "torch.exp(x)")
        ('import torch', 'import torch.nn.functional as F')
    """
    writer = Writer()
    writer.imports = set()
    writer.use(*lines)
    return tuple(sorted(writer.imports))


def whole_class(name: str, base: str, doc: list[str], writer: Writer, forward: str, more: list[str]) -> str:
    """The source of a class.

    Args:
        name: Its name.
        base: The class it derives from.
        doc: The lines of its docstring.
        writer: What its methods hold.
        forward: The parameters of `forward` after `self`.
        more: Lines of further methods.
    """
    lines = [f"class {name}({base}):"]
    quoted = [f'"""{doc[0]}"""'] if len(doc) == 1 else [f'"""{doc[0]}', *doc[1:], '"""']
    lines += [*text.indented(quoted), ""]
    parameters = ", ".join(["self", *writer.parameters])
    lines += [*text.indented([f"def __init__({parameters}):"]), *text.indented(writer.init_body(), 2), ""]
    lines += [*text.indented([f"def forward(self, {forward}):"]), *text.indented(writer.forward_body(), 2)]
    for block in more:
        lines += ["", *text.indented(block.splitlines())]
    return "\n".join(lines)
