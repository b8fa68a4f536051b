"""Checkpoints of a run on disk: written whole or not at all, verified before they are read, and free of code."""

from kerastorch.checkpoint.saver import Saver as Saver
from kerastorch.checkpoint.store import Checkpoint as Checkpoint
from kerastorch.checkpoint.store import Store as Store
