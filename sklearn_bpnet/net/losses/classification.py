"""Losses that an estimator offers for classification, and squared error for both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from scipy import special

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.activations import (
    Activation,
    Heaviside,
    Identity,
    Interval,
    Sigmoid,
    Softmax,
)
from sklearn_bpnet.net.losses.base import Loss, Task

__all__ = [
    "FocalLoss",
    "Hinge",
    "LogLoss",
    "MarginLoss",
    "PerceptronLoss",
    "ProbabilityLoss",
    "SquaredError",
    "SquaredHinge",
]

CLASSIFICATION = frozenset({"classification"})


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
class ProbabilityLoss(Loss):
    """A loss of predicted probabilities, of independent events or of one distribution.

    Every output is the probability of a separate event (Bernoulli), or, with
    ``categorical=True``, the outputs of a sample are one distribution. Above a softmax
    the categorical form is taken, whatever ``categorical`` says.
    """

    categorical: bool = False

    domain: ClassVar[Interval] = Interval(0, 1)
    tasks: ClassVar[frozenset[str]] = CLASSIFICATION

    def for_output(self, activation: Activation) -> Loss:
        return (
            replace(self, categorical=True) if isinstance(activation, Softmax) else self
        )

    def has_link(self, activation: Activation) -> bool:
        """Whether the outputs are the probabilities that belong to logits Z."""
        return isinstance(activation, Softmax if self.categorical else Sigmoid)


@dataclass(frozen=True)
class LogLoss(ProbabilityLoss):
    """Cross-entropy of the targets and the predicted probabilities.

    For independent events::

        L(y, a) = - sum_k [y_k ln a_k + (1 - y_k) ln(1 - a_k)]

    and for a distribution, ``categorical=True`` or any loss above a softmax::

        L(y, a) = - sum_k y_k ln a_k

    Parameters
    ----------
    categorical : bool, default=False
        Whether the outputs of a sample are one distribution.
    label_smoothing : float, default=0.0
        The share epsilon of a target that is spread evenly, in [0, 1): y becomes
        (1 - epsilon) y + epsilon / K for a distribution over K classes, and
        (1 - epsilon) y + epsilon / 2 for an event.

    References
    ----------
    Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, "Rethinking the Inception architecture
    for computer vision", CVPR 2016, section 7 (label smoothing).
    """

    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.label_smoothing < 1:
            raise ValueError(
                f"label_smoothing must lie in [0, 1); got {self.label_smoothing!r}."
            )

    def encode_targets(self, Y: Array) -> Array:
        if not self.label_smoothing:
            return Y
        n_events = Y.shape[1] if self.categorical else 2
        return (1 - self.label_smoothing) * Y + self.label_smoothing / n_events

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

    def is_canonical(self, activation: Activation) -> bool:
        return self.has_link(activation)

    def value_from_Z(self, Y: Array, Z: Array, A: Array) -> Array:
        if not self.categorical:
            # -y ln s(z) - (1 - y) ln s(-z) = ln(1 + exp(z)) - y z
            return (np.logaddexp(0, Z) - Y * Z).sum(axis=1)
        # - sum_k y_k (z_k - logsumexp z), shifted by the row's maximum
        shifted = Z - Z.max(axis=1, keepdims=True)
        log_normalizer = np.log(np.exp(shifted).sum(axis=1))
        return Y.sum(axis=1) * log_normalizer - np.einsum("ij,ij->i", Y, shifted)


@dataclass(frozen=True)
class FocalLoss(ProbabilityLoss):
    """Log loss in which well predicted samples count less.

    For a distribution, L(y, a) = - sum_k y_k (1 - a_k)^gamma ln a_k; for events of
    their own the same, summed over every event and its complement. With gamma = 0 it
    is the log loss. Its outputs lean towards 1/2: they rank, but are not calibrated.

    Parameters
    ----------
    categorical : bool, default=False
        Whether the outputs of a sample are one distribution.
    gamma : float, default=2.0
        The exponent, at least 0.

    References
    ----------
    Lin, Goyal, Girshick, He and Dollar, "Focal loss for dense object detection",
    ICCV 2017, arXiv 1708.02002, eq. 4.
    """

    gamma: float = 2.0

    def __post_init__(self) -> None:
        if not self.gamma >= 0:
            raise ValueError(f"gamma must be at least 0; got {self.gamma!r}.")

    def value(self, Y: Array, A: Array) -> Array:
        P = np.clip(A, np.finfo(A.dtype).tiny, None)
        terms = Y * self._term(np.log(P))
        if not self.categorical:
            terms += (1 - Y) * self._term(np.log1p(-np.minimum(P, _below_one(A))))
        return terms.sum(axis=1)

    def gradient(self, Y: Array, A: Array, out: Array) -> Array:
        P = np.clip(A, np.finfo(A.dtype).tiny, _below_one(A))
        np.multiply(Y, self._slope(np.log(P)) / P, out=out)
        if not self.categorical:
            out -= (1 - Y) * self._slope(np.log1p(-P)) / (1 - P)
        return out

    def reads_Z(self, activation: Activation) -> bool:
        return self.has_link(activation)

    def value_from_Z(self, Y: Array, Z: Array, A: Array) -> Array:
        if self.categorical:
            return (Y * self._term(_log_softmax(Z))).sum(axis=1)
        yes, no = self._term(-np.logaddexp(0, -Z)), self._term(-np.logaddexp(0, Z))
        return (Y * yes + (1 - Y) * no).sum(axis=1)

    def delta_from_Z(self, Y: Array, Z: Array, A: Array, out: Array) -> Array:
        if self.categorical:
            # d ln a_k / dz_j = [k = j] - a_j
            H = Y * self._slope(_log_softmax(Z))
            np.multiply(A, H.sum(axis=1, keepdims=True), out=out)
            return np.subtract(H, out, out=out)
        # d ln s(z) / dz = s(-z)
        np.multiply(Y * self._slope(-np.logaddexp(0, -Z)), special.expit(-Z), out=out)
        out -= (1 - Y) * self._slope(-np.logaddexp(0, Z)) * A
        return out

    def _term(self, log_p: Array) -> Array:
        """-(1 - p)^gamma ln p."""
        return -((-np.expm1(log_p)) ** self.gamma) * log_p

    def _slope(self, log_p: Array) -> Array:
        """The derivative of ``_term`` with respect to ln p."""
        q = np.maximum(-np.expm1(log_p), np.finfo(log_p.dtype).tiny)
        slope: Array = self.gamma * q ** (self.gamma - 1) * np.exp(log_p) * log_p
        slope -= q**self.gamma
        return slope


@dataclass(frozen=True)
class MarginLoss(Loss):
    """A loss of the margin t a, where t = 2 y - 1 is -1 or 1 and a any number.

    Every output neuron separates its class from all others. The outputs are scores,
    not probabilities.
    """

    tasks: ClassVar[frozenset[str]] = CLASSIFICATION
    estimates_probabilities: ClassVar[bool] = False
    threshold: ClassVar[float] = 0.0

    def default_output(self, task: Task, exclusive: bool = False) -> str | Activation:
        return "identity"

    def encode_targets(self, Y: Array) -> Array:
        return 2.0 * Y - 1.0


@dataclass(frozen=True)
class Hinge(MarginLoss):
    """Hinge loss, L(t, a) = sum_k max(0, 1 - t_k a_k) with t = -1 or 1.

    References
    ----------
    Cortes and Vapnik, "Support-vector networks", Machine Learning 20, 1995.
    """

    def value(self, Y: Array, A: Array) -> Array:
        return np.maximum(1 - Y * A, 0).sum(axis=1)

    def gradient(self, Y: Array, A: Array, out: Array) -> Array:
        return np.multiply(-Y, Y * A < 1, out=out)


@dataclass(frozen=True)
class SquaredHinge(MarginLoss):
    """Squared hinge loss, L(t, a) = sum_k max(0, 1 - t_k a_k)^2 with t = -1 or 1."""

    def value(self, Y: Array, A: Array) -> Array:
        return np.square(np.maximum(1 - Y * A, 0)).sum(axis=1)

    def gradient(self, Y: Array, A: Array, out: Array) -> Array:
        np.maximum(1 - Y * A, 0, out=out)
        out *= Y
        out *= -2
        return out


@dataclass(frozen=True)
class PerceptronLoss(Loss):
    """The loss behind the perceptron rule, L(y, z) = sum_k (a_k - y_k) z_k.

    With the Heaviside output a = 1 if z > 0 else 0, a correctly classified sample has
    the loss 0 and a misclassified one |z|. Its derivative with respect to z, the
    step itself not differentiated, is a - y: -1 or 1 for the misclassified
    samples and 0 for the others. So a step of gradient descent is
    theta <- theta + alpha * sum over the misclassified of t x, with t = 2 y - 1.

    References
    ----------
    Rosenblatt, "Principles of neurodynamics", 1962. Novikoff, "On convergence proofs
    on perceptrons", 1962.
    """

    domain: ClassVar[Interval] = Interval(0, 1, closed=True)
    tasks: ClassVar[frozenset[str]] = CLASSIFICATION
    estimates_probabilities: ClassVar[bool] = False

    def default_output(self, task: Task, exclusive: bool = False) -> str | Activation:
        return "heaviside"

    def value(self, Y: Array, A: Array) -> Array:
        raise TypeError("The perceptron's loss is one of Z: see value_from_Z.")

    def gradient(self, Y: Array, A: Array, out: Array) -> Array:
        raise TypeError("The perceptron's loss is one of Z: see delta_from_Z.")

    def is_canonical(self, activation: Activation) -> bool:
        return isinstance(activation, Heaviside)

    def value_from_Z(self, Y: Array, Z: Array, A: Array) -> Array:
        return np.einsum("ij,ij->i", A - Y, Z)

    def value_of_mean(self, Y: Array, Z: Array, A: Array) -> Array:
        mean = Z.mean(axis=0)
        return self.value_from_Z(Y, mean, Heaviside().forward(mean, A[0].copy()))


def _log_softmax(Z: Array) -> Array:
    shifted = Z - Z.max(axis=1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted


def _below_one(A: Array) -> float:
    """The largest number below 1 of A's dtype."""
    return float(1 - np.finfo(A.dtype).epsneg)


ENTRIES: dict[str, Loss] = {
    "log_loss": LogLoss(),
    "squared_error": SquaredError(),
    "hinge": Hinge(),
    "squared_hinge": SquaredHinge(),
    "perceptron": PerceptronLoss(),
    "focal": FocalLoss(),
}
