"""Readable PyTorch and Lightning source from a model (`network`, `lightning_code`) and what `compile` says."""

from kerastorch.convert import training as training
from kerastorch.convert.lightning_code import lightning_code as lightning_code
from kerastorch.convert.network import network as network
from kerastorch.convert.source import Piece as Piece
from kerastorch.convert.source import Source as Source
