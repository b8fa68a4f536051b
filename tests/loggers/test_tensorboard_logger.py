from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from tensorboard.util import tensor_util

from kerastorch.callbacks import GradientNormMonitor
from kerastorch.loggers import TensorBoardLogger
from tests.loggers.support import fill, fit, small_model


def events(logger: TensorBoardLogger) -> EventAccumulator:
    return EventAccumulator(logger.log_dir, size_guidance={"images": 0, "histograms": 0, "scalars": 0}).Reload()


def page(found: EventAccumulator) -> dict[str, Any]:
    """What the page HPARAMS reads, by tag."""
    tags = found.PluginTagToContent("hparams")
    return {tag: HParamsPluginData.FromString(data) for tag, data in tags.items()}


def test_a_run(tmp_path: Path) -> None:
    logger = TensorBoardLogger(tmp_path, log_every_n_steps=3, histogram_freq=1)
    history = fit(small_model(), logger, GradientNormMonitor())
    found = events(logger)
    for name, values in history.history.items():
        kept = found.Scalars(f"epoch/{name}")
        assert [event.step for event in kept] == [0, 1]
        assert np.allclose([event.value for event in kept], values)
    assert [event.step for event in found.Scalars("step/loss")] == [3, 6]
    assert [event.step for event in found.Scalars("step/gradient_norm")] == [3, 6]
    assert [event.step for event in found.Histograms("dense/kernel/histogram")] == [0, 1]
    (graph,) = found.Tensors("keras")
    assert "Dense" in tensor_util.make_ndarray(graph.tensor_proto).item().decode()


def test_the_page_of_settings(tmp_path: Path) -> None:
    logger = TensorBoardLogger(tmp_path)
    fit(small_model(), logger)
    found = page(events(logger))
    names = [info.name.tag for info in found["_hparams_/experiment"].experiment.metric_infos]
    assert names == ["epoch/loss", "epoch/mae", "epoch/val_loss", "epoch/val_mae"]
    settings = found["_hparams_/session_start_info"].session_start_info.hparams
    assert settings["optimizer"].string_value == "SGD"
    assert settings["optimizer/learning_rate"].number_value == 0.01
    assert settings["parameters"].number_value == 19
    kept = json.loads((Path(logger.log_dir) / "hparams.json").read_text())
    assert set(kept) == set(settings)


def test_settings_by_hand(tmp_path: Path) -> None:
    logger = TensorBoardLogger(tmp_path, version="mine")
    logger.log_hyperparams({"width": 8}, {"score": 0.25})
    logger.finalize()
    found = events(logger)
    assert found.Scalars("score")[0].value == 0.25
    assert page(found)["_hparams_/experiment"].experiment.metric_infos[0].name.tag == "score"
    other = TensorBoardLogger(tmp_path, version="bare")
    other.log_hyperparams({"width": 8})
    other.finalize()
    assert "width" in page(events(other))["_hparams_/session_start_info"].session_start_info.hparams


def test_media_after_the_run(tmp_path: Path) -> None:
    logger = TensorBoardLogger(tmp_path)
    fit(small_model(), logger)
    fill(logger)  # opens it again
    logger.add_image("later", torch.zeros(2, 2, 3))
    logger.log_weights(small_model(), 5, images=True)
    logger.finalize()
    found = events(logger)
    (image,) = found.Images("picture")
    assert (image.step, image.width, image.height) == (3, 4, 4)
    assert found.Images("later")[0].step == 8
    (spread,) = found.Histograms("spread")
    assert (spread.step, spread.histogram_value.num) == (3, 10)
    (note,) = found.Tensors("note/text_summary")
    assert tensor_util.make_ndarray(note.tensor_proto).tolist() == [b"hello"]


def test_a_traced_graph(tmp_path: Path) -> None:
    logger = TensorBoardLogger(tmp_path)
    logger.log_graph(torch.nn.Linear(2, 1), torch.zeros(1, 2))
    logger.finalize()
    assert events(logger).Tags()["graph"]


def test_traces_go_into_the_folder(tmp_path: Path) -> None:
    logger = TensorBoardLogger(tmp_path)
    with torch.profiler.profile(on_trace_ready=logger.trace_handler()):
        torch.ones(2).sum()
    assert list(Path(logger.log_dir).glob("*.pt.trace.json"))


def test_nothing_is_made_before_something_is_written(tmp_path: Path) -> None:
    TensorBoardLogger(tmp_path).finalize()
    assert list(tmp_path.iterdir()) == []
