"""`EinsumDense`: a dense layer whose product is any einsum of the input and one weight."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors, registry
from kerastorch.initializers import VarianceScaling
from kerastorch.layers import arguments
from kerastorch.layers.core.floating import Floating
from kerastorch.nn.spec import InputSpec

_FORMS = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


@dataclass
class Plan:
    """What an equation says about shapes.

    Attributes:
        kernel: The weight's shape.
        bias: The bias's shape, ready to broadcast; None without bias.
        output: The output's shape, batch included.
        input_axes, output_axes: The dimensions of the weight that belong to inputs and to outputs.
    """

    kernel: list[Any]
    bias: list[Any] | None
    output: list[Any]
    input_axes: list[int]
    output_axes: list[int]


def plan(equation: str, bias_axes: str | None, input_shape: Any, partial_output: tuple[Any, ...]) -> Plan:
    """Read an equation for one input shape.

    Args:
        equation: "ab,bc->ac", "...ab,bc->...ac" or "ab...,bc->ac...".
        bias_axes: The letters of the output that the bias has, or None.
        input_shape: The input's shape, batch included.
        partial_output: The output's shape without batch and without what "..." stands for.

    Raises:
        ValueError: The equation, the shapes and the bias axes do not fit together.
    """
    left, source, right, weight, target = _parts(equation)
    elided = len(input_shape) - len(source)
    middle = list(input_shape[1:elided]) if left and elided > 0 else []
    tail = list(input_shape[len(input_shape) - elided :]) if elided > 0 and not left else []
    output = [input_shape[0], *middle, *partial_output, *tail]
    offset = elided if left else 0
    sizes_in = {letter: input_shape[i + offset] for i, letter in enumerate(source)}
    sizes_out = {letter: output[i + offset] for i, letter in enumerate(target)}
    _check(equation, source, weight, target, sizes_in, sizes_out)
    bias = None
    if bias_axes is not None:
        _check_bias(bias_axes, target)
        first = min(target.find(letter) for letter in bias_axes)
        bias = [sizes_out[letter] if letter in bias_axes else 1 for letter in target[first:]]
        bias += [1] * (0 if left else max(elided, 0))
    return Plan(
        kernel=[sizes_out[letter] if letter in sizes_out else sizes_in[letter] for letter in weight],
        bias=bias,
        output=output,
        input_axes=[i for i, letter in enumerate(weight) if letter not in sizes_out],
        output_axes=[i for i, letter in enumerate(weight) if letter in sizes_out],
    )


def _parts(equation: str) -> tuple[bool, str, bool, str, str]:
    match = _FORMS.fullmatch(equation.replace(" ", ""))
    if match is not None:
        left, source, right, weight, left_out, target, right_out = match.groups()
        if left == left_out and right == right_out and not (left and right):
            return bool(left), source, bool(right), weight, target
    raise errors.value_error(
        "`equation` of EinsumDense",
        expected='one of the forms "ab,bc->ac", "...ab,bc->...ac", "ab...,bc->ac..."',
        received=equation,
    )


def _check(
    equation: str, source: str, weight: str, target: str, sizes_in: dict[str, Any], sizes_out: dict[str, Any]
) -> None:
    for letter in source:
        wanted = sizes_out.get(letter)
        if wanted is not None and wanted != sizes_in[letter]:
            raise errors.value_error(
                f"`output_shape` of EinsumDense, dimension {letter!r} of {equation!r}",
                expected=f"{sizes_in[letter]}, as the input has it",
                received=wanted,
            )
    for letter in target:
        if letter not in source and letter not in weight:
            raise errors.value_error(
                f"`equation` of EinsumDense, {equation!r}",
                expected="output letters that the input or the weight has",
                received=letter,
            )
    for letter in weight:
        if letter not in source and letter not in target:
            raise errors.value_error(
                f"`equation` of EinsumDense, {equation!r}",
                expected="weight letters that the input or the output has",
                received=letter,
            )


def _check_bias(bias_axes: str, target: str) -> None:
    for letter in bias_axes:
        if letter not in target:
            raise errors.value_error(
                "`bias_axes` of EinsumDense", expected=f"letters of the output {target!r}", received=letter
            )


@registry.register("layers")
class EinsumDense(Floating):
    """`activation(einsum(equation, inputs, kernel) + bias)`.

    Args:
        equation: An einsum of the input and the weight, such as "ab,bc->ac" or "...x,xy->...y".
        output_shape: The output's shape without the batch and without what "..." stands for; None marks a dimension
            that the input decides.
        activation: A function or its name; default none.
        bias_axes: The letters of the output that the bias has; default no bias.
        kernel_initializer, bias_initializer: How the weights start.
        kernel_regularizer, bias_regularizer: Penalties on them.
        activity_regularizer: A penalty on the output.
        kernel_constraint, bias_constraint: Projections after each update.
        lora_rank, lora_alpha, gptq_unpacked_column_size, quantization_config: Must be None.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: The equation is of another form, or does not suit the shapes.

    Example:
        >>> layer = EinsumDense("...x,xy->...y", output_shape=4, bias_axes="y")
        >>> layer(torch.ones(2, 5, 3)).shape
        torch.Size([2, 5, 4])
    """

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        gptq_unpacked_column_size: int | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        unavailable = {"lora_rank": lora_rank, "lora_alpha": lora_alpha, "quantization_config": quantization_config}
        arguments.unsupported("EinsumDense", gptq_unpacked_column_size=gptq_unpacked_column_size, **unavailable)
        target = _parts(equation)[4]
        if bias_axes is not None:
            _check_bias(bias_axes, target)
        self.equation = equation
        self.partial_output_shape = tuple(output_shape) if isinstance(output_shape, (list, tuple)) else (output_shape,)
        self.bias_axes = bias_axes
        self.activation = arguments.activation(activation)
        arguments.settle(
            self,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )

    def build(self, input_shape: Any) -> None:
        """Make `weight` and, with `bias_axes`, `bias`."""
        shapes = plan(self.equation, self.bias_axes, input_shape, self.partial_output_shape)
        for axis, size in enumerate(shapes.kernel):
            arguments.known_dimension(self.name, shapes.kernel, axis) if size is None else None
        self.weight = self.add_weight(
            shape=shapes.kernel,
            initializer=_knowing_axes(self.kernel_initializer, shapes),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.bias = None
        if shapes.bias is not None:
            self.bias = self.add_weight(
                shape=shapes.bias,
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )
        self.input_spec = InputSpec(ndim=len(input_shape))

    @property
    def kernel(self) -> Tensor:
        """The weight."""
        return self.weight

    def call(self, inputs: Tensor) -> Tensor:
        """`activation(einsum(equation, inputs, kernel) + bias)`."""
        outputs = torch.einsum(self.equation, inputs, self.weight)
        if self.bias is not None:
            outputs = outputs + self.bias
        return outputs if self.activation is None else self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """What the equation makes of the input's shape."""
        return tuple(plan(self.equation, self.bias_axes, input_shape, self.partial_output_shape).output)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "output_shape": self.partial_output_shape,
            "equation": self.equation,
            "activation": arguments.activation_config(self.activation),
            "bias_axes": self.bias_axes,
            **arguments.written(
                self, "kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer"
            ),
            **arguments.written(self, "activity_regularizer", "kernel_constraint", "bias_constraint"),
        }


def _knowing_axes(initializer: Any, shapes: Plan) -> Any:
    """The initializer, told which dimensions are inputs: an einsum's weight need not be laid out (in, out)."""
    if not isinstance(initializer, VarianceScaling) or None not in (initializer.input_axes, initializer.output_axes):
        return initializer
    told = copy.copy(initializer)
    told.input_axes, told.output_axes = shapes.input_axes, shapes.output_axes
    return told
