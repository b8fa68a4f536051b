"""The initializer of short-time Fourier transforms."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import initializers


@pytest.mark.parametrize(
    "arguments",
    [
        {"window": None},
        {"side": "imag", "window": "hann"},
        {"window": "hamming", "scaling": None, "periodic": True},
        {"side": "imag", "window": list(range(1, 17)), "scaling": "spectrum"},
    ],
)
def test_keras_parity(arguments: dict[str, Any]) -> None:
    import keras

    ours, theirs = initializers.STFT(**arguments), keras.initializers.STFT(**arguments)
    torch.testing.assert_close(ours((16, 1, 9)), theirs((16, 1, 9), "float32"), rtol=1e-5, atol=1e-5)
    assert initializers.serialize(ours) == keras.initializers.serialize(theirs)


def test_it_gives_the_fourier_transform() -> None:
    signal = torch.randn(16, dtype=torch.float64)
    real, imaginary = (initializers.STFT(side, None)((16, 1, 9), "float64")[:, 0] for side in ("real", "imag"))
    wanted = torch.fft.rfft(signal)
    torch.testing.assert_close(signal @ real, wanted.real)
    torch.testing.assert_close(signal @ imaginary, wanted.imag)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"side": "imaginary"}, "Did you mean 'imag'"),
        ({"scaling": "l2"}, "scaling of STFT"),
        ({"window": "no such"}, "no such|[Uu]nknown window"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        initializers.STFT(**arguments)


def test_a_window_of_another_length() -> None:
    with pytest.raises(ValueError, match="16 numbers, one a step"):
        initializers.STFT(window=[1.0, 2.0])((16, 1, 9))
