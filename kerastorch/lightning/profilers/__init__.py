"""What tells where the time of a run goes."""

from kerastorch.lightning.profilers.advanced import AdvancedProfiler as AdvancedProfiler
from kerastorch.lightning.profilers.profiler import PassThroughProfiler as PassThroughProfiler
from kerastorch.lightning.profilers.profiler import Profiler as Profiler
from kerastorch.lightning.profilers.pytorch import PyTorchProfiler as PyTorchProfiler
from kerastorch.lightning.profilers.simple import SimpleProfiler as SimpleProfiler
