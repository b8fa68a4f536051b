"""`keras.datasets`: MNIST, Fashion-MNIST, CIFAR-10, CIFAR-100, and small digits that need no network."""

from kerastorch.datasets import cifar10 as cifar10
from kerastorch.datasets import cifar100 as cifar100
from kerastorch.datasets import digits as digits
from kerastorch.datasets import fashion_mnist as fashion_mnist
from kerastorch.datasets import mnist as mnist
