"""Checkpoints of all ranks: read by any number of ranks, bit for bit; damage is named."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import nn

import kerastorch as keras
from kerastorch.base.files import digest
from kerastorch.base.sharded import has_shards, whole
from kerastorch.runtime.launch import run_on_ranks
from kerastorch.saving import load_sharded, read_sharded, save_sharded, sharded_checkpoint
from tests.support import sharded_jobs as jobs

MORE = {"shuffle": False, "epochs": 1, "batch_size": 24}


def _made(**options: Any) -> Any:
    """The model of the other tests with a buffer."""
    model = jobs.make(**options)
    model.layers[0].register_buffer("mark", torch.zeros(3))
    return model


def _state(model: Any) -> dict[str, Any]:
    """Everything whole, as plain Python numbers."""
    names = {id(p): name for name, p in model.named_parameters()}
    slots = {f"{names[id(p)]}/{k}": v for p, of in model.optimizer.state.items() for k, v in of.items()}
    tensors = {**model.state_dict(), **slots}
    return {name: whole(value).double().tolist() for name, value in tensors.items()}


def _save(folder: str) -> dict[str, Any]:
    """Train on these ranks, save twice, go on."""
    model = _made(strategy=jobs.FSDP)
    jobs.train(model, **MORE)
    save_sharded(model, folder)
    model.layers[0].mark.fill_(0.1)
    save_sharded(model, folder)
    return {"sharded": has_shards(model), "state": _state(model), "next": jobs.train(model, **MORE)}


def _load(folder: str, broken: str) -> list[dict[str, Any]]:
    """Load into a model in parts, and into one that is cut afterwards; then refuse together."""
    found = []
    for before in (True, False):
        model = _made(strategy=jobs.FSDP)
        if before:
            jobs.train(model, **MORE)
        load_sharded(model, folder)
        was = has_shards(model), _state(model)
        found.append(
            {"sharded": was[0], "state": was[1], "next": jobs.train(model, **MORE), "after": has_shards(model)}
        )
    try:
        load_sharded(model, broken)
        told = ""
    except ValueError as error:
        told = str(error)
    every: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(every, told)
    return [*found, {"told": every}]


def _save_ddp(folder: str) -> dict[str, Any]:
    model = _made(strategy="ddp")
    jobs.train(model, **MORE)
    save_sharded(model, folder)
    return _state(model)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("sharded")
    return folder, run_on_ranks(2, _save, str(folder))


def _flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def _link(path: Path) -> None:
    path.symlink_to(path.rename(path.with_name("other")))


def _forge(folder: Path, change: Any) -> None:
    """Change a manifest's content as somebody would who knows how to compute its checksum."""
    path = folder / "manifest.json"
    told = json.loads(path.read_text())
    change(told["content"])
    told["sha256"] = sharded_checkpoint._checksum(told["content"])
    path.write_text(json.dumps(told))


def _copy(folder: Path, target: Path) -> tuple[Path, list[Path]]:
    shutil.copytree(folder, target)
    return target, sorted(target.glob("part-*.pt"))


def test_two_ranks_write_two_files_and_one_process_goes_on(saved: Any) -> None:
    folder, told = saved
    assert told["sharded"]
    files = sorted(path.name for path in folder.iterdir())
    assert len(files) == 3 and files[0] == "manifest.json"  # those of the first save are gone
    first, second = (torch.load(folder / name, weights_only=True) for name in files[1:])
    assert first["model/dense.weight"].shape == (5, 6) and second["model/dense.weight"].shape == (4, 6)
    assert "model/dense.mark" in first and "model/dense.mark" not in second  # what all hold is written once
    model = _made()
    load_sharded(model, folder)
    assert _state(model) == told["state"]
    assert jobs.difference(jobs.train(model, **MORE), told["next"]) < 1e-12


def test_it_is_the_run_that_was_not_interrupted(saved: Any) -> None:
    model = _made()
    jobs.train(model, **MORE)
    model.layers[0].mark.fill_(0.1)
    assert jobs.difference(jobs.train(model, **MORE), saved[1]["next"]) < 1e-12


