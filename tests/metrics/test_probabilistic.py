"""Cross-entropies, KL divergence and Poisson as metrics, beside Keras."""

from __future__ import annotations

from typing import Any

import pytest
import torch


@pytest.mark.parametrize("name", ["KLDivergence", "Poisson"])
@pytest.mark.parametrize("shapes", [((6, 3), (6, 3)), ((6, 3), (6, 3), (6,))])
def test_divergences(compare: Any, draw: Any, name: str, shapes: Any) -> None:
    compare(name, {}, draw(*shapes))


@pytest.mark.parametrize("arguments", [{}, {"from_logits": True}, {"label_smoothing": 0.2}])
@pytest.mark.parametrize("shapes", [((6, 1), (6, 1)), ((6, 3), (6, 3), (6,))])
def test_binary_crossentropy(compare: Any, draw: Any, arguments: Any, shapes: Any) -> None:
    compare("BinaryCrossentropy", arguments, [(b[0].round(), *b[1:]) for b in draw(*shapes)], rtol=1e-5)


@pytest.mark.parametrize("arguments", [{}, {"from_logits": True}, {"label_smoothing": 0.2}])
@pytest.mark.parametrize("shapes", [((6, 4), (6, 4)), ((6, 3, 4), (6, 3, 4), (6,))])
def test_categorical_crossentropy(compare: Any, draw: Any, arguments: Any, shapes: Any) -> None:
    batches = [(torch.nn.functional.one_hot(b[0].argmax(-1), 4).float(), *b[1:]) for b in draw(*shapes)]
    compare("CategoricalCrossentropy", arguments, batches, rtol=1e-5)


@pytest.mark.parametrize("arguments", [{}, {"from_logits": True}, {"ignore_class": 2}])
@pytest.mark.parametrize(
    "shapes", [((6,), (6, 4)), ((6, 1), (6, 4), (6,)), ((6, 3), (6, 3, 4)), ((6, 3), (6, 3, 4), (6, 3))]
)
def test_sparse_categorical_crossentropy(compare: Any, draw: Any, arguments: Any, shapes: Any) -> None:
    batches = [((b[0] * 4).long(), *b[1:]) for b in draw(*shapes)]
    compare("SparseCategoricalCrossentropy", arguments, batches, rtol=1e-5)
