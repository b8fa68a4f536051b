"""Convolutions against real Keras, at odd sizes, strides and dilations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.ops.parity import Case, case, case_id, run_case

rng = np.random.default_rng(5)
_X1, _X2, _X3 = (rng.normal(size=(2, *(7, 6, 5)[:d], 4)).astype("float32") for d in (1, 2, 3))


def _kernel(*shape: int) -> np.ndarray:
    return rng.normal(size=shape).astype("float32")


def _first(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(x, -1, 1))


_INPUTS = {1: _X1, 2: _X2, 3: _X3}
_OPTIONS = [{}, {"strides": 2}, {"dilation_rate": 2}]
CASES = [
    *(
        case("conv", _INPUTS[d], _kernel(*(k,) * d, 4, 3), padding=p, atol=1e-4, **o)
        for d in (1, 2, 3)
        for k in (2, 3)
        for p in ("valid", "same")
        for o in _OPTIONS
        if not (k == 3 and d == 3 and "dilation_rate" in o and p == "valid")
    ),
    *(
        case(
            "conv",
            _first(_INPUTS[d]),
            _kernel(*(3,) * d, 4, 3),
            padding="same",
            data_format="channels_first",
            strides=2,
            atol=1e-4,
        )
        for d in (1, 2, 3)
    ),
    case("conv", _X2, _kernel(3, 2, 2, 6), strides=(2, 1), padding="same", atol=1e-4),
    *(
        case("depthwise_conv", _INPUTS[d], _kernel(*(3,) * d, 4, 2), padding=p, strides=s, atol=1e-4)
        for d in (1, 2)
        for p in ("valid", "same")
        for s in (1, 2)
    ),
    case("depthwise_conv", _first(_X2), _kernel(2, 3, 4, 1), padding="same", data_format="channels_first", atol=1e-4),
    *(
        case(
            "separable_conv",
            _INPUTS[d],
            _kernel(*(3,) * d, 4, 2),
            _kernel(*(1,) * d, 8, 5),
            padding=p,
            strides=s,
            atol=1e-4,
        )
        for d in (1, 2)
        for p in ("valid", "same")
        for s in (1, 2)
    ),
    *(
        case("conv_transpose", _INPUTS[d], _kernel(*(k,) * d, 3, 4), padding=p, strides=s, atol=1e-4)
        for d in (1, 2, 3)
        for k in (1, 2, 3, 4)
        for p in ("valid", "same")
        for s in (1, 2, 3)
        if d < 3 or k < 3
    ),
    *(
        case("conv_transpose", _X2, _kernel(3, 3, 3, 4), padding=p, strides=2, output_padding=o, atol=1e-4)
        for p in ("valid", "same")
        for o in (0, 1, (1, 0))
    ),
    *(case("conv_transpose", _X1, _kernel(3, 3, 4), padding=p, dilation_rate=2, atol=1e-4) for p in ("valid", "same")),
    case(
        "conv_transpose",
        _first(_X2),
        _kernel(3, 3, 3, 4),
        strides=2,
        padding="same",
        data_format="channels_first",
        atol=1e-4,
    ),
]


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)


def test_channels_last_is_a_view_for_the_kernel() -> None:
    from kerastorch.ops.nn.convolution import channels_first

    x = torch.tensor(_X2)
    seen = channels_first(x, "channels_last")
    assert seen.data_ptr() == x.data_ptr() and seen.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda ops: ops.conv(_X2, _kernel(3, 3, 3, 2)), "a multiple of the kernel's 3"),
        (lambda ops: ops.conv(_X2[0, 0], _kernel(3, 4, 2)), "3, 4 or 5 dimensions"),
        (lambda ops: ops.conv(_X2, _kernel(3, 3, 4, 2), strides=0), "`strides`"),
        (lambda ops: ops.conv(_X2, _kernel(3, 3, 4, 2), strides=(1, 2, 3)), "`strides`"),
        (lambda ops: ops.conv(_X2, _kernel(3, 3, 4, 2), padding="full"), "'valid' or 'same'"),
        (lambda ops: ops.depthwise_conv(_X2, _kernel(3, 3, 2, 2)), "the kernel's 2"),
        (lambda ops: ops.conv_transpose(_X2, _kernel(3, 3, 4, 2)), "the kernel's 2"),
    ],
)
def test_refuses(call: object, message: str) -> None:
    from kerastorch import ops

    with pytest.raises(ValueError, match=message):
        call(ops)
