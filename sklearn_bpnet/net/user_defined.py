"""Checks of user-defined activations and losses.

The classes of this package are not checked here: its tests do that.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.activations import Activation, ElementWise, Grouped
from sklearn_bpnet.net.gradcheck import numerical_gradient
from sklearn_bpnet.net.losses import FunctionLoss, GroupedLoss, Loss
from sklearn_bpnet.net.risk import EmpiricalRisk

_STEP = 1e-6
_TOLERANCE = 1e-4  # relative; the error of a wrong formula is far larger
_N_SAMPLES, _N_UNITS = 5, 3


def check_user_defined(risk: EmpiricalRisk, Y: Any) -> None:
    """Check activations and a loss that are user-defined against their formulas.

    Parameters
    ----------
    risk : EmpiricalRisk
        Whose activations and loss are checked.
    Y : ndarray of shape (n_samples, n_targets)
        Targets that the loss may meet.

    Raises
    ------
    ValueError
        If a shape is wrong, or a derivative is not that of its function.
    """
    for layer in risk.network.layers:
        f = layer.activation
        for one in f.activations if isinstance(f, Grouped) else (f,):
            check_activation(one)
    if isinstance(risk.loss, GroupedLoss):
        for loss, f, outputs in risk.loss.groups:
            check_loss(loss, f, Y[:, outputs])
    else:
        check_loss(risk.loss, risk.network.output_activation, Y)


def check_activation(activation: Activation) -> None:
    """Check a user-defined activation against the contract of ``Activation``.

    Raises
    ------
    ValueError
        If a shape is not that of Z, if Z is changed, or if the derivative is not that
        of the function: with the two numbers, and where.
    """
    if _is_ours(activation) or not activation.trainable:
        return
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(_N_SAMPLES, _N_UNITS))
    name = f"activation {type(activation).__name__}"
    if isinstance(activation, ElementWise):
        _check_result(activation.function(Z.copy()), Z.shape, f"{name}: f(Z)")
        slopes = activation.derivative_function(Z.copy())
        _check_result(slopes, Z.shape, f"{name}: f'(Z)")

    def forward(Z: Array) -> Array:
        A = np.full_like(Z, np.nan)
        return _checked(activation.forward(Z.copy(), A), Z.shape, f"{name}: forward")

    A = forward(Z)
    in_place = Z.copy()
    if not np.allclose(activation.forward(in_place, in_place), A, equal_nan=True):
        raise ValueError(
            f"{name}: forward(Z, out=Z) gives another result than with a separate "
            "out. Compute from Z before writing to out."
        )
    G = rng.normal(size=Z.shape)
    D = activation.vjp(Z.copy(), A.copy(), G.copy(), np.full_like(Z, np.nan))
    D = _checked(D, Z.shape, f"{name}: derivative")
    numeric = _gradient(lambda z: float((forward(z) * G).sum()), Z)
    _compare(D, numeric, f"{name}: G * f'(Z)", lambda i: f"z = {Z[i]:.6g}")


def check_loss(loss: Loss, activation: Activation, Y: Any) -> None:
    """Check a user-defined loss against the contract of ``Loss``.

    Parameters
    ----------
    loss : Loss
        Above ``activation``.
    activation : Activation
        Of the output; its outputs are those at which the loss is checked.
    Y : ndarray of shape (n_samples, n_targets)
        Targets, of which the first few samples are used.

    Raises
    ------
    ValueError
        If a shape is wrong, or if the gradient is not that of the value: with the two
        numbers, and where.
    """
    if _is_ours(loss):
        return
    Y = np.asarray(loss.encode_targets(np.asarray(Y[:_N_SAMPLES], dtype=np.float64)))
    Z = np.random.default_rng(0).normal(size=Y.shape)
    A = activation.forward(Z, np.empty_like(Z))
    name = f"loss {type(loss).__name__}"
    losses = np.asarray(loss.value(Y, A))
    _checked(losses, (len(Y),), f"{name}: value, one number per sample,")
    if isinstance(loss, FunctionLoss):
        _check_result(loss.gradient_function(Y, A), A.shape, f"{name}: dL/da")
    G = loss.gradient(Y, A, np.full_like(A, np.nan))
    G = _checked(G, A.shape, f"{name}: gradient")
    numeric = _gradient(lambda a: float(loss.value(Y, a).sum()), A)
    # large losses round off what a small step changes
    rounding = 10 * np.finfo(float).eps * float(np.abs(losses).sum()) / _STEP

    def where(i: tuple[int, ...]) -> str:
        return f"y = {Y[i]:.6g}, a = {A[i]:.6g}"

    _compare(G, numeric, f"{name}: dL/da", where, rounding)


def _is_ours(instance: Any) -> bool:
    """Whether the class is of this package, and wraps no user-defined function."""
    ours = type(instance).__module__.startswith("sklearn_bpnet.")
    return ours and not getattr(instance, "wraps_functions", False)


def _checked(array: Any, shape: tuple[int, ...], name: str) -> Array:
    if not isinstance(array, np.ndarray) or array.shape != shape:
        raise ValueError(
            f"{name} must be an array of shape {shape}; got "
            f"{getattr(array, 'shape', type(array).__name__)}."
        )
    return array


def _check_result(result: Any, shape: tuple[int, ...], name: str) -> None:
    """One number for all is allowed, but no other shape that NumPy would broadcast."""
    if np.shape(result) not in {(), shape}:
        raise ValueError(
            f"{name} must be an array of shape {shape}; got {np.shape(result)}."
        )


def _gradient(function: Any, at: Array) -> Array:
    flat = numerical_gradient(
        lambda v: function(v.reshape(at.shape)), at.ravel(), _STEP
    )
    return flat.reshape(at.shape)


def _compare(
    analytic: Array, numeric: Array, what: str, where: Any, rounding: float = 0.0
) -> None:
    scale = np.maximum(1, np.maximum(np.abs(analytic), np.abs(numeric)))
    error = np.maximum(np.abs(analytic - numeric) - rounding, 0) / scale
    worst = np.unravel_index(np.argmax(np.nan_to_num(error, nan=np.inf)), error.shape)
    if not error[worst] <= _TOLERANCE:
        index = tuple(int(i) for i in worst)
        raise ValueError(
            f"{what} is {analytic[index]:.6g} by its formula, but {numeric[index]:.6g} "
            f"by central differences, at {where(index)}."
        )
