"""Callbacks with Lightning's signatures."""

from kerastorch.lightning.callbacks.backbone_finetuning import BackboneFinetuning as BackboneFinetuning
from kerastorch.lightning.callbacks.base_finetuning import BaseFinetuning as BaseFinetuning
from kerastorch.lightning.callbacks.batch_size_finder import BatchSizeFinder as BatchSizeFinder
from kerastorch.lightning.callbacks.callback import Callback as Callback
from kerastorch.lightning.callbacks.checkpoint import Checkpoint as Checkpoint
from kerastorch.lightning.callbacks.device_stats_monitor import DeviceStatsMonitor as DeviceStatsMonitor
from kerastorch.lightning.callbacks.early_stopping import EarlyStopping as EarlyStopping
from kerastorch.lightning.callbacks.ema_weight_averaging import EMAWeightAveraging as EMAWeightAveraging
from kerastorch.lightning.callbacks.gradient_accumulation_scheduler import (
    GradientAccumulationScheduler as GradientAccumulationScheduler,
)
from kerastorch.lightning.callbacks.lambda_function import LambdaCallback as LambdaCallback
from kerastorch.lightning.callbacks.learning_rate_finder import LearningRateFinder as LearningRateFinder
from kerastorch.lightning.callbacks.learning_rate_monitor import LearningRateMonitor as LearningRateMonitor
from kerastorch.lightning.callbacks.model_checkpoint import ModelCheckpoint as ModelCheckpoint
from kerastorch.lightning.callbacks.model_summary import ModelSummary as ModelSummary
from kerastorch.lightning.callbacks.on_exception_checkpoint import OnExceptionCheckpoint as OnExceptionCheckpoint
from kerastorch.lightning.callbacks.prediction_writer import BasePredictionWriter as BasePredictionWriter
from kerastorch.lightning.callbacks.progress_bar import ProgressBar as ProgressBar
from kerastorch.lightning.callbacks.rich_model_summary import RichModelSummary as RichModelSummary
from kerastorch.lightning.callbacks.rich_progress_bar import RichProgressBar as RichProgressBar
from kerastorch.lightning.callbacks.rich_progress_bar import RichProgressBarTheme as RichProgressBarTheme
from kerastorch.lightning.callbacks.stochastic_weight_averaging import (
    StochasticWeightAveraging as StochasticWeightAveraging,
)
from kerastorch.lightning.callbacks.timer import Timer as Timer
from kerastorch.lightning.callbacks.tqdm_progress_bar import TQDMProgressBar as TQDMProgressBar
from kerastorch.lightning.callbacks.weight_averaging import WeightAveraging as WeightAveraging
