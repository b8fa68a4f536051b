"""Blocks and columns of images against real Keras."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.ops.parity import Case, F, G, case, case_id, run_case

rng = np.random.default_rng(5)
_X = rng.normal(size=(2, 4, 6, 6)).astype("float32")
_COLUMNS = rng.normal(size=(2, 3 * 4, 9)).astype("float32")
CASES = [
    *(
        case("unfold", torch.tensor(_X), k, **o)
        for k in (2, (2, 3))
        for o in ({}, {"stride": 2}, {"padding": 1, "dilation": 2})
    ),
    *(case("fold", torch.tensor(_COLUMNS), s, 2, **o) for s, o in (((4, 4), {}), ((6, 6), {"stride": 2}))),
    *(
        case("depth_to_space", np.moveaxis(_X, 1, -1).copy() if f == "channels_last" else _X, 2, data_format=f)
        for f in ("channels_last", "channels_first")
    ),
    *(
        case("space_to_depth", x, 2, data_format=f)
        for x, f in ((np.moveaxis(_X, 1, -1).copy(), "channels_last"), (_X, "channels_first"))
    ),
    case("polar", F, G, gradients=False),
    case("psnr", torch.tensor(F), torch.tensor(G), 1.0),
]


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)


def test_gradients_flow_through_fold_and_unfold() -> None:
    from kerastorch import ops

    x = torch.tensor(_X, requires_grad=True)
    ops.fold(ops.unfold(x, 2), (6, 6), 2).sum().backward()
    assert x.grad[0, 0].tolist()[0] == [1, 2, 2, 2, 2, 1]
