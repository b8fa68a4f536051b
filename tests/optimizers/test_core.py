from __future__ import annotations

import copy
import cProfile
import io
import pstats
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from kerastorch.optimizers import SGD, Adam, Adamax, Nadam, Optimizer, RMSprop

MAKERS = [
    lambda: SGD(0.1, momentum=0.9),
    lambda: Adam(0.1, amsgrad=True, weight_decay=0.01),
    lambda: RMSprop(0.1, momentum=0.5, use_ema=True),
    lambda: Nadam(0.1),
]


def params(count: int = 3, **options: Any) -> list[nn.Parameter]:
    return [nn.Parameter(torch.ones(i + 1, 2, **options)) for i in range(count)]


def give_grads(weights: list[nn.Parameter], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for w in weights:
        w.grad = torch.randn(w.shape, generator=generator, dtype=torch.float32).to(w.dtype)


def built(optimizer: Optimizer, weights: list[Any]) -> Optimizer:
    optimizer.build(weights)
    return optimizer


def test_it_is_an_ordinary_torch_optimizer() -> None:
    weights = params()
    optimizer = built(Adam(0.5), weights)
    assert isinstance(optimizer, torch.optim.Optimizer)
    assert [id(p) for p in optimizer.param_groups[0]["params"]] == [id(w) for w in weights]
    give_grads(weights, 0)
    optimizer.step()
    state = optimizer.state_dict()
    assert set(state) == {"state", "param_groups"}
    assert set(state["state"][0]) == {"exp_avg", "exp_avg_sq", "step"}
    assert all(type(t) is torch.Tensor for entries in state["state"].values() for t in entries.values())
    assert state["param_groups"][0]["lr"] == 0.5
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    loaded = torch.load(file, weights_only=True)
    torch.testing.assert_close(loaded["state"][1]["exp_avg"], state["state"][1]["exp_avg"])
    optimizer.zero_grad()
    assert all(w.grad is None for w in weights)


def test_zero_grad_can_keep_the_tensors() -> None:
    weights = params(1)
    optimizer = built(SGD(), weights)
    give_grads(weights, 0)
    optimizer.zero_grad(set_to_none=False)
    assert weights[0].grad is not None
    assert not weights[0].grad.any()


@pytest.mark.parametrize("make", MAKERS)
def test_a_run_cut_by_a_state_dict_gives_the_same_bits(make: Any) -> None:
    straight, cut = params(), params()
    one, first, second = built(make(), straight), built(make(), cut), make()
    for step in range(10):
        give_grads(straight, step)
        one.step()
        give_grads(cut, step)
        if step < 5:
            first.step()
            continue
        if step == 5:
            second.build(cut)
            second.load_state_dict(copy.deepcopy(first.state_dict()))
            assert second.iterations == 5
        second.step()
    for a, b in zip(straight, cut, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("make", MAKERS)
def test_a_deep_copy_goes_its_own_way(make: Any) -> None:
    net = nn.ParameterList(params())
    optimizer = built(make(), list(net))
    give_grads(list(net), 0)
    optimizer.step()
    twin_net, twin = copy.deepcopy((net, optimizer))
    assert type(twin) is type(optimizer)
    give_grads(list(net), 1)
    give_grads(list(twin_net), 1)
    before = [p.detach().clone() for p in net]
    twin.step()
    assert all(torch.equal(a, b) for a, b in zip(before, net, strict=True))
    optimizer.step()
    assert all(torch.equal(a, b) for a, b in zip(twin_net, net, strict=True))
    assert twin.get_config() == optimizer.get_config()


def test_hooks_of_every_kind_run() -> None:
    weights = params()
    optimizer = built(Adam(), weights)
    give_grads(weights, 0)
    seen = []
    handles = [
        optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append("pre")),
        optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("post")),
        register_optimizer_step_post_hook(lambda o, args, kwargs: seen.append("global")),
    ]
    optimizer.step()
    for handle in handles:
        handle.remove()
    assert seen == ["pre", "post", "global"]
    optimizer.step()
    assert len(seen) == 3
    assert optimizer.iterations == 2


def test_the_profiler_sees_the_step() -> None:
    weights = params()
    optimizer = built(Adam(), weights)
    give_grads(weights, 0)
    with torch.autograd.profiler.profile() as profile:
        optimizer.step()
    assert any(event.name == "Optimizer.step#Adam.step" for event in profile.function_events)


def test_a_closure_is_called_with_gradients_on() -> None:
    w = nn.Parameter(torch.ones(2))
    optimizer = built(SGD(0.5), [w])

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = w.sum()
        loss.backward()
        return loss

    with torch.no_grad():
        assert optimizer.step(closure).item() == 2.0
    assert w.tolist() == [0.5, 0.5]
    assert torch.is_grad_enabled()


