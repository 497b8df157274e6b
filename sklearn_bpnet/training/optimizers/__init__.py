"""Optimisers: steps on the flat vector theta, in place."""

from sklearn_bpnet.net.registry import Registry
from sklearn_bpnet.training.optimizers.adam import Adam, AdamW, AMSGrad, NAdam, RAdam
from sklearn_bpnet.training.optimizers.adaptive import AdaDelta, AdaGrad, RMSprop
from sklearn_bpnet.training.optimizers.base import Optimizer, State
from sklearn_bpnet.training.optimizers.gradient_descent import SGD, GradientDescent
from sklearn_bpnet.training.optimizers.sign import Lion, Rprop

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "AMSGrad",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "AdamW",
    "GradientDescent",
    "Lion",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "State",
]

OPTIMIZERS: Registry[Optimizer] = Registry(
    "solver",
    Optimizer,  # type: ignore[type-abstract]
    {
        "sgd": SGD(),
        "adagrad": AdaGrad(),
        "rmsprop": RMSprop(),
        "adadelta": AdaDelta(),
        "adam": Adam(),
        "amsgrad": AMSGrad(),
        "adamw": AdamW(),
        "nadam": NAdam(),
        "radam": RAdam(),
        "lion": Lion(),
        "rprop": Rprop(),
        "gd": GradientDescent(),
    },
)
