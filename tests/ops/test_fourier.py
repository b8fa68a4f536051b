"""Fourier transforms against real Keras."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.ops.parity import Case, F, G, case, case_id, run_case

_SIGNAL = np.sin(np.arange(2 * 64, dtype="float32") ** 1.1).reshape(2, 64)
_SPECTRUM = np.fft.rfft(_SIGNAL.reshape(2, 8, 8)).astype("complex64")
_LONGER = np.fft.rfft(_SIGNAL.reshape(2, 4, 16)).astype("complex64")
_HALVES = (_SPECTRUM.real.copy(), _SPECTRUM.imag.copy())
_LONG = (_LONGER.real.copy(), _LONGER.imag.copy())
CASES = [
    *(case(name, (F, G)) for name in ("fft", "fft2", "ifft2", "irfft")),
    *(case("rfft", F, **k) for k in ({}, {"fft_length": 6}, {"fft_length": 3})),
    case("irfft", (F, G), fft_length=5),
    *(
        case("stft", torch.tensor(_SIGNAL), 8, 4, n, window=w, center=c, gradients=False)
        for n in (8, 16)
        for w in ("hann", "hamming")
        for c in (True, False)
    ),
    case("stft", torch.tensor(_SIGNAL[None]), 8, 3, 8, gradients=False),
    *(case("istft", _HALVES, 8, 4, 8, window=w, atol=1e-4) for w in ("hann", "hamming", None)),
    *(case("istft", _LONG, 8, 4, 16, center=c, atol=1e-4) for c in (True, False)),
    case("istft", _HALVES, 8, 4, 8, length=20, atol=1e-4),
    case("istft", _LONG, 8, 4, 16, length=20, atol=1e-4),
]


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)


def test_stft_and_istft_are_inverse() -> None:
    from kerastorch import ops

    back = ops.istft(ops.stft(_SIGNAL, 8, 4, 8), 8, 4, 8, length=64)
    np.testing.assert_allclose(back, _SIGNAL, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda ops: ops.fft((F,)), "a pair"),
        (lambda ops: ops.fft((F, G[:2])), "one shape"),
        (lambda ops: ops.stft(_SIGNAL, 8, 4, 4), "at least 8"),
        (lambda ops: ops.stft(_SIGNAL, 8, 4, 8, window="han"), "Did you mean 'hann'"),
        (lambda ops: ops.stft(_SIGNAL, 8, 4, 8, window=np.ones(3)), r"shape \(8,\)"),
    ],
)
def test_refuses(call: object, message: str) -> None:
    from kerastorch import ops

    with pytest.raises(ValueError, match=message):
        call(ops)
