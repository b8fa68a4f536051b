"""Runs one operation here and in real Keras on the same inputs: values, dtypes, structure and gradients."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import torch

from kerastorch import ops
from kerastorch.base import nested

rng = np.random.default_rng(7)
F = rng.normal(size=(3, 4)).astype("float32")
G = rng.normal(size=(3, 4)).astype("float32")
POSITIVE = (np.abs(F) + 0.5).astype("float32")
UNIT = rng.uniform(-0.9, 0.9, (3, 4)).astype("float32")
I32 = rng.integers(-5, 6, (3, 4)).astype("int32")
I64 = rng.integers(1, 9, (3, 4))
U8 = rng.integers(0, 9, (3, 4)).astype("uint8")
B = np.array([[True, False, True, True], [False, False, True, False], [True, True, True, True]])
F64 = rng.normal(size=(3, 4))
NANS = F.copy()
NANS[0, 1] = NANS[2, 3] = np.nan
CUBE = rng.normal(size=(2, 3, 4)).astype("float32")
COMPLEX = (F + 1j * G).astype("complex64")
WIDER = {torch.float32: torch.float64, torch.int32: torch.int64}

Case = tuple[Any, ...]


def case(name: str, *args: Any, atol: float = 1e-5, gradients: bool = True, dtype: bool = True, **kwargs: Any) -> Case:
    """One call to compare; `gradients` and `dtype` switch comparisons off that make no sense for it."""
    return name, args, kwargs, atol, gradients, dtype


def case_id(value: Any) -> str:
    return str(value[0]) if isinstance(value, tuple) else str(value)


def find(namespace: Any, name: str) -> Any:
    for part in name.split("."):
        namespace = getattr(namespace, part)
    return namespace


def run_case(given: Case) -> None:
    """Compare one case on arrays and on tensors, and its gradients."""
    name, args, kwargs, atol, gradients, dtype = given
    ours, theirs = find(ops, name), find(keras.ops, name)
    expected = theirs(*args, **kwargs)
    arrays = [a for a in nested.flatten((args, kwargs)) if isinstance(a, np.ndarray)]
    wide = any(a.dtype.itemsize == 8 and a.dtype.kind in "if" for a in arrays)
    same(ours(*args, **kwargs), expected, atol, dtype, wide)
    tensors = map_arrays(lambda a: torch.tensor(a), args)
    same(ours(*tensors, **map_arrays(lambda a: torch.tensor(a), kwargs)), expected, atol, dtype, wide)
    if gradients:
        compare_gradients(ours, theirs, args, kwargs, atol)


def map_arrays(function: Any, value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return function(value)
    if isinstance(value, dict):
        return {k: map_arrays(function, v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map_arrays(function, v) for v in value)
    return value


def same(actual: Any, expected: Any, atol: float, dtype: bool = True, wide: bool = False) -> None:
    """`wide`: 64-bit inputs may keep 64 bits here where Keras makes 32 of them."""
    ours, theirs = nested.flatten(as_tuples(actual)), nested.flatten(as_tuples(expected))
    assert len(ours) == len(theirs)
    for a, e in zip(ours, theirs, strict=True):
        e = torch.as_tensor(e) if isinstance(e, np.ndarray) else e
        if isinstance(e, torch.Tensor):
            assert isinstance(a, torch.Tensor)
            assert tuple(a.shape) == tuple(e.shape)
            if dtype:
                allowed = (e.dtype, WIDER.get(e.dtype)) if wide else (e.dtype,)
                assert a.dtype in allowed, f"dtype {a.dtype}, Keras has {e.dtype}"
            np.testing.assert_allclose(as_array(a), as_array(e), rtol=1e-5, atol=atol)
        else:
            assert a == e


def as_tuples(value: Any) -> Any:
    return [as_tuples(v) for v in value] if isinstance(value, (list, tuple)) else value


def as_array(x: torch.Tensor) -> np.ndarray:
    x = x.detach().resolve_conj()
    return (x.float() if x.dtype == torch.bfloat16 else x).numpy()


def compare_gradients(ours: Any, theirs: Any, args: Any, kwargs: Any, atol: float) -> None:
    mine, reference = gradients_of(ours, args, kwargs), gradients_of(theirs, args, kwargs)
    assert len(mine) == len(reference)
    for a, e in zip(mine, reference, strict=True):
        assert (a is None) == (e is None)
        if e is not None:
            np.testing.assert_allclose(as_array(a), as_array(e), rtol=1e-4, atol=max(atol, 1e-5))


def gradients_of(function: Any, args: Any, kwargs: Any) -> list[Any]:
    leaves: list[torch.Tensor] = []

    def leaf(array: np.ndarray) -> torch.Tensor:
        tensor = torch.tensor(array)
        if array.dtype.kind == "f":
            leaves.append(tensor.requires_grad_())
        return tensor

    outputs = nested.flatten(as_tuples(function(*map_arrays(leaf, args), **map_arrays(leaf, kwargs))))
    outputs = [o for o in outputs if isinstance(o, torch.Tensor) and o.requires_grad]
    if not outputs:
        return [None] * len(leaves)
    weights = np.random.default_rng(3)
    total = sum((o * torch.tensor(weights.normal(size=tuple(o.shape))).to(o.dtype)).sum() for o in outputs)
    total = total.real if total.is_complex() else total
    return list(torch.autograd.grad(total, leaves, allow_unused=True))
