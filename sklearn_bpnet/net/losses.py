"""Losses: L(y, a) for a sample, and dL/da, the start of the backward pass.

Y holds the targets and A the network's outputs, both of shape
(n_samples, n_outputs). A loss is one number a sample, summed over the outputs.
Any loss goes with any output activation whose range lies in its ``domain``. A
pair of loss and link whose delta is A - Y is called canonical; such a pair is
evaluated from the pre-activations Z, where nothing overflows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from math import inf
from typing import ClassVar

import numpy as np
from scipy import special

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.activations import (
    ACTIVATIONS,
    Activation,
    Exp,
    Identity,
    Interval,
    Sigmoid,
    Softmax,
)
from sklearn_bpnet.net.registry import Registry


class Loss(ABC):
    """A loss L(y, a), with its gradient with respect to the outputs a.

    Attributes
    ----------
    domain : Interval
        The outputs for which the loss is finite.
    tasks : frozenset of {"classification", "regression"}
        Where an estimator offers the loss.
    output_activation : str
        The output activation of a regression with this loss.
    scalable_target : bool
        Whether standardising the targets leaves the minimiser the same, so an
        estimator may do it.
    """

    domain: ClassVar[Interval] = Interval(-inf, inf)
    tasks: ClassVar[frozenset[str]] = frozenset({"regression"})
    output_activation: ClassVar[str] = "identity"
    scalable_target: ClassVar[bool] = False

    @abstractmethod
    def value(self, Y: Array, A: Array) -> Array:
        """L(y_n, a_n) of every sample, shape (n_samples,)."""

    @abstractmethod
    def gradient(self, Y: Array, A: Array, out: Array) -> Array:
        """Compute dL/dA, shape (n_samples, n_outputs), into ``out`` and return it."""

    def check_targets(self, Y: Array) -> None:  # noqa: B027  (a hook, not a duty)
        """Raise ValueError if the loss is not defined for some target in ``Y``."""

    def for_output(self, activation: Activation) -> Loss:
        """The form that this loss takes above ``activation``; itself, as a rule."""
        return self

    def is_canonical(self, activation: Activation) -> bool:
        """Whether dL/dZ = A - Y if ``activation`` produced A from Z."""
        return False

    def value_from_Z(self, Y: Array, Z: Array, A: Array) -> Array:
        """``value``, where ``is_canonical`` holds, from the pre-activations Z."""
        return self.value(Y, A)


@dataclass(frozen=True)
class SquaredError(Loss):
    """Quadratic loss, L(y, a) = 1/2 sum_k (a_k - y_k)^2.

    For classification, with probabilities as outputs, it is half the Brier score.
    """

    tasks: ClassVar[frozenset[str]] = frozenset({"classification", "regression"})
    scalable_target: ClassVar[bool] = True

    def value(self, Y: Array, A: Array) -> Array:
        error = A - Y
        return 0.5 * np.einsum("ij,ij->i", error, error)

    def gradient(self, Y: Array, A: Array, out: Array) -> Array:
        return np.subtract(A, Y, out=out)

    def is_canonical(self, activation: Activation) -> bool:
        return isinstance(activation, Identity)


@dataclass(frozen=True)
class LogLoss(Loss):
    """Cross-entropy of the targets and the predicted probabilities.

    Every output is the probability of an event of its own (Bernoulli)::

        L(y, a) = - sum_k [y_k ln a_k + (1 - y_k) ln(1 - a_k)]

    or, with ``categorical=True``, the outputs are one distribution::

        L(y, a) = - sum_k y_k ln a_k

    Above a softmax the categorical form is taken, whatever ``categorical`` says.

    Parameters
    ----------
    categorical : bool, default=False
        Whether the outputs of a row are one distribution.
    """

    categorical: bool = False

    domain: ClassVar[Interval] = Interval(0, 1)
    tasks: ClassVar[frozenset[str]] = frozenset({"classification"})

    def value(self, Y: Array, A: Array) -> Array:
        limits = np.finfo(A.dtype)
        P = np.clip(A, limits.tiny, None)
        terms = special.xlogy(Y, P)
        if not self.categorical:
            terms += special.xlog1py(1 - Y, -np.minimum(P, 1 - limits.epsneg))
        return -terms.sum(axis=1)

    def gradient(self, Y: Array, A: Array, out: Array) -> Array:
        if self.categorical:
            np.divide(Y, A, out=out)
            return np.negative(out, out=out)
        np.subtract(A, Y, out=out)
        out /= A * (1 - A)
        return out

    def for_output(self, activation: Activation) -> Loss:
        return (
            replace(self, categorical=True) if isinstance(activation, Softmax) else self
        )

    def is_canonical(self, activation: Activation) -> bool:
        return isinstance(activation, Softmax if self.categorical else Sigmoid)

    def value_from_Z(self, Y: Array, Z: Array, A: Array) -> Array:
        if not self.categorical:
            # -y ln s(z) - (1 - y) ln s(-z) = ln(1 + exp(z)) - y z
            return (np.logaddexp(0, Z) - Y * Z).sum(axis=1)
        # - sum_k y_k (z_k - logsumexp z), shifted by the row's maximum
        shifted = Z - Z.max(axis=1, keepdims=True)
        log_normalizer = np.log(np.exp(shifted).sum(axis=1))
        return Y.sum(axis=1) * log_normalizer - np.einsum("ij,ij->i", Y, shifted)


@dataclass(frozen=True)
class PoissonLoss(Loss):
    """Half the Poisson deviance, L(y, a) = sum_k [y_k ln(y_k / a_k) - y_k + a_k].

    For counts and other targets y >= 0; its canonical output is the exponential.
    """

    domain: ClassVar[Interval] = Interval(0, inf)
    output_activation: ClassVar[str] = "exp"

    def value(self, Y: Array, A: Array) -> Array:
        terms = special.xlogy(Y, Y) - Y * np.log(self._positive(A)) - Y + A
        return terms.sum(axis=1)

    def gradient(self, Y: Array, A: Array, out: Array) -> Array:
        np.divide(Y, self._positive(A), out=out)
        return np.subtract(1, out, out=out)

    @staticmethod
    def _positive(A: Array) -> Array:
        """A, raised to where y / a stays finite: far left a sigmoid is 0 exactly."""
        return np.maximum(A, np.sqrt(np.finfo(A.dtype).tiny))

    def check_targets(self, Y: Array) -> None:
        if Y.size and Y.min() < 0:
            raise ValueError(
                f"loss='poisson' needs y >= 0; got min(y)={Y.min():g}. "
                "Use loss='squared_error', or shift y."
            )

    def is_canonical(self, activation: Activation) -> bool:
        return isinstance(activation, Exp)

    def value_from_Z(self, Y: Array, Z: Array, A: Array) -> Array:
        terms = special.xlogy(Y, Y) - Y - Y * Z + A
        return terms.sum(axis=1)


LOSSES: Registry[Loss] = Registry(
    "loss",
    Loss,  # type: ignore[type-abstract]
    {
        "log_loss": LogLoss(),
        "squared_error": SquaredError(),
        "poisson": PoissonLoss(),
    },
)


def check_pair(loss: Loss, activation: Activation, n_outputs: int) -> None:
    """Raise ValueError if ``loss`` cannot be minimised above ``activation``.

    Parameters
    ----------
    loss : Loss
        The loss of the outputs.
    activation : Activation
        The output activation.
    n_outputs : int
        Number of output units.
    """
    loss_name, name = LOSSES.name_of(loss), ACTIVATIONS.name_of(activation)
    if not activation.trainable:
        raise ValueError(
            f"output_activation={name!r} has a zero derivative everywhere, so "
            f"loss={loss_name!r} would never move a weight. Use 'logistic'."
        )
    if isinstance(activation, Softmax) and n_outputs == 1:
        raise ValueError(
            "output_activation='softmax' of a single output is always 1, so nothing "
            "could be learned. Use 'logistic' or 'identity'."
        )
    if not loss.domain.contains(activation.range):
        fitting = [
            k
            for k, f in ACTIVATIONS.items()
            if f.trainable
            and loss.domain.contains(f.range)
            and not (isinstance(f, Softmax) and n_outputs == 1)
        ]
        raise ValueError(
            f"loss={loss_name!r} needs outputs in {loss.domain}, but "
            f"output_activation={name!r} gives outputs in {activation.range}. "
            f"Use one of: {', '.join(fitting)}."
        )
