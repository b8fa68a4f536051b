"""Loggers with Lightning's signatures and folders; those of `kerastorch.loggers` work too."""

from kerastorch.lightning.loggers.csv_logs import CSVLogger as CSVLogger
from kerastorch.lightning.loggers.tensorboard import TensorBoardLogger as TensorBoardLogger
from kerastorch.loggers import CometLogger as CometLogger
from kerastorch.loggers import Logger as Logger
from kerastorch.loggers import MLflowLogger as MLFlowLogger
from kerastorch.loggers import WandbLogger as WandbLogger
