from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastorch.loggers import WandbLogger
from tests.loggers.support import fill, fit, small_model

wandb = pytest.importorskip("wandb", reason="the client of Weights & Biases is not installed")
# The client's own service and generated messages warn of their own deprecations.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    for name in ("WANDB_CONFIG_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    yield {"mode": "offline", "save_dir": tmp_path, "settings": wandb.Settings(silent=True, console="off")}
    wandb.teardown()


def messages(path: Path) -> Iterator[bytes]:
    """The records of the client's log (LevelDB's format: 32 KiB blocks of checksum, length, type, data)."""
    content, place, held = path.read_bytes(), 7, b""
    while place + 7 <= len(content):
        if 32768 - place % 32768 < 7:  # no record begins here
            place += 32768 - place % 32768
            continue
        _, length, kind = struct.unpack("<IHB", content[place : place + 7])
        held += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield held
            held = b""


def records(folder: Path) -> list[Any]:
    """What the client wrote for `wandb sync`."""
    from wandb.proto import wandb_internal_pb2

    wandb.teardown()  # the client's service, which writes, has ended
    parse = wandb_internal_pb2.Record.FromString
    return [parse(message) for path in sorted(folder.rglob("*.wandb")) for message in messages(path)]


def rows(folder: Path) -> list[dict[str, Any]]:
    found = []
    for record in records(folder):
        if record.WhichOneof("record_type") == "history":
            items = record.history.item
            found.append({i.key or "/".join(i.nested_key): json.loads(i.value_json) for i in items})
    return found


def test_a_run(tmp_path: Path, quiet: dict[str, Any]) -> None:
    logger = WandbLogger("trial", run_name="first", log_every_n_steps=3, **quiet)
    history = fit(small_model(), logger)
    kept = [row for row in rows(tmp_path) if "epoch/val_loss" in row]
    assert [row["epoch"] for row in kept] == [0, 1]
    assert [row["step"] for row in kept] == [4, 8]
    assert np.allclose([row["epoch/val_loss"] for row in kept], history.history["val_loss"])
    assert [row["step"] for row in rows(tmp_path) if "step/loss" in row] == [3, 6]
    configs = [r.config.update for r in records(tmp_path) if r.WhichOneof("record_type") == "config"]
    config = {u.key: json.loads(u.value_json) for update in configs for u in update if u.key}
    assert config["optimizer"] == "SGD"
    axes = {r.metric.glob_name: r.metric.step_metric for r in records(tmp_path) if r.HasField("metric")}
    assert axes["epoch/*"] == "epoch"
    runs = [r.run for r in records(tmp_path) if r.HasField("run")]
    assert {(r.run_id, r.display_name, r.project) for r in runs} == {(logger.version, "first", "trial")}


def test_media(tmp_path: Path, quiet: dict[str, Any]) -> None:
    logger = WandbLogger("trial", **quiet)
    fill(logger)
    logger.finalize()
    found = {key: row for row in rows(tmp_path) for key in row}
    assert {"picture", "spread", "note"} <= {key.partition("/")[0] for key in found}
    assert list(tmp_path.rglob("picture*.png"))


def test_bad_mode() -> None:
    with pytest.raises(ValueError, match="`mode` of WandbLogger: expected 'online' or 'offline' or 'disabled'"):
        WandbLogger(mode="of")
