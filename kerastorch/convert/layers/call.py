"""One recorded call, as the emitters see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kerastorch.convert.layers.writer import Start, Writer, attribute
from kerastorch.nn import graph

_TO_FIRST = {3: ".transpose(1, 2)", 4: ".permute(0, 3, 1, 2)", 5: ".permute(0, 4, 1, 2, 3)"}
_TO_PLAIN = {3: ".transpose(1, 2)", 4: ".permute(0, 2, 3, 1)", 5: ".permute(0, 2, 3, 4, 1)"}
_SPACES = {3: "steps", 4: "height, width", 5: "depth, height, width"}


@dataclass(eq=False)
class Value:
    """A tensor in `forward`.

    Attributes:
        text: An expression, or the variable that holds it.
        shape: Its shape in Keras's order.
        first: Whether it is kept with the channels behind the batch, as torch's kernels take it, while Keras has
            them last.
        dtype: Its declared dtype.
        comment: What to say about the line that makes it.
    """

    text: str
    shape: tuple[int | None, ...]
    first: bool = False
    dtype: str = "float32"
    comment: str = ""

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    def plain(self) -> str:
        """The tensor in Keras's order of dimensions."""
        return f"{self.text}{_TO_PLAIN[self.rank]}" if self.first else self.text


@dataclass
class Call:
    """What an emitter knows: the class that is written, the layer and its attribute, the arguments.

    Attributes:
        writer: Takes attributes, helpers, notes.
        target: The layer, module or function that is called.
        key: The attribute that holds it ("" for functions).
        args, kwargs: The arguments, symbolic tensors in them.
        values: Symbolic tensor's id -> its value.
        shape: The shape of the result in Keras's order (None if there are several).
        constant: Gives the attribute that holds a constant tensor.
        nested: Writes the class of a model that is called as a layer, and gives its name.
    """

    writer: Writer
    target: Any
    key: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    values: dict[int, Value]
    shape: tuple[int | None, ...] | None
    constant: Callable[[Any], str]
    nested: Callable[[Any, str], str]
    inputs: list[Value] = field(init=False)

    def __post_init__(self) -> None:
        leaves = graph.symbolic_leaves(self.args)
        self.inputs = [self.values[id(leaf)] for leaf in leaves]

    @property
    def x(self) -> Value:
        """The first input."""
        return self.inputs[0]

    @property
    def me(self) -> str:
        """The attribute as it is written."""
        return attribute(self.key)

    @property
    def mask(self) -> str | None:
        """The mask that was handed in, if any."""
        mask = self.kwargs.get("mask")
        return None if mask is None or id(mask) not in self.values else self.values[id(mask)].text

    def first(self, value: Value | None = None) -> str:
        """An input with the channels behind the batch; its variable is turned on a line of its own if need be."""
        value = self.x if value is None else value
        if not value.first:
            turned = f"{value.text}{_TO_FIRST[value.rank]}"
            comment = f"(batch, channels, {_SPACES[value.rank]}), as torch's layers take it"
            self.writer.forward.append(f"{value.text} = {turned}  # {comment}")
            value.first = True
        return value.text

    def plain(self, value: Value | None = None) -> str:
        """An input in Keras's order of dimensions."""
        return (self.x if value is None else value).plain()

    def define(self, constructor: str, *starts: Start) -> str:
        """Make the attribute in `__init__`; how it is written in `forward`."""
        self.writer.attribute(self.key, constructor, starts)
        return self.me

    def result(self, text: str, first: bool = False, comment: str = "") -> Value:
        """The value of the call."""
        assert self.shape is not None
        self.writer.use(text)
        return Value(text, self.shape, first, comment=comment)

    def same(self, text: str, comment: str = "") -> Value:
        """The value of a call that works on each element by itself, so that the order of dimensions does not matter."""
        return self.result(text, self.x.first, comment)


Emitter = Callable[[Call], "Value | None"]
