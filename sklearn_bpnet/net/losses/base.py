"""What a loss is: L(y, a) for a sample, and dL/da, the start of the backward pass."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import ClassVar, Literal

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.activations import Activation, Interval
from sklearn_bpnet.net.hyperparameters import Configurable

__all__ = [
    "FunctionLoss",
    "Loss",
]

Task = Literal["classification", "regression"]


class Loss(Configurable, ABC):
    """A loss L(y, a), with its gradient with respect to the outputs a.

    Y holds the targets and A the network's outputs, both of shape
    (n_samples, n_outputs). A loss is one number per sample, summed over the outputs.
    It goes with any output activation whose range lies in its ``domain``.

    A new loss needs ``value`` and ``gradient``, and ``domain`` unless it is finite
    everywhere. Everything else has a default: first the mathematics, then what an
    estimator asks.

    Attributes
    ----------
    domain : Interval
        The outputs for which the loss is finite.
    tasks : frozenset of {"classification", "regression"}
        Where an estimator offers the loss by name.
    scalable_target : bool
        Whether a regressor may standardise the targets. The minimiser moves with them
        when they are shifted, and when they are scaled too, unless the loss has a
        scale of its own: that of ``Huber`` and ``LogCosh`` is then in units of the
        targets' standard deviation.
    estimates_probabilities : bool
        Whether the minimising outputs of a classifier are probabilities.
    threshold : float
        The output of a classifier's neuron above which the neuron says yes.
    """

    # The mathematics: what the empirical risk calls

    domain: ClassVar[Interval] = Interval(-inf, inf)

    @abstractmethod
    def value(self, Y: Array, A: Array) -> Array:
        """L(y_n, a_n) of every sample, shape (n_samples,)."""

    @abstractmethod
    def gradient(self, Y: Array, A: Array, out: Array) -> Array:
        """Compute dL/dA, shape (n_samples, n_outputs), into ``out`` and return it."""

    def encode_targets(self, Y: Array) -> Array:
        """The targets in the form that ``value`` and ``gradient`` compare with A.

        The risk calls it once, before training. A classifier's targets are 0 and 1
        for every output neuron.
        """
        return Y

    def for_output(self, activation: Activation) -> Loss:
        """The form that this loss takes above ``activation``; itself, as a rule."""
        return self

    def is_canonical(self, activation: Activation) -> bool:
        """Whether dL/dZ = A - Y if ``activation`` produced A from Z."""
        return False

    def reads_Z(self, activation: Activation) -> bool:
        """Whether value and delta above ``activation`` are computed from Z.

        So nothing overflows, and no digit is lost where A rounds to 0 or 1.
        """
        return self.is_canonical(activation)

    def value_from_Z(self, Y: Array, Z: Array, A: Array) -> Array:
        """``value``, where ``reads_Z`` holds, from the pre-activations Z."""
        return self.value(Y, A)

    def delta_from_Z(self, Y: Array, Z: Array, A: Array, out: Array) -> Array:
        """D = dL/dZ, where ``reads_Z`` holds, into ``out``; A - Y if canonical."""
        return np.subtract(A, Y, out=out)

    def value_of_mean(self, Y: Array, Z: Array, A: Array) -> Array:
        """``value`` of the mean outputs of several networks.

        Z and A have shape (n_networks, n_samples, n_outputs).
        """
        return self.value(Y, A.mean(axis=0))

    # The task: what an estimator calls

    tasks: ClassVar[frozenset[str]] = frozenset({"regression"})
    scalable_target: ClassVar[bool] = False
    estimates_probabilities: ClassVar[bool] = True
    threshold: ClassVar[float] = 0.5

    def default_output(self, task: Task, exclusive: bool = False) -> str | Activation:
        """The output activation that an estimator chooses by default.

        Parameters
        ----------
        task : {"classification", "regression"}
        exclusive : bool, default=False
            Whether every output neuron stands for one of three classes or more, of
            which exactly one is true.
        """
        if task == "regression":
            return "identity"
        return "softmax" if exclusive else "logistic"

    def n_outputs(self, n_targets: int) -> int:
        """How many output neurons ``n_targets`` targets need."""
        return n_targets

    @property
    def central_output(self) -> int:
        """Which of a target's output neurons is its prediction in one number."""
        return 0

    def check_targets(self, Y: Array) -> None:
        """Raise ValueError if the loss is not defined for some target in ``Y``."""


@dataclass(frozen=True)
class FunctionLoss(Loss):
    """A user-defined pair of functions.

    Parameters
    ----------
    value_function : callable
        From Y and A, both of shape (n_samples, n_outputs), to L(y_n, a_n) of shape
        (n_samples,).
    gradient_function : callable
        From Y and A to dL/dA, of their shape.
    """

    value_function: Callable[[Array, Array], Array]
    gradient_function: Callable[[Array, Array], Array]

    wraps_functions: ClassVar[bool] = True

    def value(self, Y: Array, A: Array) -> Array:
        return self.value_function(Y, A)

    def gradient(self, Y: Array, A: Array, out: Array) -> Array:
        out[...] = self.gradient_function(Y, A)
        return out
