"""Callbacks with Lightning's signatures."""

from kerastorch.lightning.callbacks.callback import Callback as Callback
from kerastorch.lightning.callbacks.early_stopping import EarlyStopping as EarlyStopping
from kerastorch.lightning.callbacks.gradient_accumulation_scheduler import (
    GradientAccumulationScheduler as GradientAccumulationScheduler,
)
from kerastorch.lightning.callbacks.lambda_function import LambdaCallback as LambdaCallback
from kerastorch.lightning.callbacks.learning_rate_monitor import LearningRateMonitor as LearningRateMonitor
from kerastorch.lightning.callbacks.model_checkpoint import ModelCheckpoint as ModelCheckpoint
from kerastorch.lightning.callbacks.model_summary import ModelSummary as ModelSummary
from kerastorch.lightning.callbacks.progress_bar import ProgressBar as ProgressBar
from kerastorch.lightning.callbacks.progress_bar import TQDMProgressBar as TQDMProgressBar
from kerastorch.lightning.callbacks.timer import Timer as Timer
