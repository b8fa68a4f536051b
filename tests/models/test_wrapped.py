"""`Model(net)`: everything that concerns weights is the module's own."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import kerastorch as keras
from tests.parity.fits import X, Y

ROWS = torch.from_numpy(X)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.ReLU())
        self.scale = nn.Parameter(torch.ones(3))
        self.register_buffer("kept", torch.zeros(2))
        self.register_buffer("passing", torch.zeros(2), persistent=False)
        self.head = nn.Linear(3, 1)

    def forward(self, x: Any) -> Any:
        return self.head(self.body(x) * self.scale)


def test_state_parameters_and_buffers_are_the_module_s() -> None:
    net = Net()
    model = keras.Model(net)
    assert list(model.state_dict()) == list(net.state_dict())
    assert "passing" not in model.state_dict()
    for listed in ("named_parameters", "named_buffers", "named_children"):
        mine, wanted = dict(getattr(model, listed)()), dict(getattr(net, listed)())
        assert list(mine) == list(wanted)
        assert all(mine[name] is wanted[name] for name in wanted)
    assert model.module is net
    assert (model.built, len(model.trainable_weights)) == (True, 7)
    assert model.count_params() == sum(t.numel() for t in net.state_dict().values())


def test_files_of_torch_go_both_ways(tmp_path: Path) -> None:
    first, second = Net(), keras.Model(Net())
    torch.save(first.state_dict(), tmp_path / "net.pt")
    second.load_state_dict(torch.load(tmp_path / "net.pt"))
    third = Net()
    third.load_state_dict(second.state_dict())
    for net in (second.eval(), third.eval()):
        assert torch.equal(net(ROWS), first.eval()(ROWS))
    with pytest.raises(RuntimeError, match=r"Missing key\(s\).*head.bias"):
        second.load_state_dict({k: v for k, v in first.state_dict().items() if k != "head.bias"})


def test_what_is_done_to_the_module_is_done_to_the_model_and_the_reverse() -> None:
    net = Net()
    model = keras.Model(net)
    model.train()
    assert all(m.training for m in net.modules())
    model.eval()
    assert not any(m.training for m in (model, *net.modules()))
    net.head = nn.Linear(3, 2)
    assert model(ROWS).shape == (40, 2)
    assert dict(model.named_parameters())["head.weight"].shape == (2, 3)
    model.trainable = False
    assert not any(p.requires_grad for p in net.parameters())


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_dtypes(dtype: torch.dtype) -> None:
    net = Net()
    model = keras.Model(net).to(dtype)
    assert {p.dtype for p in net.parameters()} == {dtype}
    assert model.eval()(ROWS.to(dtype)).dtype is dtype
    assert keras.Model(Net().to(dtype)).compute_dtype == str(dtype).removeprefix("torch.")
    net.head.float()
    assert keras.Model(net).compute_dtype == "float32"


def test_names() -> None:
    class MyNet(Net):
        pass

    assert [keras.Model(MyNet()).name for _ in range(2)] == ["my_net", "my_net_1"]
    assert keras.Model(MyNet(), name="mine").name == "mine"


@pytest.mark.parametrize("name", ["module", "other"])
def test_modules_and_parameters_are_not_set_on_the_model(name: str) -> None:
    model = keras.Model(Net())
    with pytest.raises(TypeError, match=rf"`{name}`.*plain values.*Linear.*`model.module`"):
        setattr(model, name, nn.Linear(4, 1))
    model.note = 3
    assert model.note == 3
    with pytest.raises(TypeError, match="plain values"):
        model.weight = nn.Parameter(torch.ones(1))


@pytest.mark.filterwarnings("ignore:Full backward hook")  # torch's note that the data need no gradient
def test_hooks_are_the_module_s_and_run_in_fit() -> None:
    net, seen = Net(), []
    model = keras.Model(net)
    handles = [
        model.register_forward_pre_hook(lambda *_: seen.append("pre")),
        model.register_forward_hook(lambda *_: seen.append("post")),
        model.register_full_backward_hook(lambda *_: seen.append("back")),
    ]
    net(ROWS)
    assert seen == ["pre", "post"]
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=40, verbose=0)
    assert seen[-3:] == ["pre", "post", "back"]
    for handle in handles:
        handle.remove()
    count = len(seen)
    model(ROWS)
    assert len(seen) == count


def test_several_arguments_and_structures_come_through() -> None:
    class Two(nn.Module):
        def forward(self, a: Any, b: Any = None, *, scale: float = 1.0) -> Any:
            return {"sum": (a + (0 if b is None else b)) * scale, "parts": (a, b)}

    found = keras.Model(Two())(ROWS, ROWS, scale=2.0)
    torch.testing.assert_close(found["sum"], ROWS * 4)
    assert isinstance(found["parts"], tuple)


def test_fit_moves_the_statistics_of_batch_norm_and_predict_leaves_everything() -> None:
    net = Net()
    model = keras.Model(net)
    model.compile(torch.optim.SGD(net.parameters(), lr=0.1), nn.MSELoss())
    model.fit(X, Y, batch_size=10, verbose=0)
    assert int(net.body[1].num_batches_tracked) == 4
    before = copy.deepcopy(net.state_dict())
    found = model.predict(X, batch_size=16, verbose=0)
    model.evaluate(X, Y, verbose=0)
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())
    np.testing.assert_allclose(found, net.eval()(ROWS).detach().numpy(), rtol=1e-5, atol=1e-6)


def test_a_module_shared_by_two_models_is_trained_by_both() -> None:
    net = Net()
    first, second = keras.Model(net), keras.Model(nn.Sequential(net, nn.Flatten()))
    before = net.scale.detach().clone()
    second.compile("sgd", "mse")
    second.fit(X, Y, verbose=0)
    assert not torch.equal(before, net.scale)
    assert torch.equal(first.eval()(ROWS), second.eval()(ROWS))


def test_a_subclass_adds_steps_to_a_module() -> None:
    class Own(keras.Model):
        seen = 0

        def train_step(self, data: Any) -> Any:
            self.seen += 1
            return super().train_step(data)

    net = Net()
    model = Own(net)
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=10, verbose=0)
    assert (model.seen, list(model.state_dict())) == (4, list(net.state_dict()))
