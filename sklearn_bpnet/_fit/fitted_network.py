"""A trained network: its weights, its outputs, and the state of its training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklearn_bpnet._data.features import largest_entry
from sklearn_bpnet._data.samples import Indices
from sklearn_bpnet._fit.state import TrainingState
from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.blocks.members import by_member
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.theta import Theta
from sklearn_bpnet.training.batches import RowReader
from sklearn_bpnet.training.evaluation import output_Z, reader_for
from sklearn_bpnet.training.inside import activations, input_gradients, unit_states
from sklearn_bpnet.training.standardization import Standardization


@dataclass
class FittedNetwork:
    """A network with its weights and the state of its training.

    Parameters
    ----------
    network : Network
        The chain of blocks.
    attributes : dict of str to object
        Its fitted attributes: `coefs_`, `history_` and so on. The network predicts
        with the weights in them.
    state : TrainingState
        State from which training can continue.
    random_state : int or None, default=None
        Seed of a member of an ensemble.
    """

    network: Network
    attributes: dict[str, Any]
    state: TrainingState
    random_state: int | None = None

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the weights."""
        return np.asarray(self.attributes["coefs_"][0]).dtype

    @property
    def arrays(self) -> list[tuple[Array, ...]]:
        """The parameters of every block."""
        return self.network.arrays_from(self.attributes)

    def outputs(
        self,
        X: Any,
        standardization: Standardization | None,
        column_of: NDArray[np.intp],
        *,
        temperature: float | None = None,
        indices: Indices | None = None,
    ) -> list[tuple[Array, Array]]:
        """Z[L] and A[L] of encoded samples, as float64; Z is finite.

        Of members that share weights, a pair for each, as if it were a network.

        Parameters
        ----------
        X : ndarray or CSR of shape (n_total, n_features)
            The samples.
        standardization : Standardization or None
            How features are scaled.
        column_of : ndarray of int
            The column of the table that every feature is made of.
        temperature : float or None, default=None
            Divisor of Z; None for 1.
        indices : ndarray of int or None, default=None
            Indices of the samples; None means all.

        Raises
        ------
        ValueError
            If features are so large that the network overflows.
        """
        reader = reader_for(self.network, X, self.dtype, standardization)
        # twice, in case of an interrupt in an exit
        with np.errstate(), np.errstate(over="ignore", invalid="ignore"):
            Z = output_Z(self.network, self.arrays, reader, indices)
            Z = Z.astype(np.float64, copy=False)
            if temperature is not None:
                Z /= temperature
            A = self.network.output_activation.forward(Z, out=np.empty_like(Z))
        n_members = self.network.n_members
        if not np.isfinite(Z).all():
            row = int(np.argmin(np.isfinite(Z).all(axis=1)))
            sample = row // n_members
            sample = sample if indices is None else int(indices[sample])
            j, x = largest_entry(X, sample, standardization)
            j = int(column_of[j])
            raise ValueError(
                f"The network's output for sample {sample} of X exceeds the largest "
                f"number of {self.dtype}. Its largest feature is X[{sample}, {j}]="
                f"{x:g}; correct or clip it."
            )
        if n_members == 1:
            return [(Z, A)]
        each = (np.ascontiguousarray(by_member(rows, n_members)) for rows in (Z, A))
        return list(zip(*each, strict=True))

    def activations(
        self, X: Any, standardization: Standardization | None, layer: int
    ) -> Array:
        """A of a layer, counted from 1, of shape (n_members, n_samples, n_units).

        The members are those that share weights. ``X`` and ``standardization`` are as
        in `outputs`.
        """
        reader = reader_for(self.network, X, self.dtype, standardization)
        # twice, in case of an interrupt in an exit
        with np.errstate(), np.errstate(over="ignore", invalid="ignore"):
            return activations(self.network, self.arrays, reader, layer)

    def unit_states(
        self, X: Any, standardization: Standardization | None
    ) -> list[tuple[Array, NDArray[np.bool_] | None]]:
        """A of every layer for some samples, and which units are saturated."""
        reader = reader_for(self.network, X, self.dtype, standardization)
        # twice, in case of an interrupt in an exit
        with np.errstate(), np.errstate(over="ignore", invalid="ignore"):
            return unit_states(self.network, self.arrays, reader)

    def input_gradients(
        self, X: Any, standardization: Standardization | None, *, of_logits: bool
    ) -> NDArray[np.float64]:
        """The derivatives of Z[L] or A[L] with respect to X, in float64.

        Of shape (n_samples, n_outputs, n_features), of the mean over members that share
        weights.

        Raises
        ------
        ValueError
            If an activation that an output depends on is a step function.
        """
        network = self.network
        through = network.layers[:-1] if of_logits else network.layers
        for layer in through:
            if not layer.activation.trainable:
                raise ValueError(
                    "input_gradient is not defined: the derivative of "
                    f"activation={ACTIVATIONS.name_of(layer.activation)!r} is zero or "
                    "does not exist. Use a differentiable one, such as 'sigmoid'."
                )
        theta = Theta.pack(self.arrays, np.float64)
        dense = sparse.issparse(X)
        reader = RowReader(X, np.float64, standardization, makes_dense=dense)
        return input_gradients(network, theta, reader, of_logits=of_logits)

    def pack_weights(self) -> None:
        """Check the shapes of the weights, and store them in one vector."""
        theta = Theta.pack(self.arrays, self.dtype)
        self.attributes |= self.network.show(theta.arrays)

    @property
    def feature_importances(self) -> Array:
        """The Euclidean norm of the weights that leave every feature."""
        return self.network.feature_importances(self.arrays)
