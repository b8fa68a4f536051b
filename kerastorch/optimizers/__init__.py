"""Optimizers (`keras.optimizers`): Keras's arguments and update rules as `torch.optim.Optimizer`s."""

from kerastorch.optimizers import schedules as schedules
from kerastorch.optimizers.adadelta import Adadelta as Adadelta
from kerastorch.optimizers.adafactor import Adafactor as Adafactor
from kerastorch.optimizers.adagrad import Adagrad as Adagrad
from kerastorch.optimizers.adam import Adam as Adam
from kerastorch.optimizers.adam import AdamW as AdamW
from kerastorch.optimizers.adamax import Adamax as Adamax
from kerastorch.optimizers.ftrl import Ftrl as Ftrl
from kerastorch.optimizers.lamb import Lamb as Lamb
from kerastorch.optimizers.lion import Lion as Lion
from kerastorch.optimizers.loss_scale_optimizer import LossScaleOptimizer as LossScaleOptimizer
from kerastorch.optimizers.nadam import Nadam as Nadam
from kerastorch.optimizers.optimizer import Optimizer as Optimizer
from kerastorch.optimizers.resolve import deserialize as deserialize
from kerastorch.optimizers.resolve import get as get
from kerastorch.optimizers.resolve import serialize as serialize
from kerastorch.optimizers.rmsprop import RMSprop as RMSprop
from kerastorch.optimizers.sgd import SGD as SGD
