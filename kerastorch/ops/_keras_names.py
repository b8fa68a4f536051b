"""How operations are called in files: Keras's classes, torch's functions and ours, side by side.

A graph saved by Keras names an operation by module and class ("keras.src.ops.numpy", "Add"); a graph recorded here
holds our plain function, a torch function, a Python operator or the name of a tensor method.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional as F

from kerastorch.base import registry

NUMPY = "keras.src.ops.numpy"
NN = "keras.src.ops.nn"
KerasName = tuple[str, str]

# class -> Python operators, torch functions and tensor methods (by name) that compute the same. Arguments come in the
# same order; torch says `dim` and `keepdim` for `axis` and `keepdims`, and its methods take sizes one by one too.
_EQUIVALENTS: dict[KerasName, tuple[Any, ...]] = {
    (NUMPY, "Add"): (operator.add, operator.iadd, torch.add, "add"),
    (NUMPY, "Subtract"): (operator.sub, operator.isub, torch.sub, torch.subtract, "sub", "subtract"),
    (NUMPY, "Multiply"): (operator.mul, operator.imul, torch.mul, torch.multiply, "mul", "multiply"),
    (NUMPY, "TrueDivide"): (operator.truediv, operator.itruediv, torch.true_divide, "true_divide"),
    (NUMPY, "Divide"): (torch.div, torch.divide, "div", "divide"),
    (NUMPY, "FloorDivide"): (operator.floordiv, torch.floor_divide, "floor_divide"),
    (NUMPY, "Mod"): (operator.mod, torch.remainder, "remainder"),
    (NUMPY, "Power"): (operator.pow, torch.pow, "pow"),
    (NUMPY, "Matmul"): (operator.matmul, torch.matmul, "matmul"),
    (NUMPY, "Negative"): (operator.neg, torch.neg, torch.negative, "neg", "negative"),
    (NUMPY, "Absolute"): (operator.abs, torch.abs, torch.absolute, "abs", "absolute"),
    (NUMPY, "GetItem"): (operator.getitem,),
    (NUMPY, "Equal"): (operator.eq, torch.eq, "eq"),
    (NUMPY, "NotEqual"): (operator.ne, torch.ne, torch.not_equal, "ne", "not_equal"),
    (NUMPY, "Less"): (operator.lt, torch.lt, torch.less, "lt", "less"),
    (NUMPY, "LessEqual"): (operator.le, torch.le, torch.less_equal, "le", "less_equal"),
    (NUMPY, "Greater"): (operator.gt, torch.gt, torch.greater, "gt", "greater"),
    (NUMPY, "GreaterEqual"): (operator.ge, torch.ge, torch.greater_equal, "ge", "greater_equal"),
    (NUMPY, "BitwiseAnd"): (operator.and_, torch.bitwise_and, "bitwise_and"),
    (NUMPY, "BitwiseOr"): (operator.or_, torch.bitwise_or, "bitwise_or"),
    (NUMPY, "BitwiseXor"): (operator.xor, torch.bitwise_xor, "bitwise_xor"),
    (NUMPY, "BitwiseInvert"): (operator.invert, torch.bitwise_not, "bitwise_not"),
    (NUMPY, "LogicalAnd"): (torch.logical_and, "logical_and"),
    (NUMPY, "LogicalOr"): (torch.logical_or, "logical_or"),
    (NUMPY, "LogicalNot"): (torch.logical_not, "logical_not"),
    (NUMPY, "Maximum"): (torch.maximum, "maximum"),
    (NUMPY, "Minimum"): (torch.minimum, "minimum"),
    (NUMPY, "Where"): (torch.where,),
    (NUMPY, "Exp"): (torch.exp, "exp"),
    (NUMPY, "Log"): (torch.log, "log"),
    (NUMPY, "Log1p"): (torch.log1p, "log1p"),
    (NUMPY, "Sqrt"): (torch.sqrt, "sqrt"),
    (NUMPY, "Square"): (torch.square, "square"),
    (NUMPY, "Sin"): (torch.sin, "sin"),
    (NUMPY, "Cos"): (torch.cos, "cos"),
    (NUMPY, "Tanh"): (torch.tanh, F.tanh, "tanh"),
    (NUMPY, "Floor"): (torch.floor, "floor"),
    (NUMPY, "Ceil"): (torch.ceil, "ceil"),
    (NUMPY, "Sign"): (torch.sign, "sign"),
    (NUMPY, "Reshape"): (torch.reshape, "reshape", "view"),
    (NUMPY, "Transpose"): (torch.permute, "permute"),
    (NUMPY, "Swapaxes"): (torch.transpose, torch.swapaxes, "transpose", "swapaxes"),
    (NUMPY, "Moveaxis"): (torch.movedim, torch.moveaxis, "movedim", "moveaxis"),
    (NUMPY, "ExpandDims"): (torch.unsqueeze, "unsqueeze"),
    (NUMPY, "Squeeze"): (torch.squeeze, "squeeze"),
    (NUMPY, "Concatenate"): (torch.cat, torch.concat, torch.concatenate),
    (NUMPY, "Stack"): (torch.stack,),
    (NUMPY, "Flip"): (torch.flip, "flip"),
    (NUMPY, "Sum"): (torch.sum, "sum"),
    (NUMPY, "Mean"): (torch.mean, "mean"),
    (NUMPY, "Prod"): (torch.prod, "prod"),
    (NUMPY, "Amax"): (torch.amax, "amax"),
    (NUMPY, "Amin"): (torch.amin, "amin"),
    (NN, "Relu"): (torch.relu, F.relu, "relu"),
    (NN, "Relu6"): (F.relu6,),
    (NN, "Sigmoid"): (torch.sigmoid, F.sigmoid, "sigmoid"),
    (NN, "Silu"): (F.silu,),
    (NN, "Softplus"): (F.softplus,),
    (NN, "Softmax"): (torch.softmax, F.softmax, "softmax"),
    (NN, "LogSoftmax"): (torch.log_softmax, F.log_softmax, "log_softmax"),
}

TORCH_EQUIVALENTS: dict[Any, KerasName] = {
    function: name for name, functions in _EQUIVALENTS.items() for function in functions
}
# What a tensor in front of a symbolic one records: `tensor + symbolic` is the tensor's method `__add__`.
TORCH_EQUIVALENTS |= {
    f"__{function.__name__.strip('_')}__": name
    for name, functions in _EQUIVALENTS.items()
    for function in functions
    if getattr(function, "__module__", "") == "_operator"
}


def keras_name(function: Any) -> KerasName | None:
    """Keras's module and class for what a graph node calls, or None when Keras has none.

    Args:
        function: Our plain function or operation, a torch function, a Python operator, or a method's name.

    Example:
        >>> keras_name(operator.add)
        ('keras.src.ops.numpy', 'Add')
    """
    if getattr(function, "keras_class", ""):
        return function.keras_module, function.keras_class
    return TORCH_EQUIVALENTS.get(function)


def raw_op(module: str, class_name: str) -> Callable[..., Any] | None:
    """The plain function of Keras's operation class, or None when there is none.

    Args:
        module: As a file says it; only compared, never imported.
        class_name: The operation's class.

    Example:
        >>> raw_op("keras.src.ops.numpy", "Add").__name__
        'add'
    """
    return _by_class().get((module, class_name))


def _by_class() -> dict[KerasName, Callable[..., Any]]:
    table: dict[KerasName, Callable[..., Any]] = {}
    for name in registry.names("ops"):
        function = registry.builtin("ops", name)
        if function is not None and hasattr(function, "keras_class") and function.keras_class:
            table.setdefault((function.keras_module, function.keras_class), function)
    return table
