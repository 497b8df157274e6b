"""Weights that a user gives: to predict with at once, or to start training from."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sklearn_bpnet._data.statistics import SQUASHED_TO
from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.initializers import Initialization, Zeros
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.training.standardization import Standardization


def layer_sizes(coefs: Sequence[Any]) -> list[int]:
    """Number of inputs, of units of every hidden layer, of outputs.

    Raises
    ------
    ValueError
        If ``coefs`` is not a chain of matrices.
    """
    if not len(coefs):
        raise ValueError("coefs is empty. Give a weight matrix for every layer.")
    shapes = [np.shape(W) for W in coefs]
    for i, shape in enumerate(shapes):
        if len(shape) != 2 or 0 in shape:
            raise ValueError(
                f"coefs[{i}] must be a matrix of shape (n_in, n_out); got the shape "
                f"{shape}."
            )
    for i, (below, above) in enumerate(pairwise(shapes)):
        if below[1] != above[0]:
            raise ValueError(
                f"coefs[{i}] of shape {below} gives {below[1]} units, but "
                f"coefs[{i + 1}] of shape {above} takes {above[0]}. The shapes are "
                "(n_in, n_out), as in coefs_; transpose matrices of shape "
                "(n_out, n_in)."
            )
    return [shapes[0][0], *(n_out for _, n_out in shapes)]


def common_dtype(coefs: Sequence[Any], intercepts: Sequence[Any]) -> np.dtype[Any]:
    """float32 if all the arrays are, else float64."""
    single = all(getattr(a, "dtype", None) == np.float32 for a in (*coefs, *intercepts))
    return np.dtype(np.float32 if single else np.float64)


def write(
    layers: Sequence[Sequence[Array]],
    coefs: Sequence[Any] | None,
    intercepts: Sequence[Any] | None,
    suffix: str = "",
) -> None:
    """Copy the given arrays into those of the layers; None leaves what is there.

    Parameters
    ----------
    layers : list of tuple of ndarray
        W, b and more of every layer, changed in place.
    coefs : list of array-like of shape (n_in, n_out) or None
        W of every layer.
    intercepts : list of array-like of shape (n_out,) or None
        b of every layer.
    suffix : str, default=""
        What follows "coefs" and "intercepts" in the names that errors use.

    Raises
    ------
    ValueError
        If their number or a shape is not the network's, or a number is not finite.
    """
    for which, (name, given) in enumerate(
        ((f"coefs{suffix}", coefs), (f"intercepts{suffix}", intercepts))
    ):
        if given is None:
            continue
        views = [arrays[which] for arrays in layers]
        shapes = [view.shape for view in views]
        if len(given) != len(views):
            raise ValueError(
                f"{name} holds {len(given)} arrays, but the network has {len(views)} "
                f"layers above its input. Their shapes must be {shapes}."
            )
        for i, (array, view) in enumerate(zip(given, views, strict=True)):
            view[...] = _checked(array, f"{name}[{i}]", view.shape)


def shown(
    network: Network,
    coefs: Sequence[Any],
    intercepts: Sequence[Any],
    dtype: DTypeLike,
) -> dict[str, Any]:
    """The given weights as the fitted attributes of a network show them.

    Raises
    ------
    ValueError
        As for ``write``.
    """
    rng = np.random.default_rng(0)
    theta = network.initial_theta(Initialization(Zeros()), rng, dtype)
    write(network.of_layers(theta.arrays), coefs, intercepts)
    return network.show(theta.arrays)


def given_standardization(
    mean: Any, scale: Any, n: int, prefix: str, *, squashes: bool = False
) -> Standardization | None:
    """The Standardization of the statistics that a user gives, or None for neither.

    ``squashes`` says whether scaled features are clipped smoothly.

    Raises
    ------
    ValueError
        If only one of the two is given, or one is not valid.
    """
    if mean is None and scale is None:
        return None
    if mean is None or scale is None:
        raise ValueError(f"Give both {prefix}_mean and {prefix}_scale, or neither.")
    mean = _checked(mean, f"{prefix}_mean", (n,))
    scale = _checked(scale, f"{prefix}_scale", (n,))
    if not (scale > 0).all():
        raise ValueError(f"{prefix}_scale must be positive; got min={scale.min():g}.")
    return Standardization(mean, scale, SQUASHED_TO if squashes else None)


def _checked(array: Any, name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """A float64 copy of a finite array of that shape."""
    array = np.array(array, dtype=np.float64)
    if array.shape != shape:
        raise ValueError(f"{name} must have the shape {shape}; got {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinity.")
    return array
