"""A partition in training: its share of the risk and of the gradient."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet._data.features import check_range
from sklearn_bpnet._data.fingerprint import fingerprint
from sklearn_bpnet._data.task import Task
from sklearn_bpnet.dask._parts import Part
from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.risk import EmpiricalRisk, weighted_sum
from sklearn_bpnet.net.theta import Theta
from sklearn_bpnet.training.batches import Batches
from sklearn_bpnet.training.blas_threads import OneBlasThread
from sklearn_bpnet.training.evaluation import chunk_size, reader_for
from sklearn_bpnet.training.optimizers.step import StepOptions
from sklearn_bpnet.training.standardization import Standardization


class Posed(NamedTuple):
    """What all partitions need for training.

    Parameters
    ----------
    risk : EmpiricalRisk
        What is minimised.
    task : Task
        Scales the targets.
    scaling : Standardization or None
        Scales the features.
    dtype : dtype
        Of theta.
    mean_weight : float
        Mean weight of all samples.
    column_of : ndarray of int
        The column of the table that every feature is made of.
    solver, options
        Those of local steps.
    """

    risk: EmpiricalRisk
    task: Task
    scaling: Standardization | None
    dtype: Any
    mean_weight: float
    column_of: NDArray[np.intp]
    solver: Any
    options: StepOptions


class Piece(NamedTuple):
    """Which samples of a partition a step takes.

    Parameters
    ----------
    seed : int or None
        Of the order of the samples in the epoch; None keeps it.
    batch, n_batches : int
        The batch, and how many the epoch has.
    n : int
        Number of samples of the batch in all partitions.
    noise_seed : int or None
        Of the noise of the network; None for no noise.
    dropout : float
        Factor of the rates with which units are dropped.
    """

    seed: int | None
    batch: int
    n_batches: int
    n: int
    noise_seed: int | None = None
    dropout: float = 1.0


def bounds(n_samples: int, batch: int, n_batches: int) -> tuple[int, int]:
    """Where a batch begins and ends among the samples of a partition."""
    return n_samples * batch // n_batches, n_samples * (batch + 1) // n_batches


class Share:
    """The samples of a partition, ready for the network.

    It holds no result of a step: a task that computes one on another worker, after a
    failure, finds the same.

    Parameters
    ----------
    part : Part
        The samples.
    posed : Posed
        What is minimised.
    index : int
        The number of the partition, which its random numbers depend on.
    """

    def __init__(self, part: Part, posed: Posed, index: int) -> None:
        self.part, self.posed, self.index = part, posed, index
        samples, self.risk = part.samples, posed.risk
        self.indices = samples.explicit_indices
        Y = self.risk.loss.encode_targets(posed.task.in_network_units(samples.Y))
        self.Y = np.ascontiguousarray(Y, posed.dtype)
        weights = samples.weights
        s = np.ones(len(Y)) if weights is None else weights / posed.mean_weight
        self.s = None if (samples.take(s) == 1).all() else s.astype(posed.dtype)
        check_range(
            samples.X,
            samples.largest,
            posed.scaling,
            posed.dtype,
            indices=samples.indices,
            name="X",
            column_of=posed.column_of,
        )
        network = self.risk.network
        reader = reader_for(network, samples.X, posed.dtype, posed.scaling)
        self.reader, self.chunk = reader, chunk_size(network, reader)
        self._order: tuple[int | None, NDArray[np.intp]] = None, self.indices
        # its buffers serve one task at a time; one may be left over by a failure
        self.lock = Lock()
        self.local: Any = None  # what makes its local steps, once there is one

    def __getstate__(self) -> tuple[Part, Posed, int]:
        return self.part, self.posed, self.index

    def __sizeof__(self) -> int:
        """Bytes of the samples, which Dask does not send to where theta is then."""
        return self.part.__sizeof__() + self.Y.nbytes

    def __setstate__(self, state: tuple[Part, Posed, int]) -> None:
        self.__init__(*state)  # type: ignore[misc]

    def gradient(self, theta: Array, piece: Piece | None, n: int) -> Partial:
        """The partial risk and gradient over a piece; None for all samples.

        The gradient is that of ``sum_n s_n L_n / n``.
        """
        indices = self.indices if piece is None else self._of(piece)
        network = self.risk.network
        gradient = np.zeros_like(theta)
        part = Theta.zeros(network.shapes, theta.dtype)
        if not len(indices):
            return Partial(0.0, gradient)
        size = min(self.chunk, len(indices))
        batches = Batches(self.reader, self.Y, self.s, indices, size)
        whole, arrays, value = network.workspace(size, theta.dtype), None, 0.0
        arrays = network.arrays(theta)
        rng = None
        if piece is not None and piece.noise_seed is not None:
            rng = np.random.default_rng([piece.noise_seed, piece.batch, self.index])
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for X, Y, s in batches.epoch():
                ws = network.part(whole, len(Y))
                if rng is not None and piece is not None:
                    network.draw(ws, rng, piece.dropout)
                value += self.risk.add_up(arrays, X, Y, s, n, part.arrays, ws)
                gradient += part.flat
        return Partial(value, gradient)

    def order(self, seed: int | None) -> NDArray[np.intp]:
        """The order of the samples in an epoch, which is drawn once."""
        if seed != self._order[0]:
            order = self.indices
            if seed is not None:
                order = np.random.default_rng([seed, self.index]).permutation(order)
            self._order = seed, order
        return self._order[1]

    def _of(self, piece: Piece) -> NDArray[np.intp]:
        """The samples of a piece."""
        order = self.order(piece.seed)
        begin, end = bounds(len(order), piece.batch, piece.n_batches)
        return order[begin:end]

    def value(self, theta: Array) -> float:
        """sum_n s_n L_n without noise, over all samples."""
        network, value = self.risk.network, 0.0
        size = min(self.chunk, len(self.indices))
        batches = Batches(self.reader, self.Y, self.s, self.indices, size)
        whole = network.workspace(size, theta.dtype, backward=False)
        arrays = network.arrays(theta)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for X, Y, s in batches.epoch():
                Z = network.forward_Z(arrays, X, network.part(whole, len(Y)))
                A = network.output_activation.forward(Z, out=np.empty_like(Z))
                value += weighted_sum(self.risk.losses(Y, Z, A), s)
        return value


@dataclass(frozen=True)
class Partial:
    """A part of the risk and of its gradient."""

    value: float
    gradient: Array

    def __sizeof__(self) -> int:
        """Bytes of the gradient, which Dask counts as sent."""
        return object.__sizeof__(self) + self.gradient.nbytes

    def __add__(self, other: Partial) -> Partial:
        return Partial(self.value + other.value, self.gradient + other.gradient)


# The bodies of tasks


def prepare(part: Part | None, posed: Posed, index: int) -> Share | None:
    """The share of a partition."""
    return None if part is None else Share(part, posed, index)


def gradient(
    share: Share | None, theta: Array, piece: Piece | None, n: int
) -> Partial | None:
    """The partial risk and gradient of a share."""
    if share is None:
        return None
    with share.lock, OneBlasThread():
        return share.gradient(theta, piece, n)


def value(share: Share | None, theta: Array) -> float:
    """The partial risk of a share."""
    if share is None:
        return 0.0
    with share.lock:
        return share.value(theta)


def digests(share: Share | None) -> dict[str, str]:
    """Digests of the samples of a share, and their number, to recognise them."""
    if share is None:
        return {"partitions": "0"}
    samples = share.part.samples
    parts = {"X": samples.X, "y": samples.Y, "sample_weight": samples.weights}
    found = {name: fingerprint(array, of_all=True) for name, array in parts.items()}
    return {"partitions": str(len(samples.Y)), **found}


def added(*terms: Any) -> Any:
    """The sum of some terms, of which None is nothing.

    Neighbours are added, then neighbouring sums. It is therefore the same, bit for bit,
    as the sum of the sums of 2, 4, ... terms each.
    """
    sums = list(terms)
    while len(sums) > 1:
        pairs = [sums[i : i + 2] for i in range(0, len(sums), 2)]
        sums = [_sum_of(*pair) for pair in pairs]
    return sums[0]


def _sum_of(term: Any, other: Any = None) -> Any:
    if term is None or other is None:
        return other if term is None else term
    return term + other
