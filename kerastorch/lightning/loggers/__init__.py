"""Loggers with Lightning's signatures and folders; those of `kerastorch.loggers` work too."""

from kerastorch.lightning.loggers.comet import CometLogger as CometLogger
from kerastorch.lightning.loggers.common import rank_zero_experiment as rank_zero_experiment
from kerastorch.lightning.loggers.csv_logs import CSVLogger as CSVLogger
from kerastorch.lightning.loggers.mlflow import MLFlowLogger as MLFlowLogger
from kerastorch.lightning.loggers.tensorboard import TensorBoardLogger as TensorBoardLogger
from kerastorch.lightning.loggers.wandb import WandbLogger as WandbLogger
from kerastorch.loggers import Logger as LightningLoggerBase
from kerastorch.loggers import Logger as Logger
