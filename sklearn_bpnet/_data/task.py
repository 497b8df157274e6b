"""The task of an estimator: targets y to targets Y of the network, and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sklearn_bpnet._data.moments import mean_and_std
from sklearn_bpnet._data.samples import Samples
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.activations import Activation
from sklearn_bpnet.net.losses import Loss


@dataclass(frozen=True)
class Task(ABC):
    """Classification or regression, with what was learned from the training targets.

    Parameters
    ----------
    loss : Loss
        L(y, a).
    output_activation : Activation
        Activation of the output neurons.
    """

    loss: Loss
    output_activation: Activation

    @property
    def n_choices(self) -> int:
        """Number of classes to choose from per sample or label; 2 in regression."""
        return 2

    @property
    def is_certain(self) -> bool:
        """Whether the prediction does not depend on X, so that nothing is trained."""
        return False

    @abstractmethod
    def encode(self, y: NDArray[Any]) -> NDArray[Any]:
        """Targets Y of shape (n_samples, n_outputs), from targets y.

        Raises
        ------
        ValueError
            If y does not fit the training targets.
        """

    def sample_weights(
        self, Y: NDArray[Any], weights: NDArray[np.float64] | None
    ) -> NDArray[np.float64] | None:
        """Sample weights times class weights; None if all are 1."""
        return weights

    def strata(self, Y: NDArray[Any]) -> NDArray[np.intp] | None:
        """The class of every sample; None if splits are not to be stratified."""
        return None

    def with_units(self, settings: Settings, samples: Samples) -> Task:
        """The task with units of the targets learned from the training samples."""
        return self

    def with_more_samples(self, samples: Samples) -> Task:
        """The task of a later call, which decides units that are undecided."""
        return self

    def with_range(self, samples: Samples) -> Task:
        """The task with its target range extended to that of the samples."""
        return self

    def check_range(self, dtype: DTypeLike, name: str = "y") -> None:
        """Raise ValueError if a target exceeds the largest number of the network.

        ``name`` is that of the targets in the message.
        """
        return

    def in_network_units(self, Y: NDArray[Any]) -> NDArray[Any]:
        """Targets in the units of the network's outputs."""
        return Y

    def initial_output_biases(self, samples: Samples) -> Array | None:
        """Initial biases of the output, if zeros would be far from all targets."""
        return None

    @property
    def gradient_of_logits(self) -> bool:
        """Whether gradients are those of pre-activations, and not of predictions."""
        return True

    def gradient_in_units(self, G: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gradients of outputs as those of predictions, in the units of the targets.

        G has the shape (n_samples, n_outputs, n_features) and may be overwritten.
        """
        return G

    @abstractmethod
    def check_outputs(self, n_outputs: int) -> None:
        """Raise ValueError if the task needs another number of output neurons."""

    def combine(
        self,
        outputs: Iterator[tuple[Array, Array]],
        n_networks: int,
        temperature: float | None = None,
    ) -> tuple[Task, Array, Array]:
        """Combine the outputs of one or many networks into one prediction.

        Returns
        -------
        task : Task
            The task that interprets Z and A.
        Z, A : ndarray of shape (n_samples, n_outputs)
            Pre-activations and outputs of the combined prediction.
        """
        return self, *self._mean_outputs(outputs, n_networks, temperature)

    def targets_of(self, task: Any, Y: NDArray[Any]) -> NDArray[Any]:
        """Targets Y of another task of the same data, as targets of this one."""
        return Y

    @abstractmethod
    def score(
        self, Z: Array, A: Array, Y: Array, weights: NDArray[np.float64] | None
    ) -> float:
        """The score of outputs Z and A for targets Y; larger is better."""

    @property
    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """What was learned from the targets; with the settings, it defines the task."""

    @abstractmethod
    def attributes(self) -> Mapping[str, Any]:
        """The fitted attributes that describe the targets, by name."""

    def _mean_outputs(
        self,
        outputs: Iterator[tuple[Array, Array]],
        n_networks: int,
        temperature: float | None,
    ) -> tuple[Array, Array]:
        """Z and A of a single network, at a temperature, or their means over several.

        Parameters
        ----------
        outputs : iterator of tuple of ndarray of shape (n_samples, n_outputs)
            Logits Z and outputs A of every network, float64; may be overwritten.
        n_networks : int
            Number of networks.
        temperature : float or None
            Divisor of the logits of a single network; None for 1.
        """
        if n_networks > 1:
            Z, A = mean_and_std(np.stack(pair) for pair in outputs)[0]
            return Z, A
        Z, A = next(outputs)
        if temperature is not None:
            Z /= temperature
            A = self.output_activation.forward(Z, out=A)
        return Z, A