def test_groups_have_their_own_numbers() -> None:
    a, b = params(2)
    optimizer = SGD(0.5, weight_decay=0.0)
    optimizer.build([{"params": [a]}, {"params": [b], "lr": 0.25, "weight_decay": 0.5}])
    a.grad, b.grad = torch.ones_like(a), torch.ones_like(b)
    optimizer.step()
    assert a[0, 0].item() == 0.5
    assert b[0, 0].item() == 1.0 - 0.25 * 0.5 - 0.25
    optimizer.learning_rate = 0.1
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.05]


def test_torchs_schedulers_rule_the_rate() -> None:
    weights = params()
    optimizer = built(SGD(1.0, momentum=0.9), weights)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    give_grads(weights, 0)
    for expected in (0.5, 0.25):
        optimizer.step()
        scheduler.step()
        assert optimizer.learning_rate == expected
    torch.optim.lr_scheduler.OneCycleLR(built(Adam(), params()), max_lr=0.1, total_steps=10)


def test_a_group_can_be_added_later() -> None:
    first, late = params(2)
    optimizer = built(Adam(0.1), [first])
    first.grad = torch.ones_like(first)
    optimizer.step()
    optimizer.add_param_group({"params": [late]})
    first.grad, late.grad = torch.ones_like(first), torch.ones_like(late)
    optimizer.step()
    assert [group["iterations"] for group in optimizer.param_groups] == [2, 2]
    assert late[0, 0].item() != 1.0


def test_parameters_without_a_gradient_stay() -> None:
    weights = params()
    optimizer = built(Adam(0.1), weights)
    for missing in (1, 2, 1):
        give_grads(weights, 0)
        weights[missing].grad = None
        before = weights[missing].detach().clone()
        optimizer.step()
        assert torch.equal(weights[missing], before)
    optimizer.zero_grad()
    optimizer.step()
    assert optimizer.iterations == 3


def test_dtypes_may_be_mixed() -> None:
    weights = [nn.Parameter(torch.ones(2, dtype=d)) for d in (torch.float32, torch.bfloat16, torch.float64)]
    optimizer = built(Adam(0.5), weights)
    give_grads(weights, 0)
    optimizer.step()
    assert {optimizer.state[w]["exp_avg"].dtype for w in weights} == {w.dtype for w in weights}
    assert all(bool((w != 1).all()) for w in weights)


@pytest.mark.parametrize("make", MAKERS)
def test_any_memory_layout(make: Any) -> None:
    """Transposed, channels-last and strided parameters have the path of contiguous ones."""
    plain = [nn.Parameter(torch.ones(2, 3, 2, 2)), nn.Parameter(torch.ones(4, 3)), nn.Parameter(torch.ones(3, 2))]
    odd = [
        nn.Parameter(torch.ones(2, 3, 2, 2).to(memory_format=torch.channels_last)),
        nn.Parameter(torch.ones(3, 4).T),
        nn.Parameter(torch.ones(3, 4)[:, ::2]),
    ]
    optimizers = built(make(), plain), built(make(), odd)
    for step in range(3):
        for weights, optimizer in zip((plain, odd), optimizers, strict=True):
            values = [torch.from_numpy(np.random.default_rng(step).normal(size=w.shape)).float() for w in weights]
            optimizer.zero_grad()
            sum((w * v).sum() for w, v in zip(weights, values, strict=True)).backward()
            optimizer.step()
    for a, b in zip(plain, odd, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-7)


def test_hyperparameters_may_be_set_while_training() -> None:
    w = nn.Parameter(torch.ones(1))
    optimizer = built(SGD(0.5), [w])
    optimizer.momentum = 0.5
    for _ in range(2):
        w.grad = torch.ones(1)
        optimizer.step()
    assert w.item() == 1 - 0.5 - 0.75
    assert optimizer.get_config()["momentum"] == 0.5
    optimizer.clipvalue = 0.0625
    optimizer.momentum = 0.0
    w.grad = torch.ones(1)
    optimizer.step()
    assert w.item() == -0.25 - 0.5 * 0.0625
    adamax = Adamax()
    adamax.beta_2 = 0.5
    assert (adamax.beta_1, adamax.beta_2) == (0.9, 0.5)


def calls(optimizer: Any, weights: list[nn.Parameter]) -> int:
    give_grads(weights, 0)
    optimizer.step()
    profile = cProfile.Profile()
    profile.enable()
    optimizer.step()
    profile.disable()
    return int(pstats.Stats(profile).total_calls)


def test_a_step_costs_a_few_calls() -> None:
    """The bare torch optimizer's fused step takes about 150 for four small tensors."""
    weights = params(4)
    bare = calls(torch.optim.Adam(weights, fused=True), weights)
    assert calls(built(Adam(), weights), weights) <= min(20, bare)
    assert calls(built(SGD(momentum=0.9), weights), weights) <= 20
