"""Learning-rate schedules (`keras.optimizers.schedules`)."""

from kerastorch.optimizers.schedules.cosine import CosineDecay as CosineDecay
from kerastorch.optimizers.schedules.cosine import CosineDecayRestarts as CosineDecayRestarts
from kerastorch.optimizers.schedules.decays import ExponentialDecay as ExponentialDecay
from kerastorch.optimizers.schedules.decays import InverseTimeDecay as InverseTimeDecay
from kerastorch.optimizers.schedules.decays import PiecewiseConstantDecay as PiecewiseConstantDecay
from kerastorch.optimizers.schedules.decays import PolynomialDecay as PolynomialDecay
from kerastorch.optimizers.schedules.learning_rate_schedule import LearningRateSchedule as LearningRateSchedule
from kerastorch.optimizers.schedules.learning_rate_schedule import deserialize as deserialize
from kerastorch.optimizers.schedules.learning_rate_schedule import serialize as serialize
