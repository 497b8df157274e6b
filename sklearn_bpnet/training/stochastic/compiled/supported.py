"""Which trainings there is compiled code for: tables from classes to units.

What is not in the tables is left to the NumPy pass, which is the reference: the group
penalty, sparse X, user-defined functions, losses other than log loss and squared error,
groups of outputs whose losses are not of one kind, and optimisers other than SGD, Adam
and schedule-free AdamW.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import sqrt, tau
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.net import activations
from sklearn_bpnet.net.activations.learned import Mixed, PReLU
from sklearn_bpnet.net.losses import GroupedLoss, LogLoss, SquaredError
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.penalties import ElasticNet
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.optimizers import (
    SGD,
    Adam,
    AdamW,
    Optimizer,
    ScheduleFreeAdamW,
)
from sklearn_bpnet.training.stochastic.compiled import (
    affine,
    elementwise,
    embeddings,
    lookup,
    members,
    piecewise,
)
from sklearn_bpnet.training.stochastic.compiled.elementwise import Activation
from sklearn_bpnet.training.stochastic.compiled.losses import Loss
from sklearn_bpnet.training.stochastic.compiled.steps import Rule

# The activation of a class, and its constants, see `elementwise.Scalar`.
ELEMENT_WISE: dict[type, tuple[Activation, Callable[[Any], tuple[float, ...]]]] = {
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


@dataclass(frozen=True)
class Part:
    """A block, or a part of one, as compiled code makes it.

    Parameters
    ----------
    n_in, n_out : int
        Units below and above.
    forward, backward : unit
        ``backward`` is None where the gradient passes as it is.
    codes : tuple of int, default=(0, 0)
        That of each unit: of an activation.
    constants : tuple or ndarray of float, default=()
    numbers : tuple of int, default=()
        What else the units take.
    start : int, default=0
        How many numbers of the block in theta come before those of the part.
    in_place : bool, default=False
        Whether A is written over A_below.
    memory : callable, default=lambda n: 0
        How many numbers it keeps of n samples.
    noise : str or None, default=None
        Of which distribution it takes a random number per unit: "uniform", "normal".
    """

    n_in: int
    n_out: int
    forward: Any
    backward: Any
    codes: tuple[int, int] = (0, 0)
    constants: tuple[float, ...] | NDArray[np.float64] = ()
    numbers: tuple[int, ...] = ()
    start: int = 0
    in_place: bool = False
    memory: Callable[[int], int] = lambda n: 0
    noise: str | None = None


def _dense(block: Any, is_top: bool) -> list[Part] | None:
    n_in, n_out = block.n_in, block.n_out
    product = Part(n_in, n_out, affine.product, affine.product_backward)
    # the output's activation belongs to the loss
    of_activation = _activation(activations.Identity() if is_top else block.activation)
    if of_activation is None or (is_top and block.learned):
        return None
    (forward, backward), codes, constants, kept = of_activation
    return [
        product,
        Part(
            n_out, n_out, forward, backward, codes, constants, start=n_in * n_out,
            in_place=True, memory=lambda n: kept * n * n_out,
        ),
    ]  # fmt: skip


def _activation(f: Any) -> tuple[Any, tuple[int, int], tuple[float, ...], int] | None:
    """Units, codes, constants, and how many numbers per unit and sample are kept."""
    if type(f) is PReLU:
        units = elementwise.forward_prelu, elementwise.backward_learned
        return units, (0, 0), (), 2
    inner = f.function if type(f) is Mixed else f
    if type(inner) not in ELEMENT_WISE:
        return None
    code, constants_of = ELEMENT_WISE[type(inner)]
    constants = constants_of(inner)
    if inner is not f:
        units = elementwise.forward_mixed, elementwise.backward_learned
        return units, (int(code), 1), constants, 2
    if elementwise.SCALARS[code].vjp is None:
        units = elementwise.forward_and_slopes, elementwise.backward_by_slopes
        return units, (int(code), 0), constants, 1
    return (elementwise.forward, elementwise.backward), (code, code), constants, 0


def _embedding(block: Any, is_top: bool) -> list[Part]:
    n_features, K = len(block.features), block.settings.n_frequencies
    m = block.settings.embedding_size - 1
    return [
        Part(
            block.n_in, block.n_out, embeddings.embed, embeddings.embed_backward,
            numbers=(n_features, K, m, *block.features),
            memory=lambda n: n * (2 * n_features * K + m + 3),
        )
    ]  # fmt: skip


def _encoding(block: Any, is_top: bool) -> list[Part]:
    bins, units = block.bins, (piecewise.encode, piecewise.encode_backward)
    return [
        Part(
            block.n_in, block.n_out, *units, constants=piecewise.constants_of(bins),
            numbers=piecewise.numbers_of(block, 0), memory=lambda n: 2 * n,
        )
    ]  # fmt: skip


# From so many bins per feature on, on average, two rows of W are looked up faster than
# all of them are multiplied: for 1 to 512 units, from between 8 and 16 bins on
_BINS_TO_LOOK_UP = 10


def _is_looked_up(block: Any, above: Any) -> bool:
    """Whether the product above an encoding looks up rows of W."""
    if (kind_of(block), kind_of(above)) != ("piecewise encoding", "dense"):
        return False
    return bool(block.bins.n >= _BINS_TO_LOOK_UP * len(block.features))


def _of_encoding(product: Part, block: Any) -> Part:
    """The product above an encoding with what the latter does."""
    bins, n_features, n_out = block.bins, len(block.features), product.n_out
    return replace(
        product,
        n_in=block.n_in,
        forward=piecewise.encoded_product,
        backward=piecewise.encoded_product_backward,
        constants=piecewise.constants_of(bins),
        numbers=piecewise.numbers_of(block, 0),
        memory=lambda n: 2 * n * n_features + bins.n * n_out,
    )


def _piecewise_linear(block: Any, is_top: bool) -> list[Part]:
    bins, n_features, m = block.bins, len(block.features), block.size
    units = piecewise.embed_in_bins, piecewise.embed_in_bins_backward
    return [
        Part(
            block.n_in, block.n_out, *units, constants=piecewise.constants_of(bins),
            numbers=piecewise.numbers_of(block, m),
            memory=lambda n: 2 * n * n_features + 4 * bins.n * m,
        )
    ]  # fmt: skip


def _lookup(block: Any, is_top: bool) -> list[Part] | None:
    units = lookup.look_up, lookup.look_up_backward
    forms = [lookup.FORMS.get(kind_of(table)) for table in block.tables]
    fixed, numbers, n_learned, n_fixed = [np.empty(0)], [len(block.tables)], 0, 0
    for table, form in zip(block.tables, forms, strict=True):
        if form is None:
            return None
        is_learned = form == lookup.FORMS["learned"]
        start = n_learned if is_learned else n_fixed
        numbers += [table.n_codes, table.width, form, start]
        if is_learned:
            n_learned += table.n_codes * table.width
        else:
            fixed.append(table.numbers)
            n_fixed += len(fixed[-1])
    return [
        Part(
            block.n_in, block.n_out, *units, constants=np.concatenate(fixed),
            numbers=tuple(numbers),
        )
    ]  # fmt: skip


def _scale(block: Any, is_top: bool) -> list[Part]:
    n = block.n_units
    return [Part(n, n, affine.scale, affine.scale_backward)]


def _member_scale(block: Any, is_top: bool) -> list[Part]:
    n, units = block.n_units, (members.scale_members, members.scale_members_backward)
    return [Part(n, n, *units, numbers=(block.n_members,))]


def _member_heads(block: Any, is_top: bool) -> list[Part]:
    n_in, n_out, k = block.n_in, block.n_out, block.n_members
    return [
        Part(n_in, n_out, members.heads, members.heads_backward, numbers=(k,)),
        Part(
            n_out, n_out, members.add_biases, members.add_biases_backward,
            numbers=(k,), start=k * n_in * n_out, in_place=True,
        ),
    ]  # fmt: skip


def _dropout(block: Any, is_top: bool) -> list[Part]:
    n = block.n_units
    units, constants = (affine.drop, affine.drop_backward), (block.rate,)
    return [Part(n, n, *units, constants=constants, noise="uniform")]


def _gaussian_noise(block: Any, is_top: bool) -> list[Part]:
    n, constants = block.n_units, (block.deviation,)
    return [Part(n, n, affine.add_noise, None, constants=constants, noise="normal")]


# What a block's ``compiled_as`` stands for
_PARTS: dict[str | None, Callable[[Any, bool], list[Part] | None]] = {
    "dense": _dense,
    "embedding": _embedding,
    "piecewise encoding": _encoding,
    "piecewise linear": _piecewise_linear,
    "lookup": _lookup,
    "input_scale": _scale,
    "member_scale": _member_scale,
    "member_heads": _member_heads,
    "dropout": _dropout,
    "gaussian_noise": _gaussian_noise,
}


def kind_of(block: Any) -> str | None:
    """What compiled code knows a block or a table as; None if it does not know it.

    A subclass does not inherit it, as it may do something else.
    """
    kind: str | None = vars(type(block)).get("compiled_as")
    return kind


def parts_of(network: Network) -> list[list[Part]] | None:
    """What every block is made of; None if there is no compiled code for one."""
    parts: list[list[Part]] = []
    top = network.blocks[-1]
    for below, block in zip((None, *network.blocks), network.blocks, strict=False):
        of_block = _PARTS.get(kind_of(block))
        made = None if of_block is None else of_block(block, block is top)
        if made is None:
            return None
        if below is not None and _is_looked_up(below, block):
            parts[-1], made[0] = [], _of_encoding(made[0], below)
        parts.append(made)
    return parts


def is_supported(risk: EmpiricalRisk, optimizer: Optimizer) -> bool:
    """Whether there is compiled code for all that takes part."""
    return (
        type(risk) is EmpiricalRisk
        and type(risk.network) is Network
        and loss_of(risk) is not None
        and type(risk.penalty) is ElasticNet
        and not risk.group.alpha
        and rule_of(optimizer) is not None
        and parts_of(risk.network) is not None
    )


def loss_of(risk: EmpiricalRisk) -> Loss | None:
    """The compiled loss, or None."""
    output = risk.network.output_activation
    if type(risk.loss) is not GroupedLoss:
        return _loss_above(risk.loss, output)
    kinds = {_loss_above(loss, f) for loss, f, _ in risk.loss.groups}
    if len(kinds) == 1 and kinds != {Loss.CATEGORICAL_LOG_LOSS}:
        return kinds.pop()  # a sum over all outputs
    log_losses = {Loss.BINARY_LOG_LOSS, Loss.CATEGORICAL_LOG_LOSS}
    return Loss.GROUPED_LOG_LOSS if kinds <= log_losses else None


def group_ends(risk: EmpiricalRisk) -> NDArray[np.intp]:
    """Where every group of outputs ends; a sigmoid's outputs are a group each."""
    output, n_outputs = risk.network.output_activation, risk.network.output.n_out
    ends: list[int] = [n_outputs]
    if isinstance(output, activations.Grouped):
        ends = []
        for f, outputs in output.groups:
            if type(f) is activations.Sigmoid:
                ends += range(outputs.start + 1, outputs.stop)
            ends.append(outputs.stop)
    return np.array(ends, dtype=np.intp)


