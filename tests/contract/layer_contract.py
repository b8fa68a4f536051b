"""What every layer must do, in one call: `run_layer_contract(layers.Dense, {"units": 3}, (2, 4))`."""

from __future__ import annotations

import copy
import io
import json
import pickle
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from kerastorch.base import nested, serialization
from kerastorch.nn.keras_tensor import KerasTensor
from kerastorch.nn.variable import Variable

Shape = tuple[int, ...]

# Keys that Keras has added since 3.8. We leave them out, so that older versions read our files too.
_YOUNG = ("input_axes", "output_axes", "quantization_config", "ragged", "renorm", "renorm_clipping", "renorm_momentum")


@dataclass
class Differences:
    """The largest absolute differences to real Keras that were seen.

    Attributes:
        forward: Of output values (float32).
        gradients: Of gradients of inputs and weights (float32).
        state: Of weights and statistics after a call in training mode.
        float64: Of output values with `dtype="float64"`.
    """

    forward: float = 0.0
    gradients: float = 0.0
    state: float = 0.0
    float64: float = 0.0


@dataclass
class _Case:
    layer_cls: Any
    init_kwargs: dict[str, Any]
    keras_cls: Any
    keras_kwargs: dict[str, Any]
    inputs: Any
    call_kwargs: dict[str, Any]
    rtol: float
    atol: float

    def ours(self, **extra: Any) -> Any:
        return self.layer_cls(**{**copy.deepcopy(self.init_kwargs), **extra})

    def keras(self, **extra: Any) -> Any:
        return self.keras_cls(**{**copy.deepcopy(self.keras_kwargs), **extra})

    def pair(self, **extra: Any) -> tuple[Any, Any]:
        """Our layer and Keras's, both built, with the same weights (drawn at random, positive)."""
        ours, theirs = self.ours(**extra), self.keras(**extra)
        with torch.no_grad():
            ours(_tensors(self.inputs), **self.call_kwargs)
            theirs(_tensors(self.inputs), **self.call_kwargs)
        shapes, wanted = [w.shape for w in ours.get_weights()], [tuple(w.shape) for w in theirs.weights]
        assert shapes == wanted, f"weights in Keras's order and layout: {wanted} expected, {shapes} found"
        _assert_names(ours, theirs)
        generator = np.random.default_rng(7)
        values = [generator.uniform(0.1, 1.0, tuple(w.shape)).astype(w.dtype) for w in theirs.weights]
        ours.set_weights(values)
        theirs.set_weights(values)
        return ours, theirs


