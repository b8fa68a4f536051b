"""`keras.random`: random tensors from torch's generators.

Without a seed the numbers come from torch's global generator. With one, the same call gives the same numbers, and they
are those of Keras on its torch backend.
"""

from kerastorch.random.choices import categorical as categorical
from kerastorch.random.choices import dropout as dropout
from kerastorch.random.choices import shuffle as shuffle
from kerastorch.random.distributions import beta as beta
from kerastorch.random.distributions import binomial as binomial
from kerastorch.random.distributions import gamma as gamma
from kerastorch.random.numbers import normal as normal
from kerastorch.random.numbers import randint as randint
from kerastorch.random.numbers import truncated_normal as truncated_normal
from kerastorch.random.numbers import uniform as uniform
from kerastorch.random.seeds import SeedGenerator as SeedGenerator
from kerastorch.random.seeds import torch_generator as torch_generator
