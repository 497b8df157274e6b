"""Given weights: to predict with them, or to start training from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse

from sklearn_bpnet._data.quantiles import SQUASHED_TO
from sklearn_bpnet._settings.architecture import hidden_sizes
from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.hyperparameters import is_real
from sklearn_bpnet.net.initializers import Initialization, Zeros
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.training.standardization import Standardization


def layer_sizes(coefs: Sequence[Any]) -> list[int]:
    """The numbers of inputs, of units of every hidden layer, and of outputs.

    Raises
    ------
    ValueError
        If ``coefs`` are not matrices whose shapes fit each other.
    """
    arrays = [_real(W, f"coefs[{i}]") for i, W in enumerate(_listed(coefs, "coefs"))]
    if not arrays:
        raise ValueError("coefs is empty. Pass a weight matrix for every layer.")
    shapes = [W.shape for W in arrays]
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


def complete_parameters(
    parameters: dict[str, Any],
    coefs: Sequence[Any],
    has_statistics: Mapping[str, bool],
) -> None:
    """Add the constructor's parameters that follow from given weights.

    Parameters
    ----------
    parameters : dict
        Parameters of the constructor; changed in place.
    coefs : list of array-like of shape (n_in, n_out)
        W of every layer.
    has_statistics : mapping of str to bool
        For `input_scaling` and `target_scaling`, whether mean and scale are given;
        there is no scaling without them.

    Raises
    ------
    ValueError
        If a parameter does not fit the weights or the statistics.
    """
    sizes = tuple(layer_sizes(coefs)[1:-1])
    implied = {
        "hidden_layer_sizes": sizes,
        "numeric_embedding": None,
        "shared_members": None,
        "input_scaling": "standard" if has_statistics["input_scaling"] else None,
    }
    for name, value in implied.items():  # the weights decide, not a table
        given = parameters.get(name, "auto")
        if isinstance(given, str) and given == "auto":
            parameters[name] = value
    sizes_given = parameters["hidden_layer_sizes"]
    if hidden_sizes(sizes_given) != sizes:
        raise ValueError(
            f"hidden_layer_sizes={sizes_given!r} contradicts the shapes of coefs, "
            f"which imply {sizes}. Leave it out."
        )
    if parameters["numeric_embedding"] is not None:
        raise ValueError(
            f"numeric_embedding={parameters['numeric_embedding']!r} has learned "
            "weights, which coefs and intercepts do not contain. Leave it out."
        )
    if parameters.get("input_scaling") == "quantile":
        raise ValueError(
            "input_scaling='quantile' needs the quantiles that the weights were "
            "trained with, which cannot be given. Use input_scaling=None, and scale X "
            "beforehand."
        )
    if parameters["shared_members"] is not None:
        raise ValueError(
            f"shared_members={parameters['shared_members']!r} has a scale of the "
            "inputs and an output layer per member, and coefs and intercepts are those "
            "of one network. Leave it out."
        )
    for name, is_given in has_statistics.items():
        if not is_given:
            parameters.setdefault(name, None)
        elif parameters.get(name, "standard") is None:
            raise ValueError(
                f"{name}=None leaves the given mean and scale unused. Leave out "
                f"{name}, or the statistics."
            )
        scaling = None if is_given else parameters[name]
        if isinstance(scaling, (tuple, list)) or scaling in ("standard", "squash"):
            raise ValueError(
                f"{name}={parameters[name]!r} needs the mean and the scale that "
                f"the weights were trained with. Give them, or use {name}=None: "
                "then the weights act on unscaled values."
            )


def common_dtype(coefs: Sequence[Any], intercepts: Sequence[Any]) -> np.dtype[Any]:
    """float32 if all arrays have that dtype, otherwise float64."""
    arrays = [*_listed(coefs, "coefs"), *_listed(intercepts, "intercepts")]
    single = all(getattr(a, "dtype", None) == np.float32 for a in arrays)
    return np.dtype(np.float32 if single else np.float64)


def write(
    layers: Sequence[Sequence[Array]],
    coefs: Sequence[Any] | None,
    intercepts: Sequence[Any] | None,
    suffix: str = "",
) -> None:
    """Copy the given arrays into those of the layers; None leaves them unchanged.

    Parameters
    ----------
    layers : list of tuple of ndarray
        W, b and further arrays of every layer, changed in place.
    coefs : list of array-like of shape (n_in, n_out) or None
        W of every layer.
    intercepts : list of array-like of shape (n_out,) or None
        b of every layer.
    suffix : str, default=""
        Suffix of "coefs" and "intercepts" in error messages.

    Raises
    ------
    ValueError
        If their number or a shape does not fit the network, or a value is not finite.
    """
    for position, (name, values) in enumerate(
        ((f"coefs{suffix}", coefs), (f"intercepts{suffix}", intercepts))
    ):
        if values is None:
            continue
        values = _listed(values, name)
        views = [arrays[position] for arrays in layers]
        shapes = [view.shape for view in views]
        if len(values) != len(views):
            raise ValueError(
                f"{name} holds {len(values)} arrays, but the network has {len(views)} "
                f"layers above its input. Their shapes must be {shapes}."
            )
        for i, (array, view) in enumerate(zip(values, views, strict=True)):
            checked = _checked(array, f"{name}[{i}]", view.shape)
            largest, limit = np.abs(checked).max(initial=0), np.finfo(view.dtype).max
            if largest > limit:
                raise ValueError(
                    f"{name}[{i}] holds {largest:g}, which is infinite in "
                    f"{view.dtype}. Use dtype='float64', or smaller numbers."
                )
            view[...] = checked


def attributes(
    network: Network,
    coefs: Sequence[Any],
    intercepts: Sequence[Any],
    dtype: DTypeLike,
) -> dict[str, Any]:
    """The fitted attributes of a network with the given weights.

    Raises
    ------
    ValueError
        As for `write`.
    """
    rng = np.random.default_rng(0)
    theta = network.initial_theta(Initialization(Zeros()), rng, dtype)
    write(network.of_layers(theta.arrays), coefs, intercepts)
    return network.show(theta.arrays)


def given_standardization(
    mean: Any, scale: Any, n: int, prefix: str, *, squashes: bool = False
) -> Standardization | None:
    """The Standardization with given statistics; None if they are None.

    ``squashes`` tells whether scaled features are clipped smoothly.

    Raises
    ------
    ValueError
        If only one of the two is given, or if one is not valid.
    """
    if mean is None and scale is None:
        return None
    if mean is None or scale is None:
        raise ValueError(f"Pass both {prefix}_mean and {prefix}_scale, or neither.")
    mean = _checked(mean, f"{prefix}_mean", (n,))
    scale = _checked(scale, f"{prefix}_scale", (n,))
    if not (scale > 0).all():
        raise ValueError(
            f"{prefix}_scale must be positive; got min={scale.min():g}. Use 1 where a "
            "column is not to be scaled."
        )
    return Standardization(mean, scale, SQUASHED_TO if squashes else None)


def _checked(array: Any, name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """A float64 copy of an array; ValueError if its shape or a value is wrong."""
    array = _real(array, name)
    if array.shape != shape:
        raise ValueError(f"{name} must have the shape {shape}; got {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(
            f"{name} holds NaN or infinity. All of its numbers must be finite."
        )
    return array.astype(np.float64)


def _listed(values: Any, name: str) -> list[Any]:
    """The arrays of all layers as a list; ValueError if they are none."""
    is_list = isinstance(values, Sequence) and not isinstance(values, str)
    if is_list or (isinstance(values, np.ndarray) and values.ndim > 0):
        return list(values)
    raise ValueError(
        f"{name} must be a list with an array for every layer, as coefs_ and "
        f"intercepts_ are; got {values!r}."
    )


def _real(array: Any, name: str) -> NDArray[Any]:
    """An array of real numbers; ValueError if it holds anything else."""
    if sparse.issparse(array):
        raise ValueError(f"{name} is sparse. Use {name}.toarray().")
    try:
        found = np.asarray(array)
    except ValueError:  # rows of different lengths
        found = np.asarray(None)
    if found.dtype == object and found.size and all(map(is_real, found.flat)):
        return found.astype(np.float64)
    if found.dtype == object:
        raise ValueError(f"{name} must be an array of real numbers; got {array!r}.")
    if found.dtype.kind not in "iuf":
        raise ValueError(
            f"{name} must be an array of real numbers; got the dtype {found.dtype}."
        )
    return found