def run_layer_contract(
    layer_cls: Any,
    init_kwargs: dict[str, Any],
    input_shape: Shape | list[Shape] | None = None,
    *,
    inputs: Any = None,
    input_dtype: str = "float32",
    keras_cls: Any = None,
    keras_init_kwargs: dict[str, Any] | None = None,
    call_kwargs: dict[str, Any] | None = None,
    expected_output_shape: Shape | None = None,
    expected_trainable_weights: int | None = None,
    expected_non_trainable_weights: int | None = None,
    expected_state_keys: list[str] | None = None,
    supports_masking: bool | None = None,
    unknown_axes: tuple[int, ...] | None = None,
    training_modes: tuple[bool, ...] = (False, True),
    compare_config: bool = True,
    compare_symbolic: bool = True,
    float64: bool = True,
    float64_tolerance: float = 1e-6,
    bf16: bool = True,
    rtol: float = 1e-5,
    atol: float = 1e-5,
) -> Differences:
    """Hold one layer to everything that all layers promise, beside real Keras.

    Checked: names, order, layout and number of weights; `state_dict` keys, loading and `weights_only` files; the config
    round trip here, into real Keras and back; values and gradients against Keras with the same weights, in inference
    and training mode; statistics after a training call; symbolic calls with an unknown batch and unknown middle
    dimensions; deepcopy and pickle; one SGD step; bf16 autocast and the mixed policy; float64.

    Args:
        layer_cls: Our class.
        init_kwargs: Its constructor's arguments (deep-copied for every layer that is made).
        input_shape: The shape of the input, batch included; a list of shapes for a list of inputs.
        inputs: The input itself (array or list of arrays), when random numbers in (-1, 1) will not do.
        input_dtype: The dtype of random inputs; integers are drawn from 0..3.
        keras_cls: Keras's class; by default the one of the same name in `keras.layers`.
        keras_init_kwargs: Its arguments, when they differ (layers inside).
        call_kwargs: Further arguments of every call (`mask`).
        expected_output_shape: The shape of the output; by default only Keras's own is asked for.
        expected_trainable_weights: How many there must be.
        expected_non_trainable_weights: How many there must be.
        expected_state_keys: The keys of `state_dict`, sorted.
        supports_masking: What the attribute must say.
        unknown_axes: The dimensions, besides the batch, that a second symbolic call leaves unknown; by default all
            but the last of an input of rank >= 3 ("channels_last"); `()` leaves the second call out.
        training_modes: In which modes values are compared; `(False,)` for random layers.
        compare_config: Whether Keras's config is compared.
        compare_symbolic: Whether Keras's symbolic shapes are compared.
        float64: Whether `dtype="float64"` is compared.
        float64_tolerance: How closely. Keras computes much of it in float32 all the same, and gives float32.
        bf16: Whether bf16 autocast and "mixed_bfloat16" are tried.
        rtol: Relative tolerance of float32 values and gradients.
        atol: Absolute tolerance of the same.

    Returns:
        The largest differences seen.
    """
    import keras

    if inputs is None:
        assert input_shape is not None, "input_shape or inputs"
        inputs = _random_inputs(input_shape, input_dtype)
    keras_cls = keras_cls or getattr(keras.layers, layer_cls.__name__)
    keras_kwargs = init_kwargs if keras_init_kwargs is None else keras_init_kwargs
    case = _Case(layer_cls, init_kwargs, keras_cls, keras_kwargs, inputs, call_kwargs or {}, rtol, atol)

    ours, _ = case.pair()
    _check_counts(
        ours, expected_trainable_weights, expected_non_trainable_weights, expected_state_keys, supports_masking
    )
    _check_state_dict(case, ours)
    _check_copies(case, ours)
    if compare_config:
        _check_config(case)
    differences = Differences()
    for training in training_modes:
        _check_values(case, training, differences)
    shape = _check_symbolic(case, unknown_axes, compare_symbolic)
    assert expected_output_shape in (None, shape), f"output shape {expected_output_shape} expected, {shape} found"
    _check_training_step(case)
    if bf16:
        _check_bf16(case)
    if float64:
        _check_float64(case, differences, float64_tolerance)
    return differences


# -- inputs and outputs ------------------------------------------------------------------------------------------------


def _random_inputs(shape: Any, dtype: str) -> Any:
    if isinstance(shape, list):
        return [_random_inputs(s, dtype) for s in shape]
    generator = np.random.default_rng(sum(shape))
    if np.dtype(dtype).kind in "iu":
        return generator.integers(0, 4, shape).astype(dtype)
    return generator.uniform(-1.0, 1.0, shape).astype(dtype)


def _tensors(inputs: Any, *, grad: bool = False, dtype: torch.dtype | None = None) -> Any:
    def make(array: Any) -> torch.Tensor:
        tensor = torch.from_numpy(np.array(array))
        if tensor.is_floating_point():
            tensor = tensor.to(dtype or tensor.dtype).requires_grad_(grad)
        return tensor

    return nested.map_structure(make, inputs)


def _numpy(value: Any) -> np.ndarray[Any, Any]:
    value = getattr(value, "value", value)
    return value.detach().float().numpy() if value.dtype is torch.bfloat16 else value.detach().numpy()


