"""The samples that early stopping sets aside."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupShuffleSplit

from sklearn_bpnet._data.samples import Data, Indices, Samples

_SMALLEST = 2  # validation samples; R2 of a single one is undefined


def hold_out(
    data: Data,
    fraction: Any,
    *,
    strata: NDArray[np.intp] | None,
    groups: NDArray[Any] | None,
    seed: int,
    known: tuple[Indices, Indices] | None = None,
) -> None:
    """Set some of the training samples aside for validation.

    Parameters
    ----------
    data : Data
        Changed in place: its training samples are split.
    fraction : float or splitter
        Share of the samples, in [0, 1), or a splitter of scikit-learn.
    strata : ndarray of int of shape (n_selected,) or None
        The class of every selected sample, for a stratified split.
    groups : ndarray of shape (n_total,) or None
        Group of every sample; samples of a group stay together.
    seed : int
        Seed of a random split.
    known : tuple of two ndarray of int or None, default=None
        The split of a fit that this call resumes.

    Raises
    ------
    ValueError
        If there are too few samples, or a splitter does not separate them.
    """
    samples = data.training
    data.split = known or _split(samples, fraction, strata, groups, seed)
    samples.indices, held_out = data.split
    data.validation = Samples(
        samples.X, samples.y, samples.Y, samples.weights, held_out
    )


def _split(
    samples: Samples,
    fraction: Any,
    strata: NDArray[np.intp] | None,
    groups: NDArray[Any] | None,
    seed: int,
) -> tuple[Indices, Indices]:
    """Indices of training and validation samples."""
    groups = samples.take(groups)
    if hasattr(fraction, "split"):
        return _split_by(fraction, samples, strata, groups)
    indices = samples.explicit_indices
    if groups is not None:
        held_out = _held_out_groups(groups, fraction, seed)
        return indices[~held_out], indices[held_out]
    return validation_split(indices, strata, fraction, seed, samples.X.shape[1])


def _split_by(
    splitter: Any,
    samples: Samples,
    strata: NDArray[np.intp] | None,
    groups: NDArray[Any] | None,
) -> tuple[Indices, Indices]:
    """The first split of a scikit-learn splitter."""
    y = samples.take(samples.y) if strata is None else strata
    name = " ".join(str(splitter).split())
    try:
        pairs = splitter.split(samples.take(samples.X), y, groups)
        training, validation = map(np.sort, next(iter(pairs)))
    except (ValueError, StopIteration) as error:
        reason = str(error).strip().rstrip(".") or "it yields no split"
        raise ValueError(
            f"validation_fraction={name} cannot split the {samples.n} samples: "
            f"{reason}. Use another splitter, or a fraction."
        ) from error
    if not len(training) or len(validation) < _SMALLEST:
        raise ValueError(
            f"The validation set is too small: validation_fraction={name} leaves "
            f"{len(training)} training samples and {len(validation)} validation "
            f"samples. At least one and {_SMALLEST} are needed."
        )
    if len(np.intersect1d(training, validation)):
        raise ValueError(
            f"validation_fraction={name} puts the same samples into training and "
            "validation. A splitter must return disjoint sets."
        )
    indices = samples.explicit_indices
    return indices[training], indices[validation]


def _held_out_groups(
    groups: NDArray[Any], fraction: float, seed: int
) -> NDArray[np.bool_]:
    """Which samples are held out: random groups, about ``fraction`` of them.

    At least one group remains, and as many are held out as two samples take.
    """
    names, counts = np.unique(groups, return_counts=True)
    most = len(names) - 1
    if most < 1 or len(groups) - counts.min() < _SMALLEST:
        raise ValueError(
            "The validation set is too small: early_stopping=True sets whole groups "
            f"aside, and needs at least two groups and {_SMALLEST} samples outside of "
            f"the smallest one; got n_groups={len(names)} and "
            f"n_samples={len(groups)}. Use more groups or early_stopping=False."
        )
    held_out = np.zeros(len(groups), dtype=bool)
    for n in range(min(max(ceil(fraction * len(names)), 1), most), most + 1):
        splitter = GroupShuffleSplit(1, test_size=n, random_state=seed)
        _, validation = next(splitter.split(groups, groups=groups))
        held_out[validation] = True
        if held_out.sum() >= _SMALLEST:
            return held_out
    return ~held_out  # of two groups the one of several samples


def validation_split(
    indices: Indices,
    labels: NDArray[np.intp] | None,
    fraction: float,
    seed: int,
    n_features: int,
) -> tuple[Indices, Indices]:
    """Split samples into training and validation samples, stratified by label.

    The validation samples are ``fraction`` of the samples of every class, at least one
    but never all of them; in all they are at least two, if need be of one class.

    Parameters
    ----------
    indices : ndarray of int of shape (n_samples,)
        The samples to split.
    labels : ndarray of int of shape (n_samples,) or None
        The class of every sample, for a stratified split; None for a plain one.
    fraction : float
        Share of validation samples, in [0, 1).
    seed : int
        Seed of the split.
    n_features : int
        Number of columns of X, for the error message.

    Returns
    -------
    training, validation : ndarray of int
        Disjoint parts of ``indices``, in the same order.

    Raises
    ------
    ValueError
        If there are too few samples.
    """
    codes = np.zeros(len(indices)) if labels is None else labels
    _, strata, counts = np.unique(codes, return_inverse=True, return_counts=True)
    held_out = np.zeros(len(indices), dtype=bool)
    for stratum, ranks in enumerate(held_out_ranks(counts, fraction, seed, n_features)):
        held_out[np.flatnonzero(strata == stratum)[ranks]] = True
    return indices[~held_out], indices[held_out]


def held_out_ranks(
    counts: NDArray[np.intp], fraction: float, seed: int, n_features: int
) -> list[Indices]:
    """Which samples of every stratum are held out, counted within it.

    Parameters
    ----------
    counts : ndarray of int of shape (n_strata,)
        Numbers of samples.
    fraction, seed, n_features
        As for `validation_split`.
    """
    spare = counts - 1
    if spare.sum() < _SMALLEST:
        raise ValueError(_too_few(int(counts.sum()), len(counts), n_features))
    sizes = np.minimum(np.maximum(_shares(counts, fraction), 1), spare)
    while sizes.sum() < _SMALLEST:
        sizes[np.argmax(spare - sizes)] += 1
    rng = np.random.default_rng(seed)
    return [rng.permutation(n)[:size] for n, size in zip(counts, sizes, strict=True)]


def _too_few(n_samples: int, n_strata: int, n_features: int) -> str:
    """The message for a table too small to set samples aside."""
    of = f" of each of the {n_strata} classes" if n_strata > 1 else ""
    return (
        f"The validation set is too small: early_stopping=True needs {_SMALLEST} "
        f"samples for validation and one{of} for training, at least "
        f"{_SMALLEST + n_strata} in all; got n_samples={n_samples} with "
        f"n_features={n_features}. Use more samples or early_stopping=False."
    )


def _shares(counts: NDArray[np.intp], fraction: float) -> NDArray[np.intp]:
    """Integers near ``fraction * counts`` whose sum is that share of the total."""
    quotas = fraction * counts
    shares = np.floor(quotas).astype(int)
    remainder = round(fraction * counts.sum()) - shares.sum()
    largest_remainders = np.argsort(shares - quotas, kind="stable")[:remainder]
    shares[largest_remainders] += 1
    return shares