def test_three_ranks_go_on(saved: Any, tmp_path: Path) -> None:
    folder, told = saved
    broken, parts = _copy(folder, tmp_path / "broken")
    _flip(parts[1], parts[1].stat().st_size // 2)
    cut, uncut, refused = run_on_ranks(3, _load, str(folder), str(broken))
    assert cut["sharded"] and not uncut["sharded"] and uncut["after"]
    for found in (cut, uncut):
        assert found["state"] == told["state"]
        assert jobs.difference(found["next"], told["next"]) < 1e-12
    assert len(refused["told"]) == 3 and all(parts[1].name in text for text in refused["told"])


def test_data_parallel_ranks_write_one_file(tmp_path: Path) -> None:
    state = run_on_ranks(2, _save_ddp, str(tmp_path))
    assert len(list(tmp_path.iterdir())) == 2
    model = _made()
    load_sharded(model, tmp_path)
    assert _state(model) == state


def test_plain_torch_reads_whole_tensors(saved: Any) -> None:
    folder, told = saved
    found = read_sharded(folder)
    net = nn.ModuleDict({"dense": nn.Linear(6, 9), "dense_1": nn.Linear(9, 5), "dense_2": nn.Linear(5, 3)}).double()
    net["dense"].register_buffer("mark", torch.zeros(3).double())
    net.load_state_dict(found["model"])
    assert all(value.double().tolist() == told["state"][name] for name, value in net.state_dict().items())
    optimizer = torch.optim.Adam(net.parameters())
    optimizer.load_state_dict(found["optimizer"])
    assert optimizer.param_groups[0]["betas"] == (0.9, 0.999) and optimizer.param_groups[0]["lr"] == 0.001
    held = optimizer.state[net["dense_1"].weight]["exp_avg"]
    assert held.tolist() == told["state"]["dense_1.weight/exp_avg"]
    fresh = nn.ModuleDict({name: nn.Linear(m.in_features, m.out_features) for name, m in net.items()}).double()
    fresh["dense"].register_buffer("mark", torch.zeros(3).double())
    load_sharded(fresh, folder)
    assert all(torch.equal(a, b) for a, b in zip(fresh.state_dict().values(), net.state_dict().values(), strict=True))


def test_a_torch_optimizer_and_tied_weights_in_one_process(tmp_path: Path) -> None:
    def made() -> Any:
        net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
        net[1].weight = net[0].weight
        model = keras.Model(net)
        model.compile(torch.optim.SGD(net.parameters(), lr=torch.tensor(0.1), momentum=0.9), "mse", device="cpu")
        return model

    model, other, x = made(), made(), torch.randn(8, 4)
    model.fit(x, x, verbose=0)
    save_sharded(model, tmp_path)
    load_sharded(other, tmp_path)
    assert torch.equal(other.optimizer.param_groups[0]["lr"], torch.tensor(0.1))
    for one in (model, other):
        one.fit(x, x, verbose=0, shuffle=False)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda parts: _flip(parts[0], parts[0].stat().st_size // 2), "part-.*as it was written, received one that"),
        (lambda parts: parts[1].write_bytes(parts[1].read_bytes()[:-1]), "part-.*bytes: it is cut"),
        (lambda parts: parts[0].unlink(), "the file part-.*no such file"),
        (lambda parts: _link(parts[0]), "the file part-.*, received a link"),
        (lambda parts: _link(parts[0].parent / "manifest.json"), "a manifest.json of its own, received a link"),
        (lambda parts: (parts[0].parent / "manifest.json").write_text("{"), "manifest.json in JSON"),
    ],
)  # fmt: skip
def test_damage_is_named_and_changes_nothing(saved: Any, tmp_path: Path, damage: Any, message: str) -> None:
    folder, parts = _copy(saved[0], tmp_path / "copy")
    damage(parts)
    model = _made()
    before = [p.clone() for p in model.parameters()]
    with pytest.raises(ValueError, match=message):
        load_sharded(model, folder)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), before, strict=True))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda told: told.update(version=2), "expected format version 1, received version 2"),
        (lambda told: told.update(format="other"), "another manifest"),
        (lambda told: told["content"]["entries"]["model/dense.bias"].update(shape=[8]), "its checksum differs"),
    ],
)
def test_a_changed_manifest_is_refused(saved: Any, tmp_path: Path, change: Any, message: str) -> None:
    folder, _ = _copy(saved[0], tmp_path / "copy")
    told = json.loads((folder / "manifest.json").read_text())
    change(told)
    (folder / "manifest.json").write_text(json.dumps(told))
    with pytest.raises(ValueError, match=message):
        read_sharded(folder)