def _distance(found: Any, wanted: Any, rtol: float, atol: float, what: str) -> float:
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert found.shape == wanted.shape, f"{what}: shape {wanted.shape} expected, {found.shape} found"
    np.testing.assert_allclose(found, wanted, rtol=rtol, atol=atol, err_msg=what)
    return float(np.max(np.abs(found.astype(np.float64) - wanted.astype(np.float64)), initial=0.0))


def _same_outputs(a: Any, b: Any, what: str) -> None:
    for x, y in zip(nested.flatten(a), nested.flatten(b), strict=True):
        assert torch.equal(x, y), what


def _infer(layer: Any, case: _Case, **kwargs: Any) -> Any:
    with torch.no_grad():
        return layer(_tensors(case.inputs), **case.call_kwargs, **kwargs)


# -- the clauses -------------------------------------------------------------------------------------------------------


def _assert_names(ours: Any, theirs: Any) -> None:
    found = [w.name if isinstance(w, Variable) else None for w in ours.weights]
    wanted = [w.name for w in theirs.weights]
    assert [n for n in found if n is not None] == wanted, f"weight names {wanted} expected, {found} found"


def _check_counts(
    layer: Any, trainable: int | None, non_trainable: int | None, keys: list[str] | None, masking: bool | None
) -> None:
    assert layer.built
    if trainable is not None:
        assert len(layer.trainable_weights) == trainable
    if non_trainable is not None:
        assert len(layer.non_trainable_weights) == non_trainable
    if keys is not None:
        assert sorted(layer.state_dict()) == sorted(keys)
    if masking is not None:
        assert layer.supports_masking is masking


def _check_state_dict(case: _Case, layer: Any) -> None:
    state = layer.state_dict()
    assert all(type(v) is torch.Tensor for v in state.values()), "state_dict holds plain tensors"
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    fresh = case.ours()
    _infer(fresh, case)
    fresh.load_state_dict(torch.load(file, weights_only=True), strict=True)
    for a, b in zip(fresh.get_weights(), layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b, err_msg="weights after load_state_dict")
    _same_outputs(_infer(fresh, case), _infer(layer, case), "outputs after load_state_dict")


def _check_copies(case: _Case, layer: Any) -> None:
    wanted = _infer(layer, case)
    for kind, made in (("deepcopy", copy.deepcopy(layer)), ("pickle", pickle.loads(pickle.dumps(layer)))):
        _same_outputs(_infer(made, case), wanted, f"outputs of a {kind}")
        assert not {id(w) for w in made.weights} & {id(w) for w in layer.weights}, f"a {kind} shares weights"
        assert sorted(made.state_dict()) == sorted(layer.state_dict())


def _check_config(case: _Case) -> None:
    import keras

    ours, theirs = case.ours(name="contract"), case.keras(name="contract")
    written = json.loads(json.dumps(serialization.serialize_keras_object(ours)))
    wanted = json.loads(json.dumps(keras.saving.serialize_keras_object(theirs)))
    assert _without_addresses(written) == _without_addresses(wanted), (
        f"config\n  {wanted}\nexpected, found\n  {written}"
    )
    again = serialization.deserialize_keras_object(copy.deepcopy(written))
    assert type(again) is case.layer_cls
    assert json.loads(json.dumps(serialization.serialize_keras_object(again))) == written, "config after a round trip"
    from_keras = serialization.deserialize_keras_object(copy.deepcopy(wanted))
    assert type(from_keras) is case.layer_cls, "our layer from Keras's config"
    found = json.loads(json.dumps(serialization.serialize_keras_object(from_keras)))
    assert _without_addresses(found) == _without_addresses(written)
    in_keras = keras.saving.deserialize_keras_object(copy.deepcopy(written))
    assert type(in_keras) is case.keras_cls, "a Keras layer from our config"
    back = json.loads(json.dumps(keras.saving.serialize_keras_object(in_keras)))
    assert _without_addresses(back) == _without_addresses(wanted), "Keras's config of a layer from our config"
    clone = case.layer_cls.from_config(ours.get_config())
    assert json.dumps(serialization.serialize_keras_object(clone)) == json.dumps(
        serialization.serialize_keras_object(ours)
    )


