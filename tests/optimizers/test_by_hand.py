from __future__ import annotations

import pytest
import torch
from torch import nn

from kerastorch.optimizers import SGD, Adam


def test_gradients_given_are_used_and_those_kept_are_not() -> None:
    a, b = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    a.grad = torch.full((1,), 100.0)
    given = torch.tensor([4.0])
    optimizer = SGD(0.5, clipvalue=1.0)
    assert optimizer.apply_gradients([(given, a), (torch.tensor([0.5]), b)]) == 1
    assert (a.item(), b.item()) == (0.5, 0.75)
    assert (a.grad.item(), b.grad, given.item()) == (100.0, None, 4.0)


def test_gradients_of_other_kinds_are_fitted() -> None:
    w = nn.Parameter(torch.ones(2, 3))
    optimizer = Adam(0.5)
    optimizer.build([w])
    grad = torch.tensor([[1.0, 2.0], [3.0, -4.0], [0.5, -6.0]], dtype=torch.float64).T
    optimizer.apply([grad])
    torch.testing.assert_close(w.detach(), torch.where(grad > 0, 0.5, 1.5).float())
    optimizer.apply([[[1, 2, 3], [4, 5, 6]]])
    assert optimizer.iterations == 2


def test_a_window_is_averaged() -> None:
    w = nn.Parameter(torch.zeros(1))
    optimizer = SGD(1.0, gradient_accumulation_steps=3)
    for step, grad in enumerate((1.0, 2.0, 6.0, 1.0)):
        optimizer.apply([torch.tensor([grad])], [w])
        assert w.item() == (-3.0 if step > 1 else 0.0)
    assert optimizer.iterations == 1
    state = optimizer.state_dict()
    twin = SGD(1.0, gradient_accumulation_steps=3)
    twin.build([w])
    twin.load_state_dict(state)
    for grad in (2.0, 3.0):
        twin.apply([torch.tensor([grad])])
    assert (w.item(), twin.iterations) == (-5.0, 2)


def test_what_cannot_be_applied() -> None:
    w, other = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(1))
    optimizer = SGD()
    optimizer.apply([])
    with pytest.raises(ValueError, match="optimizer.build"):
        optimizer.apply([torch.ones(2)])
    optimizer.build([w])
    with pytest.raises(ValueError, match="expected one for each of the 1 variables"):
        optimizer.apply([torch.ones(2), torch.ones(2)])
    with pytest.raises(ValueError, match=r"expected shape \(2,\), received a tensor of shape \(3,\)"):
        optimizer.apply([torch.ones(3)])
    with pytest.raises(ValueError, match="Make a new optimizer"):
        optimizer.apply([torch.ones(1)], [other])
    with pytest.raises(ValueError, match="None for every variable"):
        optimizer.apply([None])
    assert w.tolist() == [1.0, 1.0]
    assert optimizer.iterations == 0


def test_missing_gradients_are_named() -> None:
    a, b = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    optimizer = SGD(0.5)
    with pytest.warns(UserWarning, match=r"\['#1'\]"):
        optimizer.apply([torch.ones(1), None], [a, b])
    assert (a.item(), b.item()) == (0.5, 1.0)
