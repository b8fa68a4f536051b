"""`keras.RematScope`: layers made inside it checkpoint their activations."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from kerastorch.base import errors, nested
from kerastorch.nn import graph
from kerastorch.nn.contexts import counted
from kerastorch.nn.keras_tensor import KerasTensor
from kerastorch.nn.remat import remat
from kerastorch.random import SeedGenerator

MODES = ("full", "activations", "larger_than", "list_of_layers")


class RematScope:
    """Layers made inside `with RematScope(...):` keep less for the backward pass, and compute it again then.

    Gradients, running statistics and random numbers are those of the layers without it. A layer that holds others is
    computed again as a whole. Of a model made in the scope each layer is, unless the model is named: as a whole that
    would save nothing. Forward hooks are called again, as with torch's `checkpoint`. A clone, or a model that is loaded
    from a file, knows nothing of the scope, as in Keras.

    Args:
        mode: "full": every layer. "activations": only the `activation` of layers that have one. "larger_than": layers
            whose outputs for the batch at hand have more than `output_size_threshold` elements. "list_of_layers": those
            in `layer_names`. None: no layer, within a scope of another mode.
        output_size_threshold: Elements, see `mode`.
        layer_names: Names, see `mode`.

    Raises:
        ValueError: The mode is unknown.
        TypeError: The threshold is no number, or the names are no list.

    Example:
        >>> import kerastorch as keras
        >>> with keras.RematScope("larger_than", output_size_threshold=100):
        ...     layer = keras.layers.Dense(64, activation="gelu")
        >>> layer(torch.ones(2, 8)).shape
        torch.Size([2, 64])
    """

    def __init__(
        self, mode: str | None = "full", output_size_threshold: int = 1024, layer_names: Sequence[str] | None = None
    ) -> None:
        if mode is not None and mode not in MODES:
            raise errors.unknown_name("`mode` of RematScope", mode, MODES)
        if isinstance(output_size_threshold, bool) or not isinstance(output_size_threshold, (int, float)):
            raise errors.type_error(
                "`output_size_threshold` of RematScope", expected="a number of elements", received=output_size_threshold
            )
        if isinstance(layer_names, str):
            raise errors.type_error("`layer_names` of RematScope", expected="a list of names", received=layer_names)
        self.mode = mode
        self.output_size_threshold = output_size_threshold
        self.layer_names = list(layer_names or ())

    def __enter__(self) -> RematScope:
        _scopes.append(self)
        return self

    def __exit__(self, *error: Any) -> None:
        _scopes.pop()


_scopes: list[RematScope] = []


def rule_for(layer: Any) -> Rule | None:
    """How a layer that is being made is to be computed, or None where nothing is asked for.

    Args:
        layer: The layer, with its name.
    """
    scope = _scopes[-1] if _scopes else None
    if scope is None or scope.mode is None:
        return None
    if scope.mode == "list_of_layers":
        return Rule() if layer.name in scope.layer_names else None
    return None if layer.is_model else _RULES[scope.mode](scope.output_size_threshold)


class Rule:
    """How a layer is computed: with everything that its call makes computed again for the backward pass."""

    depth = 0  # within how many layers that are computed again: what is inside them is not kept anyway

    def around(self, layer: nn.Module, call: Callable[..., Any]) -> Callable[..., Any]:
        """What is called in the place of `call`, a layer's own.

        Args:
            layer: The layer.
            call: Its call: forward pass and hooks.
        """
        if Rule.depth or graph.inferring.on or not torch.is_grad_enabled():
            return call
        return self.wrapped(layer, call)

    def wrapped(self, layer: nn.Module, call: Callable[..., Any]) -> Callable[..., Any]:
        """`around`, where gradients are wanted."""
        return lambda *args, **kwargs: checkpoint(_Again(layer, call), *args, use_reentrant=False, **kwargs)


class _OnlyActivation(Rule):
    """Only what the layer's activation keeps is computed again."""

    def wrapped(self, layer: nn.Module, call: Callable[..., Any]) -> Callable[..., Any]:
        activation = getattr(layer, "activation", None)
        if not callable(activation):
            return call

        def run(*args: Any, **kwargs: Any) -> Any:
            kept = {k: v for k, v in vars(layer).items() if k == "activation"}  # empty where it is a module
            layer.__dict__["activation"] = remat(activation)
            try:
                return call(*args, **kwargs)
            finally:
                del layer.__dict__["activation"]
                layer.__dict__.update(kept)

        return run


class _LargerThan(Rule):
    """Only a call with large outputs is computed again."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self.sizes: dict[Any, int] = {}

    def wrapped(self, layer: nn.Module, call: Callable[..., Any]) -> Callable[..., Any]:
        whole = super().wrapped(layer, call)

        def run(*args: Any, **kwargs: Any) -> Any:
            key = tuple((*t.shape, t.dtype) for t in nested.flatten((args, kwargs)) if isinstance(t, Tensor))
            if key not in self.sizes:
                self.sizes[key] = _output_size(layer, args, kwargs)
            return (whole if self.sizes[key] > self.threshold else call)(*args, **kwargs)

        return run


_RULES: dict[str, Callable[[float], Rule]] = {
    "full": lambda threshold: Rule(),
    "activations": lambda threshold: _OnlyActivation(),
    "larger_than": _LargerThan,
}


def _output_size(layer: Any, args: Any, kwargs: Any) -> int:
    """The elements of a call's outputs, found without computing them."""

    def symbolic(leaf: Any) -> Any:
        return KerasTensor(leaf.shape, dtype=leaf.dtype) if isinstance(leaf, Tensor) else leaf

    args, kwargs = nested.map_structure(symbolic, (args, kwargs))
    now = _Surroundings(layer)
    try:
        outputs = layer.compute_output_spec(*args, **kwargs)
    finally:
        now.restore()
    shapes = [leaf.shape for leaf in nested.flatten(outputs) if isinstance(leaf, KerasTensor)]
    return sum(math.prod(d or 1 for d in shape) for shape in shapes)


class _Again:
    """A layer's call that may be made a second time, with what it reads beside its arguments as it was."""

    def __init__(self, layer: nn.Module, call: Callable[..., Any]) -> None:
        self.layer, self.call = layer, call
        self.before: _Surroundings | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.before is None:
            self.before = _Surroundings(self.layer)
            with _inside():
                return self.call(*args, **kwargs)
        now = _Surroundings(self.layer)
        self.before.restore()
        try:
            with _inside(), counted():
                return self.call(*args, **kwargs)
        finally:
            now.restore()


@contextmanager
def _inside() -> Iterator[None]:
    Rule.depth += 1
    try:
        yield
    finally:
        Rule.depth -= 1


class _Surroundings:
    """What calls of a module read or write beside arguments and weights: modes, buffers, seeds, added losses."""

    def __init__(self, module: nn.Module) -> None:
        modules = list(module.modules())
        values = [v for m in modules for v in vars(m).values()]
        self.modes = [(m, m.training) for m in modules]
        self.buffers = [(b, b.detach().clone()) for b in module.buffers()]
        self.seeds = [(v, v.get_state()) for v in values if isinstance(v, SeedGenerator)]
        held: list[list[Tensor]] = [vars(m)["_losses"] for m in modules if "_losses" in vars(m)]
        self.losses = [(losses, list(losses)) for losses in held]

    def restore(self) -> None:
        """Let it be as it was."""
        for module, training in self.modes:
            module.training = training
        for buffer, value in self.buffers:
            buffer.data.copy_(value)  # `.data`: autograd may hold the buffer
        for seed, state in self.seeds:
            seed.set_state(state)
        for losses, added in self.losses:
            losses[:] = added