def _without_addresses(config: Any) -> Any:
    """A config without the entries in which two equal layers may differ; floats to six digits, as Keras rounds some."""
    if isinstance(config, dict):
        return {
            key: _without_addresses(value)
            for key, value in config.items()
            if key not in ("build_config", "shared_object_id", *_YOUNG)
        }
    if isinstance(config, list):
        return [_without_addresses(v) for v in config]
    return float(f"{config:.6g}") if isinstance(config, float) else config


def _check_values(case: _Case, training: bool, differences: Differences) -> None:
    ours, theirs = case.pair()
    found_in, wanted_in = _tensors(case.inputs, grad=True), _tensors(case.inputs, grad=True)
    found = ours(found_in, training=training, **case.call_kwargs)
    wanted = theirs(wanted_in, training=training, **case.call_kwargs)
    what = f"with training={training}: "
    pairs = list(zip(nested.flatten(found), nested.flatten(wanted), strict=True))
    for a, b in pairs:
        assert a.dtype is b.dtype, f"{what}output dtype {b.dtype} expected, {a.dtype} found"
        distance = _distance(_numpy(a), _numpy(b), case.rtol, case.atol, what + "output")
        differences.forward = max(differences.forward, distance)
    _check_gradients(case, ours, theirs, found_in, wanted_in, pairs, what, differences)
    for a, b in zip(ours.get_weights(), theirs.weights, strict=True):
        distance = _distance(a, _numpy(b), case.rtol, case.atol, f"{what}{b.name} after the call")
        differences.state = max(differences.state, distance)


def _check_gradients(
    case: _Case, ours: Any, theirs: Any, found_in: Any, wanted_in: Any, pairs: Any, what: str, differences: Differences
) -> None:
    pairs = [(a, b) for a, b in pairs if b.requires_grad]
    assert all(a.requires_grad for a, _ in pairs), f"{what}the output is cut off from the graph"
    if not pairs:
        return
    generator = torch.Generator().manual_seed(3)
    factors = [torch.rand(b.shape, generator=generator).to(b.dtype) for _, b in pairs]
    torch.autograd.backward([(a * f).sum() for (a, _), f in zip(pairs, factors, strict=True)])
    torch.autograd.backward([(b * f).sum() for (_, b), f in zip(pairs, factors, strict=True)])
    sides = [
        (t, t.grad, w.grad, "input") for t, w in zip(nested.flatten(found_in), nested.flatten(wanted_in), strict=True)
    ]
    for mine, theirs_ in zip(ours.trainable_weights, theirs.trainable_weights, strict=True):
        layout = getattr(mine, "keras_layout", None)
        grad = mine.grad if mine.grad is None or layout is None else layout.to_keras(mine.grad)
        sides.append((mine, grad, theirs_.value.grad, theirs_.name))
    for tensor, a, b, name in sides:
        if not tensor.is_floating_point() or (a is None and b is None):
            continue
        assert b is None or a is not None, f"{what}no gradient of {name}"
        wanted = torch.zeros_like(a) if b is None else b
        distance = _distance(_numpy(a), _numpy(wanted), case.rtol, case.atol, f"{what}gradient of {name}")
        differences.gradients = max(differences.gradients, distance)


