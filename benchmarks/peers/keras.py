"""Keras 3 on its torch backend."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras

from benchmarks.peers._keras_like import KerasLike
from benchmarks.task import Task


class Peer(KerasLike):
    """`Sequential`, `compile`, `fit`."""

    def __init__(self, task: Task) -> None:
        super().__init__(task, keras)
