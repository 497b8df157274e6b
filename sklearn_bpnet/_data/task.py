"""The task of an estimator: labels or numbers to targets of a network, and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet._data.samples import Samples
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.activations import Activation
from sklearn_bpnet.net.losses import Loss


@dataclass(frozen=True)
class Task(ABC):
    """Classification or regression, as the training samples decided it.

    Parameters
    ----------
    loss : Loss
        L(y, a), as the user chose it.
    output_activation : Activation
        Of the output neurons.
    """

    loss: Loss
    output_activation: Activation

    @property
    def n_choices(self) -> int:
        """How many classes a sample, or a label of it, is one of; 2 in regression."""
        return 2

    @property
    def is_certain(self) -> bool:
        """Whether the prediction is the same whatever X, so that nothing is trained."""
        return False

    @abstractmethod
    def encode(self, y: NDArray[Any]) -> NDArray[Any]:
        """Targets Y of shape (n_samples, n_outputs) of targets y like the first ones.

        Raises
        ------
        ValueError
            If y does not fit what training saw.
        """

    def sample_weights(
        self, Y: NDArray[Any], weights: NDArray[np.float64] | None
    ) -> NDArray[np.float64] | None:
        """Sample weights times class weights."""
        return weights

    def strata(self, Y: NDArray[Any]) -> NDArray[np.intp] | None:
        """The class of every sample, or None where a split is not stratified."""
        return None

    def with_units(self, settings: Settings, samples: Samples) -> Task:
        """The task in the units that the training samples decide."""
        return self

    def with_range(self, samples: Samples) -> Task:
        """The task with the range of the training samples' targets noted."""
        return self

    def in_network_units(self, Y: NDArray[Any]) -> NDArray[Any]:
        """Targets in the units of the network's outputs."""
        return Y

    def initial_output_biases(self, samples: Samples) -> Array | None:
        """The output's initial biases where zero would be far from any target."""
        return None

    @abstractmethod
    def score(
        self, Z: Array, A: Array, Y: Array, weights: NDArray[np.float64] | None
    ) -> float:
        """The score of outputs Z and A for targets Y; larger is better."""

    @property
    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """What was learned of the targets: with the parameters, it makes the task."""

    @abstractmethod
    def attributes(self) -> Mapping[str, Any]:
        """The fitted attributes that show what was learned of the targets, by name."""
