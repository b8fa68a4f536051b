"""A model's weights in TensorBoard: histograms, images, embeddings. And its layers as a graph."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from kerastorch import config
from kerastorch.base import errors
from kerastorch.base.sharded import has_shards


def named_weights(model: Any) -> Iterator[tuple[str, Tensor]]:
    """The weights of the model's layers by their paths ("dense/kernel"), in Keras's layout.

    A model without such layers gives its parameters and buffers, by their torch names with slashes.

    Example:
        >>> [name for name, _ in named_weights(torch.nn.Linear(2, 1))]
        ['weight', 'bias']
    """
    if has_shards(model):
        raise errors.value_error(
            "Summaries of weights",
            expected="weights that each process holds whole",
            received=errors.Said("weights that are spread over several processes"),
            remedy='Leave them out (`histogram_freq=0`), or compile with strategy="ddp".',
        )
    weights = [weight for layer in getattr(model, "layers", ()) for weight in getattr(layer, "weights", ())]
    if weights and all(hasattr(weight, "path") for weight in weights):
        for weight in weights:
            layout = getattr(weight, "keras_layout", None)
            value = weight.detach()
            yield weight.path.replace(":", "_"), value if layout is None else layout.to_keras(value)
        return
    for named in (model.named_parameters(), model.named_buffers()):
        yield from ((name.replace(".", "/"), value.detach()) for name, value in named)


def write_histograms(writer: Any, model: Any, epoch: int, images: bool) -> None:
    """Write a histogram of each weight, and an image of those that can be one.

    Args:
        writer: A `SummaryWriter`.
        model: The model.
        epoch: The step they are written at.
        images: Whether images are written.
    """
    for name, weight in named_weights(model):
        values = weight.float()[torch.isfinite(weight)]
        if values.numel():
            writer.add_histogram(f"{name}/histogram", values, epoch)
        image = as_image(weight) if images else None
        if image is not None:
            writer.add_images(f"{name}/image", image, epoch, dataformats="NHWC")


def as_image(weight: Tensor) -> Tensor | None:
    """A weight as images (N, H, W, C), or None where it cannot be shown; the rule is Keras's.

    Args:
        weight: A weight in Keras's layout.

    Example:
        >>> tuple(as_image(torch.zeros(3, 3, 1, 8)).shape)
        (8, 3, 3, 1)
        >>> tuple(as_image(torch.zeros(5, 2)).shape)
        (1, 2, 5, 1)
    """
    image = weight.float().squeeze()
    if image.ndim == 1:
        image = image.reshape(1, -1, 1, 1)
    elif image.ndim == 2:
        image = (image.T if image.shape[0] > image.shape[1] else image)[None, :, :, None]
    elif image.ndim == 3:
        image = (image.permute(2, 0, 1) if config.image_data_format() == "channels_last" else image)[..., None]
    return image if image.ndim == 4 and image.shape[-1] in (1, 3, 4) else None


def embeddings(model: Any) -> dict[str, Tensor]:
    """The tables of the model's embedding layers, by layer name."""
    tables = ((layer.name, getattr(layer, "embeddings", None)) for layer in getattr(model, "layers", ()))
    return {name: table.detach() for name, table in tables if isinstance(table, Tensor)}


def write_embeddings(writer: Any, model: Any, epoch: int, metadata: str | Mapping[str, str] | None) -> None:
    """Write the tables of the embedding layers for TensorBoard's projector.

    Args:
        writer: A `SummaryWriter`.
        model: The model.
        epoch: The step they are written at.
        metadata: A file with one label a line, or a file for each layer name.

    Raises:
        ValueError: `metadata` names a layer that has no embedding.
    """
    tables = embeddings(model)
    for name in metadata if isinstance(metadata, Mapping) else ():
        if name not in tables:
            raise errors.unknown_name("embedding layer", name, tables)
    for name, table in tables.items():
        path = metadata.get(name) if isinstance(metadata, Mapping) else metadata
        writer.add_embedding(table, metadata=None if path is None else _lines(path), global_step=epoch, tag=name)


def _lines(path: str) -> list[str]:
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def write_graph(writer: Any, model: Any) -> None:
    """Write the model's config, which TensorBoard draws as a graph of layers; not every model has one.

    Args:
        writer: A `SummaryWriter`.
        model: The model.
    """
    text = _graph_config(model)
    if text is None:
        return
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboard.compat.proto.tensor_pb2 import TensorProto

    plugin = SummaryMetadata.PluginData(plugin_name="graph_keras_model", content=b"1")
    tensor = TensorProto(dtype="DT_STRING", string_val=[text.encode()])
    value = Summary.Value(tag="keras", metadata=SummaryMetadata(plugin_data=plugin), tensor=tensor)
    writer.file_writer.add_summary(Summary(value=[value]), 0)


def _graph_config(model: Any) -> str | None:
    try:
        text = model.to_json()
    except Exception:  # a picture is not worth a run: a config may hold anything a user wrote
        return None
    return text if "layers" in (json.loads(text).get("config") or {}) else None
