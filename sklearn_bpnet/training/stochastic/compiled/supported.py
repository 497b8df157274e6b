"""Which trainings there is compiled code for: tables, and what they say of a network.

What is not in the tables is left to the NumPy pass, which is the reference.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import sqrt, tau
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.net import activations
from sklearn_bpnet.net.losses import LogLoss, SquaredError
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.penalties import ElasticNet
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.optimizers import SGD, Adam, AdamW, Optimizer
from sklearn_bpnet.training.optimizers.step import StepOptions
from sklearn_bpnet.training.stochastic.compiled.elementwise import Activation, Loss
from sklearn_bpnet.training.stochastic.compiled.steps import Rule

# The activation of a class, and its constants, see `elementwise.Scalar`.
HIDDEN: dict[type, tuple[Activation, Callable[[Any], tuple[float, ...]]]] = {
    activations.Identity: (Activation.IDENTITY, lambda f: ()),
    activations.ReLU: (Activation.RELU, lambda f: ()),
    activations.LeakyReLU: (Activation.LEAKY_RELU, lambda f: (f.negative_slope,)),
    activations.Tanh: (Activation.TANH, lambda f: ()),
    activations.Sigmoid: (Activation.SIGMOID, lambda f: ()),
    activations.ELU: (Activation.ELU, lambda f: (1.0, f.alpha)),
    activations.SELU: (Activation.ELU, lambda f: (f.scale, f.scale * f.elu.alpha)),
    activations.Softplus: (Activation.SOFTPLUS, lambda f: ()),
    activations.Softsign: (Activation.SOFTSIGN, lambda f: ()),
    activations.GELU: (Activation.GELU, lambda f: (-sqrt(0.5), 1 / sqrt(tau))),
    activations.SiLU: (Activation.SILU, lambda f: ()),
    activations.Mish: (Activation.MISH, lambda f: ()),
}


def is_supported(
    risk: EmpiricalRisk, optimizer: Optimizer, options: StepOptions
) -> bool:
    """Whether there is compiled code for all that takes part."""
    return (
        type(risk) is EmpiricalRisk
        and type(risk.network) is Network
        and is_chain(risk.network)
        and all(type(f.activation) in HIDDEN for f in risk.network.layers[:-1])
        and loss_of(risk) is not None
        and type(risk.penalty) is ElasticNet
        and np.ndim(risk.alpha) == 0
        and not risk.group.alpha
        and rule_of(optimizer) is not None
        and options.clip_norm is None
    )


def kind_of(block: Any) -> str | None:
    """What compiled code knows a block as; None for those that it does not know.

    A subclass does not inherit it, as it may do something else.
    """
    kind: str | None = vars(type(block)).get("compiled_as")
    return kind


def is_chain(network: Network) -> bool:
    """Whether the network is dense layers with at most dropout between them.

    The first layer may have a learned scale of the features below it, and dropout
    below that.
    """
    kinds = [kind_of(block) for block in network.blocks]
    for kind in ("dropout", "input_scale"):
        if kinds[0] == kind:
            del kinds[0]
    return all(
        kind == "dense" or (kind == "dropout" and below == "dense")
        for below, kind in pairwise(["dropout", *kinds])
    )


def loss_of(risk: EmpiricalRisk) -> Loss | None:
    """The compiled loss, or None."""
    loss: Any = risk.loss
    output = risk.network.output_activation
    if type(loss) is SquaredError and type(output) is activations.Sigmoid:
        return Loss.SQUARED_ERROR_OF_SIGMOID
    if not loss.is_canonical(output):
        return None
    if type(loss) is SquaredError:
        return Loss.SQUARED_ERROR
    if type(loss) is LogLoss:
        categorical = loss.categorical
        return Loss.CATEGORICAL_LOG_LOSS if categorical else Loss.BINARY_LOG_LOSS
    return None


def rule_of(optimizer: Any) -> tuple[Rule, tuple[float, float, float, float]] | None:
    """The compiled rule with its momentum, beta_1, beta_2 and epsilon, or None."""
    if type(optimizer) in (Adam, AdamW):
        beta_1, beta_2 = float(optimizer.beta_1), float(optimizer.beta_2)
        return Rule.ADAM, (0.0, beta_1, beta_2, float(optimizer.epsilon))
    if type(optimizer) is SGD and optimizer.momentum < 1:
        rule = Rule.NESTEROV if optimizer.nesterov else Rule.MOMENTUM
        rule = rule if optimizer.momentum else Rule.PLAIN_SGD
        return rule, (float(optimizer.momentum), 0.0, 0.0, 0.0)
    return None


def layer_starts(network: Network) -> NDArray[np.intp]:
    """Where the W of every layer begins in theta."""
    starts, end = [], 0
    for block in network.blocks:
        if kind_of(block) == "dense":
            starts.append(end)
        end += sum(int(np.prod(shape)) for shape in block.shapes)
    return np.array(starts)


def arrays_of(network: Network) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Where every array of parameters ends in theta, and whether it is a W."""
    sizes, is_weight = [], []
    for block in network.blocks:
        for i, shape in enumerate(block.shapes):
            sizes.append(int(np.prod(shape)))
            is_weight.append(kind_of(block) == "dense" and i == 0)
    return np.cumsum(sizes), np.array(is_weight)


def noise_of(
    network: Network, is_noisy: bool
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.intp]]:
    """Whether units of what every layer sees are dropped, and at which rate.

    The third array says where the random numbers for that begin among those of a
    sample.
    """
    drops, rates, starts = [], [], []
    drop, rate, n_noise = False, 0.0, 0
    blocks: tuple[Any, ...] = network.blocks
    for block in blocks:
        if kind_of(block) == "dropout":
            drop, rate, start = is_noisy, block.rate, n_noise
            n_noise += block.n_units
        elif kind_of(block) == "dense":
            drops.append(drop)
            rates.append(rate)
            starts.append(start if drop else 0)
            drop, rate = False, 0.0
    return np.array(drops), np.array(rates), np.array(starts)
