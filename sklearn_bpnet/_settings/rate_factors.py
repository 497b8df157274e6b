"""From what a user writes as ``learning_rate_factors`` to a factor for every number."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, sqrt
from numbers import Real
from typing import Any

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.blocks import KINDS
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.theta import Theta
from sklearn_bpnet.training.optimizers import Optimizer


def rate_factors(
    spec: Any, network: Network, optimizer: Optimizer
) -> tuple[Array | None, Array | None]:
    """The factors of every parameter's learning rate, and of its weight decay.

    They differ for "ntk" only. Weights that are stored as V of variance 1, in a layer
    X V / sqrt(n_in) + b, move by the learning rate, so that W = V / sqrt(n_in) moves by
    1 / sqrt(n_in) of it; but a decay shrinks both by the same share.

    Parameters
    ----------
    spec : array-like, dict or None
        What the user wrote.
    network : Network
        Whose blocks name the kinds of their parameters.
    optimizer : Optimizer
        Whether its steps grow with the gradient decides what "ntk" is.

    Returns
    -------
    rates, decays : ndarray of shape (n_parameters,) or None
        None where all are 1.

    Raises
    ------
    ValueError
        If there is no such kind of parameter, or a factor is not valid.
    """
    if spec is None:
        return None, None
    by = _by_kind if isinstance(spec, dict) else _by_layer
    rates, decays = (Theta.zeros(network.shapes) for _ in range(2))
    blocks = zip(
        network.blocks,
        by(spec, network),
        rates.arrays,
        decays.arrays,
        strict=True,
    )
    for block, factors, *arrays in blocks:
        for kind, rate, decay in zip(block.kinds, *arrays, strict=True):
            factor = factors.get(kind, 1.0)
            is_ntk = isinstance(factor, str)
            rate[...] = _ntk(block.n_in, optimizer) if is_ntk else factor
            decay[...] = 1.0 if is_ntk else factor
    return rates.flat, decays.flat


def _ntk(n_in: int, optimizer: Optimizer) -> float:
    """How far W = V / sqrt(n_in) moves where V would move by 1.

    The gradient with respect to V is that to W divided by sqrt(n_in). A rule whose
    steps grow with the gradient has that factor in its step already.
    """
    return 1 / sqrt(n_in) if optimizer.scale_free else 1 / n_in


def _by_kind(spec: dict[str, Any], network: Network) -> list[dict[str, Any]]:
    """For every block the factors of its kinds, from a dictionary of kinds."""
    kinds = KINDS | network.kinds
    if unknown := set(spec) - set(kinds):
        known = ", ".join(f"{kind!r} ({meaning})" for kind, meaning in kinds.items())
        raise ValueError(
            f"learning_rate_factors may have the keys {known}; "
            f"got {sorted(unknown, key=str)}."
        )
    factors: list[dict[str, Any]] = [{} for _ in network.blocks]
    for kind, of_kind in spec.items():
        holders = [
            f for f, b in zip(factors, network.blocks, strict=True) if kind in b.kinds
        ]
        entries = _one_each(of_kind, len(holders))
        allowed = ("ntk",) if kind == "W" else ()
        if entries is None or not all(_is_factor(e, allowed) for e in entries):
            raise _error(spec, network)
        for of_block, entry in zip(holders, entries, strict=True):
            of_block[kind] = entry
    return factors


def _by_layer(spec: Any, network: Network) -> list[dict[str, Any]]:
    """The same from a number for every layer."""
    entries = _one_each(spec, len(network.layers))
    if entries is None or not all(map(_is_factor, entries)):
        raise _error(spec, network)
    left = iter(entries)
    return [
        dict.fromkeys(block.kinds, next(left)) if block.is_layer else {}
        for block in network.blocks
    ]


def _one_each(entry: Any, n: int) -> list[Any] | None:
    """A list of ``n`` entries, from so many or from one for all; None if neither."""
    if np.ndim(entry) == 0:
        return [entry] * n
    entries = list(entry)
    return entries if len(entries) == n else None


def _is_factor(entry: Any, names: Sequence[str] = ()) -> bool:
    if isinstance(entry, str):
        return entry in names
    return isinstance(entry, Real) and 0 <= float(entry) < inf


def _error(spec: Any, network: Network) -> ValueError:
    return ValueError(
        "learning_rate_factors must be finite numbers of at least 0, one for each of "
        f"the {len(network.layers)} layers of weights, or a dictionary of these or of "
        "single numbers, as in {'W': 'ntk', 'b': 0.1}; got "
        f"{spec!r}."
    )


def kinds_without_effect(spec: Any, network: Network) -> list[tuple[str, str]]:
    """The keys of ``learning_rate_factors`` that no block has, and what they mean."""
    if not isinstance(spec, dict):
        return []
    there = network.kinds
    return [(k, KINDS[k]) for k in spec if k in KINDS and k not in there]