def _check_symbolic(case: _Case, unknown_axes: tuple[int, ...] | None, compare: bool) -> Shape:
    import keras

    outputs = nested.flatten(_infer(case.ours(), case))
    for axes in _unknown(case, unknown_axes):
        ours = nested.flatten(case.ours()(_symbolic(case.inputs, axes, KerasTensor), **_static(case.call_kwargs)))
        for found, real in zip(ours, outputs, strict=True):
            assert isinstance(found, KerasTensor)
            assert len(found.shape) == real.ndim, f"symbolic shape {found.shape}, eager {tuple(real.shape)}"
            fits = all(d in (None, n) for d, n in zip(found.shape, real.shape, strict=True))
            assert fits, f"symbolic shape {found.shape}, eager {tuple(real.shape)}"
            assert found.dtype == str(real.dtype).removeprefix("torch."), f"symbolic {found.dtype}, eager {real.dtype}"
        if compare:
            theirs = case.keras()(_symbolic(case.inputs, axes, keras.KerasTensor), **_static(case.call_kwargs))
            wanted = [tuple(t.shape) for t in nested.flatten(theirs)]
            assert [t.shape for t in ours] == wanted, (
                f"symbolic shapes {wanted} expected, {[t.shape for t in ours]} found"
            )
    return tuple(outputs[0].shape)


def _unknown(case: _Case, axes: tuple[int, ...] | None) -> list[tuple[int, ...]]:
    if axes is None:
        axes = tuple(range(1, min(np.ndim(a) for a in nested.flatten(case.inputs)) - 1))
    return [(0,), (0, *axes)] if axes else [(0,)]


def _static(call_kwargs: dict[str, Any]) -> dict[str, Any]:
    """Call arguments of a symbolic call: tensors would not have the unknown batch size."""
    return {k: v for k, v in call_kwargs.items() if not hasattr(v, "shape")}


def _symbolic(inputs: Any, unknown: tuple[int, ...], make: Any) -> Any:
    def one(array: Any) -> Any:
        shape = tuple(None if axis in unknown else d for axis, d in enumerate(np.shape(array)))
        return make(shape, dtype=np.asarray(array).dtype.name)

    return nested.map_structure(one, inputs)


def _check_training_step(case: _Case) -> None:
    layer, _ = case.pair()
    layer.train()
    outputs = layer(_tensors(case.inputs, grad=True), **case.call_kwargs)
    loss = sum(t.square().mean() + t.mean() for t in nested.flatten(outputs) if t.is_floating_point())
    if not layer.trainable_weights:
        return
    before = [w.detach().clone() for w in layer.trainable_weights]
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    loss.backward()
    optimizer.step()
    assert any(not torch.equal(a, b) for a, b in zip(before, layer.trainable_weights, strict=True)), (
        "nothing was learned"
    )
    assert all(torch.isfinite(w).all() for w in layer.trainable_weights)


def _check_bf16(case: _Case) -> None:
    layer, _ = case.pair()
    wanted = nested.flatten(_infer(layer, case))
    with torch.autocast("cpu", torch.bfloat16):
        found = nested.flatten(_infer(layer, case))
    mixed = case.ours(dtype="mixed_bfloat16")
    _infer(mixed, case)
    mixed.set_weights(layer.get_weights())
    assert all(w.dtype is not torch.bfloat16 for w in mixed.weights), "mixed_bfloat16 keeps float32 weights"
    for made in (found, nested.flatten(_infer(mixed, case))):
        for a, b in zip(made, wanted, strict=True):
            scale = max(1.0, float(b.double().abs().max()))
            np.testing.assert_allclose(
                a.float().numpy() / scale, b.float().numpy() / scale, atol=0.05, err_msg="bfloat16"
            )


def _check_float64(case: _Case, differences: Differences, tolerance: float) -> None:
    ours, theirs = case.pair(dtype="float64")
    double = _tensors(case.inputs, dtype=torch.float64)
    assert all(w.dtype is torch.float64 for w in ours.trainable_weights), "float64 weights"
    with torch.no_grad():
        found, wanted = ours(double, **case.call_kwargs), theirs(double, **case.call_kwargs)
    for a, b in zip(nested.flatten(found), nested.flatten(wanted), strict=True):
        assert a.dtype is torch.float64 or a.dtype is b.dtype is not torch.float32, f"float64: {a.dtype} found"
        differences.float64 = max(
            differences.float64, _distance(_numpy(a), _numpy(b), tolerance, tolerance, "float64 output")
        )
