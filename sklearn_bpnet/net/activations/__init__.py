"""Activation functions, by name, by instance or by a class of the user's own.

To add an activation: one class in one of the files here, one entry in ``ACTIVATIONS``.
"""

from __future__ import annotations

from sklearn_bpnet.net.activations.base import Activation, ElementWise, Interval
from sklearn_bpnet.net.activations.classic import (
    ELU,
    SELU,
    Heaviside,
    Identity,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Softsign,
    Tanh,
)
from sklearn_bpnet.net.activations.learned import LearnedActivation, Mixed, PReLU
from sklearn_bpnet.net.activations.rowwise import Ascending, Softmax
from sklearn_bpnet.net.activations.smooth import GELU, Exp, Mish, SiLU, Softplus
from sklearn_bpnet.net.registry import Registry

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "GELU",
    "SELU",
    "Activation",
    "Ascending",
    "ElementWise",
    "Exp",
    "Heaviside",
    "Identity",
    "Interval",
    "LeakyReLU",
    "LearnedActivation",
    "Mish",
    "Mixed",
    "PReLU",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
]

ACTIVATIONS: Registry[Activation] = Registry(
    "activation",
    Activation,  # type: ignore[type-abstract]
    {
        "identity": Identity(),
        "heaviside": Heaviside(),
        "logistic": Sigmoid(),  # scikit-learn's name
        "sigmoid": Sigmoid(),
        "tanh": Tanh(),
        "relu": ReLU(),
        "leaky_relu": LeakyReLU(),
        "elu": ELU(),
        "selu": SELU(),
        "gelu": GELU(),
        "silu": SiLU(),
        "mish": Mish(),
        "softplus": Softplus(),
        "softsign": Softsign(),
        "exp": Exp(),
        "softmax": Softmax(),
        "prelu": PReLU(),
    },
    from_functions=ElementWise,
)
