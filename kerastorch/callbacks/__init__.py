"""`keras.callbacks`: what watches a run and acts on it."""

from kerastorch.callbacks.backup_and_restore import BackupAndRestore as BackupAndRestore
from kerastorch.callbacks.callback import Callback as Callback
from kerastorch.callbacks.callback_list import CallbackList as CallbackList
from kerastorch.callbacks.checkpointing import Checkpointing as Checkpointing
from kerastorch.callbacks.csv_logger import CSVLogger as CSVLogger
from kerastorch.callbacks.device_memory_monitor import DeviceMemoryMonitor as DeviceMemoryMonitor
from kerastorch.callbacks.early_stopping import EarlyStopping as EarlyStopping
from kerastorch.callbacks.gradient_norm_monitor import GradientNormMonitor as GradientNormMonitor
from kerastorch.callbacks.history import History as History
from kerastorch.callbacks.lambda_callback import LambdaCallback as LambdaCallback
from kerastorch.callbacks.learning_rate_monitor import LearningRateMonitor as LearningRateMonitor
from kerastorch.callbacks.learning_rate_scheduler import LearningRateScheduler as LearningRateScheduler
from kerastorch.callbacks.model_checkpoint import ModelCheckpoint as ModelCheckpoint
from kerastorch.callbacks.profiler import Profiler as Profiler
from kerastorch.callbacks.progbar_logger import ProgbarLogger as ProgbarLogger
from kerastorch.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau as ReduceLROnPlateau
from kerastorch.callbacks.run_monitor import RunMonitor as RunMonitor
from kerastorch.callbacks.slurm_requeue import SlurmRequeue as SlurmRequeue
from kerastorch.callbacks.swap_ema_weights import SwapEMAWeights as SwapEMAWeights
from kerastorch.callbacks.tensorboard import TensorBoard as TensorBoard
from kerastorch.callbacks.terminate_on_nan import TerminateOnNaN as TerminateOnNaN
from kerastorch.callbacks.throughput_monitor import ThroughputMonitor as ThroughputMonitor
