"""Entropy, cross-entropy and the Kullback-Leibler divergence, in nats.

The categories lie along the last axis, so a row of outputs is a distribution. The log
loss of a classifier is the cross-entropy H(y, a) of its targets and its outputs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from sklearn_bpnet.net._typing import Array


def entropy(p: ArrayLike) -> Array:
    """Entropy, H(p) = - sum_k p_k ln p_k.

    Parameters
    ----------
    p : array-like of shape (..., n_categories)
        Probabilities: at least 0, the sum over the last axis is 1.

    Returns
    -------
    ndarray of shape (...)
        Between 0 and ln n_categories.

    Raises
    ------
    ValueError
        If p is not a distribution.

    Examples
    --------
    >>> import numpy as np
    >>> float(np.round(entropy([0.5, 0.5]) / np.log(2), 12))
    1.0
    """
    return np.asarray(special.entr(_distribution(p, "p")).sum(axis=-1))


def cross_entropy(p: ArrayLike, q: ArrayLike) -> Array:
    """Cross-entropy, H(p, q) = - sum_k p_k ln q_k = H(p) + KL(p, q).

    Parameters
    ----------
    p : array-like of shape (..., n_categories)
        The true distribution.
    q : array-like of shape (..., n_categories)
        The predicted one. The shapes broadcast.

    Returns
    -------
    ndarray of shape (...)
        At least H(p); infinite where q excludes what p allows.

    Raises
    ------
    ValueError
        If p or q is not a distribution, or their numbers of categories differ.

    Examples
    --------
    >>> import numpy as np
    >>> bool(np.isclose(cross_entropy([0, 1, 0], [0.2, 0.7, 0.1]), -np.log(0.7)))
    True
    """
    P, Q = _pair(p, q)
    return np.asarray(-special.xlogy(P, Q).sum(axis=-1))


def kl_divergence(p: ArrayLike, q: ArrayLike) -> Array:
    """Kullback-Leibler divergence, KL(p, q) = sum_k p_k ln(p_k / q_k).

    Parameters
    ----------
    p : array-like of shape (..., n_categories)
        The true distribution.
    q : array-like of shape (..., n_categories)
        The predicted one. The shapes broadcast.

    Returns
    -------
    ndarray of shape (...)
        At least 0, and 0 only where p = q; infinite where q excludes what p allows.

    Raises
    ------
    ValueError
        If p or q is not a distribution, or their numbers of categories differ.

    References
    ----------
    Kullback and Leibler, "On information and sufficiency", Ann. Math. Statist. 22,
    1951.

    Examples
    --------
    >>> float(kl_divergence([0.5, 0.5], [0.5, 0.5]))
    0.0
    """
    P, Q = _pair(p, q)
    return np.asarray(special.rel_entr(P, Q).sum(axis=-1))


def _pair(p: ArrayLike, q: ArrayLike) -> tuple[Array, Array]:
    P, Q = _distribution(p, "p"), _distribution(q, "q")
    if P.shape[-1] != Q.shape[-1]:  # one category would broadcast
        raise ValueError(
            f"p has {P.shape[-1]} categories and q {Q.shape[-1]}; they must be the "
            "same."
        )
    return P, Q


def _distribution(p: ArrayLike, name: str) -> Array:
    """The probabilities as a floating-point array, checked."""
    P = np.asarray(p)
    P = P.astype(np.result_type(P.dtype, np.float32), copy=False)
    if P.ndim == 0:
        raise ValueError(f"{name} must have an axis of categories; got a number.")
    if not (P >= 0).all():
        raise ValueError(f"{name} must be at least 0 everywhere; got {P.min():g}.")
    sums = P.sum(axis=-1)
    if not np.allclose(sums, 1, atol=np.sqrt(np.finfo(P.dtype).eps)):
        worst = sums.flat[np.argmax(np.abs(sums - 1))]
        raise ValueError(
            f"{name} must sum to 1 over its last axis; got a sum of {worst:g}. Divide "
            "by the sum, or use a softmax."
        )
    return P
