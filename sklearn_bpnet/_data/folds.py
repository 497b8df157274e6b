"""The folds of an ensemble: which samples each member trains on and which it holds out.

Folds are pairs of indices into the table, not copies of its samples.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from sklearn_bpnet._data.fingerprint import fingerprint
from sklearn_bpnet._data.samples import Fold, Indices, Samples

_SMALLEST = 2  # samples of a fold; R2 of a single one is undefined


def draw_folds(
    samples: Samples,
    folds: Any,
    *,
    strata: NDArray[np.intp] | None,
    groups: NDArray[Any] | None,
    seed: int,
) -> list[Fold]:
    """The training and the held-out samples of every fold.

    Parameters
    ----------
    samples : Samples
        The training samples; those that are not selected belong to no fold.
    folds : int, splitter or sequence of pairs
        Number of folds, a splitter of scikit-learn, or pairs of indices of training and
        held-out samples.
    strata : ndarray of int of shape (n_selected,) or None
        The class of every selected sample, for stratified folds.
    groups : ndarray of shape (n_total,) or None
        Group of every sample; samples of a group stay together.
    seed : int
        Seed of a number of folds.

    Returns
    -------
    list of tuple of two ndarray of int
        Indices of training and held-out samples, ascending.

    Raises
    ------
    ValueError
        If there are too few samples, or the folds are not valid.
    """
    name = described(folds)
    if isinstance(folds, Sequence):
        pairs = _selected(samples, folds, name)
    else:
        groups = samples.take(groups)
        if hasattr(folds, "split"):
            positions = _split_by(folds, samples, strata, groups, name)
        elif groups is not None:
            positions = _split_by(GroupKFold(folds), samples, strata, groups, name)
        else:
            positions = _dealt(samples.n, folds, strata, seed, name)
        indices = samples.explicit_indices
        pairs = [(indices[training], indices[held]) for training, held in positions]
    _check(pairs, name)
    return pairs


def known_folds(samples: Samples, folds: list[Fold]) -> list[Fold]:
    """The folds of a fit that is resumed, unless they are no folds of these samples.

    Raises
    ------
    ValueError
        If an index is not valid, which only that of a damaged checkpoint is.
    """
    name = "member_folds of the checkpoint"
    pairs = _as_pairs(folds, len(samples.Y), name, "samples of X")
    _check(pairs, name)
    return pairs


def described(folds: Any) -> str:
    """The parameter with its value, in a few words."""
    text = reprlib.repr(folds) if isinstance(folds, Sequence) else str(folds)
    return f"member_folds={' '.join(text.split())}"


def digest_of(folds: list[Fold]) -> str:
    """A digest by which a later call knows whether its folds are the same."""
    return fingerprint(*(part for fold in folds for part in fold), of_all=True)


def _dealt(
    n: int, n_folds: int, strata: NDArray[np.intp] | None, seed: int, name: str
) -> list[Fold]:
    """Random folds of equal size, with an equal share of every class.

    The only sample of a class is in no fold, so that all members train on it.
    """
    order = np.random.default_rng(seed).permutation(n)
    if strata is not None:
        order = order[np.argsort(strata[order], kind="stable")]
        _, codes, counts = np.unique(strata, return_inverse=True, return_counts=True)
        order = order[counts[codes[order]] > 1]
    if len(order) < _SMALLEST * n_folds:
        raise ValueError(
            f"{name} needs at least {_SMALLEST * n_folds} samples"
            f"{' of classes with several samples' if strata is not None else ''}, so "
            f"that every member holds out {_SMALLEST}; got {len(order)}. Use fewer "
            "folds or more samples."
        )
    fold = np.full(n, -1)
    fold[order] = np.arange(len(order)) % n_folds
    return [
        (np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(n_folds)
    ]


def _split_by(
    splitter: Any,
    samples: Samples,
    strata: NDArray[np.intp] | None,
    groups: NDArray[Any] | None,
    name: str,
) -> list[Fold]:
    """The splits of a splitter of scikit-learn, as positions in the selection."""
    y = samples.take(samples.y) if strata is None else strata
    try:
        splits = list(splitter.split(samples.take(samples.X), y, groups))
    except ValueError as error:
        reason = str(error).strip().rstrip(".") or "it yields no split"
        raise ValueError(
            f"{name} cannot split the {samples.n} samples: {reason}. Use other folds."
        ) from error
    return _as_pairs(splits, samples.n, name, "samples of positive weight")


def _selected(samples: Samples, folds: Sequence[Any], name: str) -> list[Fold]:
    """Given pairs of indices into the table, without the samples not selected."""
    n = len(samples.Y)
    is_selected = np.zeros(n, dtype=bool)
    is_selected[samples.explicit_indices] = True
    pairs = _as_pairs(folds, n, name, "samples of X")
    return [(i[is_selected[i]], j[is_selected[j]]) for i, j in pairs]


def _as_pairs(splits: Iterable[Any], n: int, name: str, what: str) -> list[Fold]:
    """Pairs of ascending indices, from pairs of indices or masks."""
    found = []
    for pair in splits:
        parts = [_as_indices(part, n) for part in pair] if _is_pair(pair) else []
        valid = [part for part in parts if part is not None]
        if len(valid) != 2:
            raise ValueError(
                f"{name} must consist of pairs of indices of training and held-out "
                f"samples, each at least 0 and below {n}, the number of {what}; got "
                f"{reprlib.repr(pair)}."
            )
        training, held_out = valid
        found.append((training, np.unique(held_out)))
    return found


def _is_pair(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and len(value) == 2


def _as_indices(part: Any, n: int) -> Indices | None:
    """Indices, or a mask, as ascending indices; None if they are not valid."""
    try:
        array: NDArray[Any] = np.asarray(part)
    except ValueError:  # of several lengths
        return None
    if array.dtype == bool and array.shape == (n,):
        return np.flatnonzero(array)
    if array.ndim != 1 or (array.dtype.kind not in "iu" and len(array)):
        return None
    if len(array) and not (array.min() >= 0 and array.max() < n):
        return None
    return np.sort(array).astype(np.intp)


def _check(folds: list[Fold], name: str) -> None:
    """Raise ValueError unless every fold has disjoint parts that are large enough."""
    if len(folds) < 2:
        raise ValueError(f"{name} must be at least 2 folds; got {len(folds)}.")
    for k, (training, held_out) in enumerate(folds):
        if not len(training) or len(held_out) < _SMALLEST:
            raise ValueError(
                f"{name} is too small in fold {k}: it leaves {len(training)} samples "
                f"for training and holds out {len(held_out)}. At least one and "
                f"{_SMALLEST} are needed. Use other folds, or more samples."
            )
        if len(np.intersect1d(training, held_out)):
            raise ValueError(
                f"{name} must separate the samples, but in fold {k} some are both "
                "trained on and held out. Use other folds."
            )
