"""`Layer`: an `nn.Module` that may learn its input shape late, and can be called on symbolic tensors."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from kerastorch.base import errors, naming, nested, policy, registry, serialization
from kerastorch.nn import graph, weights
from kerastorch.nn.contexts import NOTHING, counted, mode
from kerastorch.nn.keras_tensor import KerasTensor
from kerastorch.nn.masks import ComputeMask, masks_of
from kerastorch.nn.remat_scope import Rule, rule_for
from kerastorch.nn.spec import assert_input
from kerastorch.nn.stored import Stored
from kerastorch.nn.tracking import live

L = TypeVar("L", bound="Layer")
_INTEGERS = (torch.int64, torch.int32, torch.uint8, torch.bool, torch.int16, torch.int8)


class Layer(Stored):
    """The base of all layers and models: subclass it, make weights in `build`, compute in `call`.

    A layer is an ordinary `nn.Module`: parameters in torch's layout, hooks, `state_dict`, `.to()`. Called on a symbolic
    tensor it is recorded as one node of a graph. Following Keras, a new layer is in inference mode; `fit` trains in
    training mode, and `layer(x, training=True)` or `layer.train()` choose by hand.

    Args:
        activity_regularizer: A regularizer of the output.
        trainable: Whether its weights are trained.
        dtype: A float dtype or dtype policy; default the global policy.
        autocast: Whether float inputs are cast to the compute dtype.
        name: Its name; made from the class name when missing.
        **kwargs: `input_shape` / `input_dim` of older scripts, understood by `Sequential`.

    Raises:
        TypeError: An unknown keyword argument.

    Example:
        >>> class Scale(Layer):
        ...     def build(self, input_shape):
        ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")
        ...     def call(self, inputs):
        ...         return inputs * self.factor
        >>> layer = Scale()
        >>> layer(torch.ones(2, 3)).shape, len(layer.weights)
        (torch.Size([2, 3]), 1)
    """

    _fast = False
    _call_takes: frozenset[str] = frozenset()
    _call_training_at = -1
    built = False
    supports_masking = False
    is_model = False  # whether its calls are the outermost ones, which forget the losses of the call before
    makes_masks = True  # whether a `compute_mask` of its own may make a mask where none came in (a merge never does)
    input_spec: Any = None
    _init_args: tuple[tuple[Any, ...], dict[str, Any]]
    _inbound_nodes: list[graph.Node]
    _losses: list[Tensor]
    _remat: Rule | None = None

    def __new__(cls: type[L], *args: Any, **kwargs: Any) -> L:
        # Attributes may be set before `super().__init__()`, as many Keras scripts do.
        self: L = super().__new__(cls)
        nn.Module.__init__(self)
        self.__dict__.update(training=False, _init_args=(args, kwargs), _inbound_nodes=[], _losses=[])
        return self

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if "input_dim" in kwargs:
            kwargs["input_shape"] = (kwargs.pop("input_dim"),)
        self._input_shape_arg = kwargs.pop("input_shape", None)
        if kwargs:
            known = list(inspect.signature(type(self).__init__).parameters)[1:]
            raise errors.unexpected_keywords(type(self).__name__, kwargs, [*known, "name", "dtype", "trainable"])
        if name is not None and not isinstance(name, str):
            raise errors.type_error(f"`name` of {type(self).__name__}", expected="a string", received=name)
        self.named_by_user = name is not None
        self.name = name or naming.auto_name(naming.to_snake_case(type(self).__name__))
        self.autocast = autocast
        rule = rule_for(self)
        if rule is not None:
            self._remat = rule
        self._follow(policy.get(dtype))
        self._trainable = bool(trainable)
        self.activity_regularizer = registry.resolve("regularizers", activity_regularizer)
        masking = self._has_mask_to_make()
        if masking or self.activity_regularizer is not None:
            live.on = True

    def _has_mask_to_make(self) -> bool:
        return self.makes_masks and type(self).compute_mask is not Layer.compute_mask

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "call" in cls.__dict__ and "forward" not in cls.__dict__:
            names = list(inspect.signature(cls.call).parameters)[1:]
            cls._call_takes = frozenset(names) & {"training", "mask"}
            cls._call_training_at = names.index("training") if "training" in names else -1
            cls.forward = _forward_with_training if "training" in names else cls.__dict__["call"]  # type: ignore[method-assign]
        if "build" in cls.__dict__:
            cls.build = _marking_built(cls.__dict__["build"])  # type: ignore[method-assign]

    # -- calling ----------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._fast and len(args) == 1 and not kwargs and not graph.inferring.on:
            x = args[0]
            if type(x) is Tensor and x.dtype in self._accepts and not (live.on and hasattr(x, "_keras_mask")):
                return self._call_outermost(x) if live.on and self.is_model else self._call_impl(x)  # type: ignore[no-untyped-call]
        return self._call_with_care(args, kwargs)

    def _call_outermost(self, x: Tensor) -> Any:
        """A model's call forgets the losses that layers added in the call before, unless it is within another."""
        with counted():
            if live.depth == 1:
                self._clear_losses()
            return self._call_impl(x)  # type: ignore[no-untyped-call]

    def _call_with_care(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Any call but the plainest: symbolic or unbuilt, NumPy inputs, masks, losses, `training=`, dtype policies."""
        for name in ("training", "mask"):  # None says nothing, also to a layer that does not take it
            if name not in self._call_takes and name in kwargs and kwargs[name] is None:
                kwargs = {k: v for k, v in kwargs.items() if k != name}
        if graph.symbolic_leaves((args, kwargs)):
            return self._record(args, kwargs)
        args, kwargs = nested.map_structure(self._to_tensor, (args, kwargs))
        self._build_for(args, kwargs)
        if live.on:
            self._take_masks(args, kwargs)
        training = kwargs.get("training")
        if "training" not in self._call_takes and training is not None:
            del kwargs["training"]
        with mode(self, training), self._meta_weights(), self._compute_context(args), counted():
            if live.on and live.depth == 1:
                self._clear_losses()
            call: Callable[..., Any] = self._call_impl
            outputs = (call if self._remat is None else self._remat.around(self, call))(*args, **kwargs)
            return self._after_call(args, kwargs, outputs) if live.on else outputs

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The computation; subclasses define it (or `forward`)."""
        raise NotImplementedError(
            errors.message(
                f"{type(self).__name__}", expected="a `call` or `forward` method", received=errors.Said("neither")
            )
        )

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What `nn.Module` runs: `call`."""
        return self.call(*args, **kwargs)

    def _to_tensor(self, leaf: Any) -> Any:
        if isinstance(leaf, np.ndarray) and leaf.dtype.kind in "fiub":
            leaf = torch.from_numpy(np.ascontiguousarray(leaf)).to(self._device())
        if not isinstance(leaf, Tensor) or not self.autocast or not leaf.is_floating_point():
            return leaf
        wanted = self.dtype_policy.torch_compute_dtype
        if leaf.dtype is wanted or (not leaf.is_meta and torch.is_autocast_enabled(leaf.device.type)):
            return leaf
        return leaf.to(wanted)

    def _follow(self, dtype: Any) -> None:
        self.dtype_policy = policy.get(dtype)
        self._accepts = frozenset((self.dtype_policy.torch_compute_dtype, *_INTEGERS))

    def _device(self) -> torch.device | None:
        first = next(self.parameters(), None)
        return None if first is None else first.device

    def _compute_context(self, args: tuple[Any, ...]) -> Any:
        if not self.dtype_policy.is_mixed or graph.inferring.on:
            return NOTHING
        device = next((a.device.type for a in nested.flatten(args) if isinstance(a, Tensor)), "cpu")
        return torch.autocast(device, dtype=self.dtype_policy.torch_compute_dtype)

    @contextmanager
    def _meta_weights(self) -> Iterator[None]:
        """While shapes are inferred, the weights are replaced by copies without memory."""
        if not graph.inferring.on or id(self) in graph.inferring.swapped:
            yield
            return
        state = {**dict(self.named_parameters()), **dict(self.named_buffers())}
        without_memory = {key: value.detach().to("meta") for key, value in state.items()}
        # Layers inside that are not built yet will replace the weights that they make themselves.
        swapped = {id(m) for m in self.modules() if not isinstance(m, Layer) or m.built or m is self}
        graph.inferring.swapped |= swapped
        try:
            with torch.nn.utils.stateless._reparametrize_module(self, without_memory):
                yield
        finally:
            graph.inferring.swapped -= swapped

    # -- building ---------------------------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Make the weights, now that the input shape is known; subclasses define it.

        Args:
            input_shape: The shape of the first argument of `call`, batch dimension included (None where unknown),
                in the structure of that argument.
        """
        self._finish_build()

    def _finish_build(self) -> None:
        self.built = True
        cares = self.activity_regularizer is not None or self._has_mask_to_make()
        self._fast = not cares and not self.dtype_policy.is_mixed and self._remat is None
        if not self._trainable:
            self.trainable = False

    def _build_for(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if not self.built:
            given = args or tuple(kwargs.values())
            shapes = nested.map_structure(lambda t: tuple(t.shape) if hasattr(t, "shape") else None, given)
            assert_input(self.name, self.input_spec, args[0] if args else None)
            self._build_from_shapes(shapes)
        elif self.input_spec is not None and len(args) > 0 and not graph.inferring.on:
            assert_input(self.name, self.input_spec, args[0])

    def _build_from_shapes(self, shapes: tuple[Any, ...]) -> None:
        """Run `build` with the shapes of as many leading arguments as it takes."""
        parameters = [p for p in inspect.signature(self.build).parameters.values() if p.name not in ("args", "kwargs")]
        required = [p for p in parameters if p.default is inspect.Parameter.empty]
        with torch.device("cpu") if graph.inferring.on else NOTHING:
            self.build(*(shapes[: max(1, len(required))] or (None,)))

    # -- symbolic calls ---------------------------------------------------------------------------------------------

    def _record(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not args:  # the first argument may be named; what follows looks for it in its place
            first = next(iter(inspect.signature(self.call).parameters), "")
            args = (kwargs[first],) if first in kwargs else ()
            kwargs = {k: v for k, v in kwargs.items() if k != first}
        assert_input(self.name, self.input_spec, args[0] if args else None)
        implicit = "mask" in self._call_takes and kwargs.get("mask") is None
        masks = masks_of(args[0]) if args else None
        if implicit and masks is not None:
            kwargs = {**kwargs, "mask": masks}
        outputs = self.compute_output_spec(*args, **kwargs)
        node = graph.Node(self, args, kwargs, outputs, number=len(self._inbound_nodes))
        node.implicit_mask = implicit
        self._inbound_nodes.append(node)
        self._record_masks(args, masks, outputs)
        return outputs

    def _record_masks(self, args: tuple[Any, ...], masks: Any, outputs: Any) -> None:
        if type(self).compute_mask is Layer.compute_mask:
            flat = [m for m in nested.flatten(masks) if m is not None]
            made = flat[0] if self.supports_masking and len(flat) == 1 else None
        else:
            made = ComputeMask(self).record(args[0], masks)
        for tensor in nested.flatten(outputs):
            if isinstance(tensor, KerasTensor):
                tensor._keras_mask = made

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The symbolic result of a call on symbolic tensors, without recording it.

        Args:
            *args: What `call` takes.
            **kwargs: What `call` takes.

        Returns:
            Symbolic tensors.
        """
        if type(self).compute_output_shape is not Layer.compute_output_shape:
            if not self.built:
                self._build_for(args, kwargs)
            shapes = nested.map_structure(lambda t: t.shape if isinstance(t, KerasTensor) else t, args[0])
            made = self.compute_output_shape(shapes)
            return nested.map_shape_structure(lambda s: KerasTensor(s, dtype=self.compute_dtype), made)
        if not self.built and "build" in _overridden(type(self)):
            self._build_for(args, kwargs)
        return graph.infer(self, args, kwargs, name=self.name)

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """The shape of the result for an input shape.

        Args:
            *args: Input shapes, batch dimension included.
            **kwargs: Input shapes named `..._shape`, as Keras allows.

        Returns:
            The output shape or a structure of them.
        """
        shapes = (*args, *kwargs.values())
        inputs = [nested.map_shape_structure(lambda s: KerasTensor(s, dtype=self.compute_dtype), s) for s in shapes]
        outputs = Layer.compute_output_spec(self, *inputs)
        return nested.map_structure(lambda t: t.shape, outputs)

    @property
    def input(self) -> Any:
        """The symbolic input of the layer's first recorded call; an InputLayer has none."""
        args = self._first_node().args
        return args[0] if args else []

    @property
    def output(self) -> Any:
        """The symbolic output of the layer's first recorded call."""
        return self._first_node().outputs

    def _first_node(self) -> graph.Node:
        if not self._inbound_nodes:
            raise AttributeError(
                errors.message(
                    f"Layer {self.name!r}",
                    expected="to have been called on a symbolic tensor",
                    received=errors.Said("a layer without inputs and outputs yet"),
                    remedy="Use it in a functional or Sequential model with an `Input` first.",
                )
            )
        return self._inbound_nodes[0]

    # -- masks and losses -------------------------------------------------------------------------------------------

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the output; by default that of the input.

        Args:
            inputs: What `call` received.
            previous_mask: Its mask: bool, True where there is data.

        Returns:
            The mask, or None.
        """
        return previous_mask

    def _take_masks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if "mask" in self._call_takes and kwargs.get("mask") is None and args:
            masks = masks_of(args[0])
            if masks is not None:
                kwargs["mask"] = masks

    def _after_call(self, args: tuple[Any, ...], kwargs: dict[str, Any], outputs: Any) -> Any:
        if self.activity_regularizer is not None:
            for output in nested.flatten(outputs):
                self._losses.append(self.activity_regularizer(output) / output.shape[0])
        overridden = type(self).compute_mask is not Layer.compute_mask
        if args and (overridden or self.supports_masking):
            given = kwargs.get("mask")
            mask = self.compute_mask(args[0], given if given is not None else masks_of(args[0]))
            for output in nested.flatten(outputs):
                if mask is not None and isinstance(output, Tensor) and not nested.is_nested(mask):
                    output._keras_mask = mask  # type: ignore[attr-defined]
        return outputs

    def add_loss(self, loss: Any) -> None:
        """Add a scalar (or several) to the training loss, from inside `call`.

        Args:
            loss: A scalar tensor, or a list of them.
        """
        live.on, self._fast = True, False
        self._losses.extend(nested.flatten(loss))

    def _clear_losses(self) -> None:
        for module in self.modules():
            if isinstance(module, Layer):
                module._losses.clear()

    @property
    def losses(self) -> list[Tensor]:
        """The scalars added in the last call, and the penalties of regularized weights."""
        layers = [m for m in self.modules() if isinstance(m, Layer)]
        added = [loss for layer in layers for loss in layer._losses]
        return added + weights.penalties(self)

    # -- dtype and config -------------------------------------------------------------------------------------------

    @property
    def dtype(self) -> str:
        """The dtype of the weights."""
        return self.dtype_policy.variable_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of the weights."""
        return self.dtype_policy.variable_dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype of the computation."""
        return self.dtype_policy.compute_dtype

    @property
    def path(self) -> str:
        """The layer's name."""
        return self.name

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer; subclasses add their own.

        A subclass whose constructor's arguments can all be written to a file need not define it.

        Returns:
            Plain values, or objects that can be serialised.
        """
        base = {"name": self.name, "trainable": self.trainable, "dtype": self._dtype_config()}
        if type(self).__init__ is Layer.__init__:
            if self.activity_regularizer is not None:
                base["activity_regularizer"] = serialization.serialize_keras_object(self.activity_regularizer)
            return base
        return base if "get_config" in _overridden(type(self)) else {**base, **self._given_arguments()}

    def _given_arguments(self) -> dict[str, Any]:
        """What the constructor was called with, as plain values."""
        args, kwargs = self._init_args
        bound = inspect.signature(type(self).__init__).bind(self, *args, **kwargs).arguments
        given = {k: v for k, v in list(bound.items())[1:] if k not in ("args", "kwargs")}
        written = {k: serialization.serialize_keras_object(v) for k, v in given.items()}
        return {**written, **bound.get("kwargs", {})}

    def _dtype_config(self) -> Any:
        return serialization.serialize_keras_object(self.dtype_policy)

    def __getstate__(self) -> dict[str, Any]:
        # The recorded calls belong to the models that made them, which keep them in a flat form.
        # Losses are of the last call, and tensors with a history cannot be copied.
        return {**self.__dict__, "_inbound_nodes": [], "_losses": []}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _forward_with_training(self: Any, *args: Any, **kwargs: Any) -> Any:
    if kwargs.get("training") is None and len(args) <= self._call_training_at:
        kwargs["training"] = self.training
    return self.call(*args, **kwargs)


def _marking_built(build: Callable[..., None]) -> Callable[..., None]:
    """A `build` that remembers what it was called with and marks the layer as built."""

    @functools.wraps(build)
    def wrapper(self: Layer, *args: Any, **kwargs: Any) -> None:
        build(self, *args, **kwargs)
        shapes = (*args, *kwargs.values())
        named = dict(zip(_names(build), shapes, strict=False))
        self._build_config = {"input_shape": shapes[0]} if len(shapes) == 1 else {"shapes_dict": named}
        self._finish_build()

    return wrapper


def _names(build: Callable[..., None]) -> list[str]:
    return list(inspect.signature(build).parameters)[1:]


def _overridden(cls: type) -> set[str]:
    """The names that classes between `cls` and `Layer` define."""
    return {name for base in cls.__mro__[: cls.__mro__.index(Layer)] for name in base.__dict__}
