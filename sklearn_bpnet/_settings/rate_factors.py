"""From ``learning_rate_factors`` to a factor for every component of theta."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.blocks import KINDS
from sklearn_bpnet.net.hyperparameters import is_finite
from sklearn_bpnet.net.names import did_you_mean
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.theta import Theta
from sklearn_bpnet.training.optimizers import Optimizer


def rate_factors(
    spec: Any, network: Network, optimizer: Optimizer
) -> tuple[Array | None, Array | None]:
    """Factors of the learning rate and of the weight decay, per parameter.

    They differ only for "ntk". If weights are stored as V of variance 1, in a layer
    X V / sqrt(n_in) + b, a step changes V by the learning rate, hence W = V /
    sqrt(n_in) by 1 / sqrt(n_in) of it; weight decay shrinks both by the same share. The
    steps of optimisers that add an epsilon to the gradient's size are the same for an
    epsilon near 0 only, as the gradient with respect to W is sqrt(n_in) times as large.

    Parameters
    ----------
    spec : array-like, dict or None
        The parameter ``learning_rate_factors``.
    network : Network
        Its blocks name the kinds of their parameters.
    optimizer : Optimizer
        Whether its steps scale with the gradient determines the factor "ntk".

    Returns
    -------
    rates, decays : ndarray of shape (n_parameters,) or None
        None if all are 1.

    Raises
    ------
    ValueError
        If there is no such kind of parameter, or a factor is not valid.
    """
    if spec is None:
        return None, None
    factors_by_block = _by_kind if isinstance(spec, dict) else _by_layer
    rates, decays = (Theta.zeros(network.shapes) for _ in range(2))
    blocks = zip(
        network.blocks,
        factors_by_block(spec, network),
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
    """The step of W = V / sqrt(n_in) for a step of V of length 1.

    The gradient with respect to V is that with respect to W divided by sqrt(n_in). The
    steps of an optimiser that is not scale-free are proportional to the gradient, so
    that the factor enters twice.
    """
    return 1 / sqrt(n_in) if optimizer.scale_free else 1 / n_in


def _by_kind(spec: dict[str, Any], network: Network) -> list[dict[str, Any]]:
    """For every block the factors of its kinds, given a dictionary by kind."""
    kinds = KINDS | network.kinds
    if unknown := set(spec) - set(kinds):
        meanings = sorted(kinds.items())
        known = ", ".join(f"{kind!r} ({meaning})" for kind, meaning in meanings)
        raise ValueError(
            f"learning_rate_factors may have the keys {known}; "
            f"got {sorted(unknown, key=str)}."
            f"{did_you_mean(min(unknown, key=str), kinds)}"
        )
    factors: list[dict[str, Any]] = [{} for _ in network.blocks]
    for kind, value in spec.items():
        holders = [
            f for f, b in zip(factors, network.blocks, strict=True) if kind in b.kinds
        ]
        entries = _one_each(value, len(holders))
        allowed = ("ntk",) if kind == "W" else ()
        if entries is None or not all(_is_factor(e, allowed) for e in entries):
            raise _error(spec, network)
        for block_factors, entry in zip(holders, entries, strict=True):
            block_factors[kind] = entry
    return factors


def _by_layer(spec: Any, network: Network) -> list[dict[str, Any]]:
    """For every block the factors of its kinds, given a number for every layer."""
    entries = _one_each(spec, len(network.layers))
    if entries is None or not all(map(_is_factor, entries)):
        raise _error(spec, network)
    remaining = iter(entries)
    return [
        dict.fromkeys(block.kinds, next(remaining)) if block.is_layer else {}
        for block in network.blocks
    ]


def _one_each(entry: Any, n: int) -> list[Any] | None:
    """A list of ``n`` entries, from n entries or a single one; otherwise None."""
    if not (isinstance(entry, (list, tuple)) or getattr(entry, "ndim", 0) > 0):
        return [entry] * n
    entries = list(entry)
    return entries if len(entries) == n else None


def _is_factor(entry: Any, names: Sequence[str] = ()) -> bool:
    """Whether an entry is a finite number of at least 0, or one of the names."""
    if isinstance(entry, str):
        return entry in names
    return is_finite(entry) and entry >= 0


def _error(spec: Any, network: Network) -> ValueError:
    """The error for factors that are not valid."""
    return ValueError(
        "learning_rate_factors must be finite numbers of at least 0, one for each of "
        f"the {len(network.layers)} layers of weights, or a dictionary of these or of "
        "single numbers, as in {'W': 'ntk', 'b': 0.1}; got "
        f"{spec!r}."
    )


def kinds_without_effect(spec: Any, network: Network) -> list[tuple[str, str]]:
    """The kinds in ``learning_rate_factors`` that no block has, with their meaning."""
    if not isinstance(spec, dict):
        return []
    present = network.kinds
    return [(k, KINDS[k]) for k in spec if k in KINDS and k not in present]
