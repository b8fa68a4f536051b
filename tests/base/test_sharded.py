"""Where nothing is sharded, everything is whole already; shards themselves are tried in tests/runtime."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from kerastorch.base import sharded
from kerastorch.nn.variable import Variable


def test_whole_tensors_are_left_as_they_are() -> None:
    module, value = nn.Linear(2, 1), torch.ones(2)
    assert not sharded.is_sharded(value) and not sharded.has_shards(module) and not sharded.has_shards(None)
    assert sharded.spread(value, torch.zeros(2)) is value
    assert sharded.whole(module.weight).data_ptr() == module.weight.data_ptr()
    assert sharded.writes(module) and sharded.first_decides(module, lambda: "yes") == "yes"
    targets = [torch.zeros(2), torch.zeros(1)]
    sharded.copy_each(targets, [torch.ones(2), torch.full((1,), 3.0)])
    assert [t.tolist() for t in targets] == [[1.0, 1.0], [3.0]]


def test_a_name_is_the_variables_or_none() -> None:
    assert sharded.name_of(Variable(1.0, name="kernel")) == "kernel"
    assert sharded.name_of(nn.Parameter(torch.ones(1))) is None


def test_torchs_shards_are_imported_only_where_one_is_made() -> None:
    heavy = ("from torch.distributed.tensor", "import torch.distributed.tensor", "from torch.distributed.fsdp")
    files = Path(sharded.__file__).parents[1].rglob("*.py")
    early = [
        path.name for path in files for line in path.read_text(encoding="utf-8").splitlines() if line.startswith(heavy)
    ]
    assert not early
