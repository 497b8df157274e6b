"""Compile common networks ahead of time: ``python -m sklearn_bpnet.warmup``.

For container images and batch jobs, where every process would otherwise compile what it
uses. Numba keeps the result in the folder that this command prints; see the guide's
page "Speed, threads and memory" on how to ship it.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.classifier import BPNetClassifier
from sklearn_bpnet.options import CategoricalEmbedding
from sklearn_bpnet.regressor import BPNetRegressor
from sklearn_bpnet.training.stochastic import compiler
from sklearn_bpnet.training.stochastic.config import config_context

__all__ = ["warm_up"]

_RECIPES = ("realmlp-td-s", "realmlp-td")

# What "auto" stands for with given sizes and enough samples.
_EMBEDDINGS: dict[str, Any] = {
    "numeric_embedding": "pbld",
    "categorical_features": [2],
    "categorical_embedding": CategoricalEmbedding(4, min_categories=3),
}
_FOLLOWING_THE_TABLE: dict[type[BPNetClassifier] | type[BPNetRegressor], Any] = {
    BPNetClassifier: {"shared_members": 8, "input_scaling": "quantile"},
    BPNetRegressor: {},
}


def _estimators(dtypes: list[str]) -> Iterator[tuple[str, Any]]:
    """What is compiled: a name, and an estimator whose fit compiles it."""
    for dtype in dtypes:
        common: dict[str, Any] = {
            "max_iter": 1,
            "hidden_layer_sizes": (4, 4),
            "batch_size": 8,
        }
        common |= {"dtype": dtype, "random_state": 0}
        for cls, following in _FOLLOWING_THE_TABLE.items():
            yield f"{cls.__name__}, {dtype}", cls(**common)
            name = f"{cls.__name__}, embeddings, {dtype}"
            yield name, cls(**following, **_EMBEDDINGS, **common)
            for recipe in _RECIPES:
                name = f"{cls.__name__}, recipe {recipe!r}, {dtype}"
                yield name, cls.from_recipe(recipe, **common)
        for activation in ("tanh", "sigmoid"):
            name = f"activation {activation!r}, {dtype}"
            yield name, BPNetClassifier(activation=activation, **common)
        yield f"solver 'sgd', {dtype}", BPNetClassifier(solver="sgd", **common)


def _samples(estimator: Any, dtype: str) -> tuple[NDArray[Any], NDArray[Any]]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(64, 3)).astype(dtype)
    X[:, 2] = np.arange(64) % 12
    return X, X[:, 0] if isinstance(estimator, BPNetRegressor) else np.arange(64) % 2


def warm_up(dtypes: tuple[str, ...] = ("float32",), *, verbose: bool = False) -> Path:
    """Compile what common networks use, and keep it on disk.

    These are both estimators with their defaults, for few and for many samples, and
    with the recipes of RealMLP; for two and for several classes, for numbers and
    categories, the activations ReLU, tanh and sigmoid, the solvers "adam" and "sgd",
    and X of float32 and float64.

    Parameters
    ----------
    dtypes : tuple of str, default=("float32",)
        Of the network: "float32", "float64" or both.
    verbose : bool, default=False
        Whether to print what is compiled.

    Returns
    -------
    pathlib.Path
        The folder with the compiled code.

    Raises
    ------
    ImportError
        If Numba is not installed, or does not work.
    OSError
        If there is no folder for the compiled code.
    """
    loops, cache = compiler.load("loops"), compiler.load("cache")
    if loops is None:
        raise ImportError(
            "There is nothing to compile without Numba: python -m pip install numba."
        )
    if cache.obstacle is not None:
        raise OSError(
            f"Compiled code cannot be kept on disk ({cache.obstacle}). Set the "
            "environment variable NUMBA_CACHE_DIR to a folder that can be written."
        )
    with config_context(compiled=True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, estimator in _estimators(list(dtypes)):
            if verbose:
                print(name, flush=True)
            for of_X in ("float32", "float64"):
                X, y = _samples(estimator, of_X)
                estimator.fit(X, y)
            if isinstance(estimator, BPNetClassifier):
                estimator.fit(X, np.arange(64) % 3)
    return Path(loops.train.stats.cache_path)


def _main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        "python -m sklearn_bpnet.warmup", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument(
        "--dtypes", nargs="+", default=["float32"], choices=["float32", "float64"],
        help="of the network, default float32",
    )  # fmt: skip
    chosen = parser.parse_args(arguments)
    print("Cached in", warm_up(tuple(chosen.dtypes), verbose=True))


if __name__ == "__main__":
    _main()