def _entry(**change: Any) -> Any:
    return lambda content: content["entries"]["model/dense.bias"].update(change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_entry(shape=[10**15], pieces=[[[0], [10**15], "{}"]]), "tensors that fit into their files, received 'model"),
        (_entry(shape=[9], pieces=[[[0], [9], "../part"]]), r"named part-...pt, received '../part'"),
        (lambda content: content["files"].update({"/etc/hosts": {"bytes": 1, "sha256": ""}}), "received '/etc/hosts'"),
        (_entry(shape=[9.0]), "a whole manifest"),
        (_entry(shape=[0, -3], pieces=[]), "a whole manifest"),
        (_entry(shape=["9"]), "a whole manifest"),
        (_entry(dtype="load"), "a whole manifest"),
        (_entry(dtype="float64x"), "a whole manifest"),
        (lambda content: content.pop("files"), "a whole manifest"),
    ],
)  # fmt: skip
def test_a_forged_manifest_is_refused(saved: Any, tmp_path: Path, change: Any, message: str) -> None:
    folder, parts = _copy(saved[0], tmp_path / "copy")

    def forge(content: dict[str, Any]) -> None:
        change(content)
        for piece in content["entries"]["model/dense.bias"]["pieces"]:
            piece[2] = parts[0].name if piece[2] == "{}" else piece[2]

    _forge(folder, forge)
    with pytest.raises(ValueError, match=message):
        read_sharded(folder)


def test_a_forged_part_runs_no_code(saved: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return (os.mkdir, ("was-run",))

    monkeypatch.chdir(tmp_path)
    folder, parts = _copy(saved[0], tmp_path / "copy")
    torch.save({"model/dense.weight": Evil()}, parts[0])
    told = {"bytes": parts[0].stat().st_size, "sha256": digest(parts[0])}
    _forge(folder, lambda content: content["files"].update({parts[0].name: told}))
    with pytest.raises(ValueError, match="plain tensors in part-.*, received something else"):
        read_sharded(folder)
    assert not (tmp_path / "was-run").exists()


@pytest.mark.filterwarnings("ignore:torch.distributed is disabled")  # torch's own, though it was told so
def test_a_checkpoint_of_torch_itself_is_not_read(tmp_path: Path) -> None:
    """`torch.distributed.checkpoint` describes its files in a pickle, which is opened for nobody."""
    from torch.distributed import checkpoint

    checkpoint.save({"w": torch.ones(2)}, checkpoint_id=tmp_path, no_dist=True)
    assert (tmp_path / ".metadata").exists()
    with pytest.raises(FileNotFoundError, match="expected a folder with a manifest.json, received none"):
        read_sharded(tmp_path)


def test_another_model_another_optimizer_or_no_checkpoint(saved: Any, tmp_path: Path) -> None:
    net = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, name="dense"), keras.layers.Dense(3, name="last")])
    with pytest.raises(ValueError) as caught:
        load_sharded(net, saved[0])
    for told in (
        "last.weight: the model has it",
        "dense_2.bias: the checkpoint has it",
        "dense.bias: the model has (8,)",
    ):
        assert told in str(caught.value)
    with pytest.raises(ValueError, match="expected optimizer Adam .* a model with SGD"):
        load_sharded(_made(optimizer="sgd"), saved[0])
    with pytest.raises(FileNotFoundError, match="a folder with a manifest.json, received none"):
        read_sharded(tmp_path)
    with pytest.raises(TypeError, match="`folder` of save_sharded: expected a path"):
        save_sharded(net, 3)  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.int8, torch.bool, torch.complex64])
def test_dtypes_scalars_and_empty_tensors_come_back(tmp_path: Path, dtype: torch.dtype) -> None:
    net = nn.Module()
    for name, shape in (("scalar", ()), ("empty", (0, 3)), ("view", (4, 3))):
        net.register_buffer(name, torch.randn(shape).mul(3).to(dtype))
    net.register_buffer("across", net.view.t())
    save_sharded(net, tmp_path)
    found = read_sharded(tmp_path)
    assert found["optimizer"] is None and list(found["model"]) == list(net.state_dict())
    for name, value in net.state_dict().items():
        assert found["model"][name].dtype == dtype and torch.equal(found["model"][name], value)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="expected a folder that every rank can write to, received an error on rank 0"):
        save_sharded(nn.Linear(2, 1), tmp_path / "file")
