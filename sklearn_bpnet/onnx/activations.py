"""Activations in ONNX: A = f(Z), as ``Activation.forward`` computes it."""

from __future__ import annotations

from math import log, sqrt

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.activations import (
    ELU,
    GELU,
    SELU,
    Activation,
    Ascending,
    Exp,
    Grouped,
    Heaviside,
    Identity,
    LeakyReLU,
    Mish,
    Mixed,
    PReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)
from sklearn_bpnet.onnx.converters import Converters
from sklearn_bpnet.onnx.tensor import Tensor

_FUNCTIONS = Converters(
    "The activation (activation, output_activation)",
    "User-defined ones are Python; use one of sklearn_bpnet.net.activations.",
)


def activated(f: Activation, Z: Tensor, weights: Array | None = None) -> Tensor:
    """A = f(Z).

    Parameters
    ----------
    f : Activation
        The function.
    Z : Tensor of shape (n_samples, n_units)
        Pre-activations.
    weights : ndarray of shape (n_units,) or None, default=None
        Those of an activation that learns; None for its initial ones.

    Raises
    ------
    ValueError
        If the class is not one of this package.
    """
    A: Tensor = _FUNCTIONS(f, Z, weights)
    return A


@_FUNCTIONS.of(Identity)
def _identity(f: Identity, Z: Tensor, _: None) -> Tensor:
    return Z


@_FUNCTIONS.of(Heaviside)
def _heaviside(f: Heaviside, Z: Tensor, _: None) -> Tensor:
    return (Z > 0).cast(Z.dtype)


@_FUNCTIONS.of(Sigmoid)
def _sigmoid(f: Sigmoid, Z: Tensor, _: None) -> Tensor:
    return Z.sigmoid()


@_FUNCTIONS.of(Tanh)
def _tanh(f: Tanh, Z: Tensor, _: None) -> Tensor:
    return Z.tanh()


@_FUNCTIONS.of(Softsign)
def _softsign(f: Softsign, Z: Tensor, _: None) -> Tensor:
    return Z / (Z.abs() + 1)


@_FUNCTIONS.of(ReLU)
def _relu(f: ReLU, Z: Tensor, _: None) -> Tensor:
    return Z.maximum(0)


@_FUNCTIONS.of(LeakyReLU)
def _leaky_relu(f: LeakyReLU, Z: Tensor, _: None) -> Tensor:
    return Z.maximum(0) + Z.minimum(0) * f.negative_slope


@_FUNCTIONS.of(ELU)
def _elu(f: ELU, Z: Tensor, _: None) -> Tensor:
    return Z.maximum(0) + (Z.minimum(0).exp() - 1) * f.alpha


@_FUNCTIONS.of(SELU)
def _selu(f: SELU, Z: Tensor, _: None) -> Tensor:
    return _elu(f.elu, Z, None) * f.scale


@_FUNCTIONS.of(GELU)
def _gelu(f: GELU, Z: Tensor, _: None) -> Tensor:
    return Z * ((Z * sqrt(0.5)).erf() + 1) * 0.5


@_FUNCTIONS.of(SiLU)
def _silu(f: SiLU, Z: Tensor, _: None) -> Tensor:
    return Z * Z.sigmoid()


@_FUNCTIONS.of(Mish)
def _mish(f: Mish, Z: Tensor, _: None) -> Tensor:
    u = Z.minimum(f.t_is_1_from).exp()
    t = (u + 2) * u
    return Z * (t / (t + 2))


@_FUNCTIONS.of(Softplus)
def _softplus(f: Softplus, Z: Tensor, _: None) -> Tensor:
    return Z.softplus()


@_FUNCTIONS.of(Exp)
def _exp(f: Exp, Z: Tensor, _: None) -> Tensor:
    limits = np.finfo(Z.dtype)
    return Z.clip(log(limits.tiny), 0.999 * log(limits.max)).exp()


@_FUNCTIONS.of(PReLU)
def _prelu(f: PReLU, Z: Tensor, w: Array | None) -> Tensor:
    return Z.maximum(0) + Z.minimum(0) * (f.initial if w is None else w)


@_FUNCTIONS.of(Mixed)
def _mixed(f: Mixed, Z: Tensor, w: Array | None) -> Tensor:
    return Z + (activated(f.function, Z) - Z) * (f.initial if w is None else w)


@_FUNCTIONS.of(Softmax)
def _softmax(f: Softmax, Z: Tensor, _: None) -> Tensor:
    return Z.softmax()


@_FUNCTIONS.of(Ascending)
def _ascending(f: Ascending, Z: Tensor, _: None) -> Tensor:
    if f.size == 1:
        return Z
    groups = Z.reshape(-1, f.size)
    steps = [groups.columns([0]), groups.columns(range(1, f.size)).softplus()]
    sums = Z.graph.concat(steps) @ np.triu(np.ones((f.size, f.size)))
    return _in_shape_of(Z, sums)


def _in_shape_of(Z: Tensor, A: Tensor) -> Tensor:
    """Numbers in the shape of a matrix, whose width ONNX need not know."""
    shape = Z.graph.node("Shape", [Z], np.int64)
    return Z.graph.node("Reshape", [A, shape], A.dtype)


@_FUNCTIONS.of(Grouped)
def _grouped(f: Grouped, Z: Tensor, _: None) -> Tensor:
    parts = [activated(one, Z.columns(units)) for one, units in f.groups]
    return Z.graph.concat(parts)