def _loss_above(loss: Any, output: Any) -> Loss | None:
    """The compiled loss above an output activation, or None."""
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
    if type(optimizer) in (Adam, AdamW, ScheduleFreeAdamW):
        beta_1, beta_2 = float(optimizer.beta_1), float(optimizer.beta_2)
        is_adam = type(optimizer) is not ScheduleFreeAdamW
        rule = Rule.ADAM if is_adam else Rule.SCHEDULE_FREE
        return rule, (0.0, beta_1, beta_2, float(optimizer.epsilon))
    if type(optimizer) is SGD and optimizer.momentum < 1:
        rule = Rule.NESTEROV if optimizer.nesterov else Rule.MOMENTUM
        rule = rule if optimizer.momentum else Rule.PLAIN_SGD
        return rule, (float(optimizer.momentum), 0.0, 0.0, 0.0)
    return None


def strengths_of(
    risk: EmpiricalRisk,
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Where every array of parameters ends in theta; lambda of its L1 and of its L2."""
    network, ratio = risk.network, risk.penalty.l1_ratio
    alphas = np.broadcast_to(risk.alpha, len(network.layers))
    sizes, strengths = [], []
    for block, layer in zip(network.blocks, network.n_layers_below, strict=True):
        for kind, shape in zip(block.kinds, block.shapes, strict=True):
            sizes.append(int(np.prod(shape)))
            is_penalised = kind in block.penalised
            alpha = alphas[layer] * block.penalty_share if is_penalised else 0.0
            strengths.append(alpha)
    strength = np.array(strengths, np.float64)
    return np.cumsum(sizes, dtype=np.intp), strength * ratio, strength * (1 - ratio)
