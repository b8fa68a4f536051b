"""Loggers: where the figures, settings and pictures of runs are kept."""

from kerastorch.loggers.comet_logger import CometLogger as CometLogger
from kerastorch.loggers.csv_logger import CSVLogger as CSVLogger
from kerastorch.loggers.logger import Logger as Logger
from kerastorch.loggers.mlflow_logger import MLflowLogger as MLflowLogger
from kerastorch.loggers.null_logger import NullLogger as NullLogger
from kerastorch.loggers.tensorboard_logger import TensorBoardLogger as TensorBoardLogger
from kerastorch.loggers.wandb_logger import WandbLogger as WandbLogger
