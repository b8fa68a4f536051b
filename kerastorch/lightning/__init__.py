"""PyTorch Lightning's API on the same engine: `import kerastorch.lightning as pl`."""

from kerastorch.lightning import callbacks as callbacks
from kerastorch.lightning import loggers as loggers
from kerastorch.lightning import profilers as profilers
from kerastorch.lightning import strategies as strategies
from kerastorch.lightning import utilities as utilities
from kerastorch.lightning.callbacks import Callback as Callback
from kerastorch.lightning.datamodule import LightningDataModule as LightningDataModule
from kerastorch.lightning.legacy import data_loader as data_loader
from kerastorch.lightning.module import LightningModule as LightningModule
from kerastorch.lightning.paths import core as core
from kerastorch.lightning.paths import pytorch as pytorch
from kerastorch.lightning.seeding import seed_everything as seed_everything
from kerastorch.lightning.trainer import Trainer as Trainer
from kerastorch.lightning.tuner import Tuner as Tuner

__version__ = "2.6.0"  # the release of Lightning whose API this is
