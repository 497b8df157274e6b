"""The network that the settings define."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet.net.activations import ACTIVATIONS, Activation
from sklearn_bpnet.net.blocks import (
    NUMERIC_EMBEDDINGS,
    Block,
    EmbeddedFeatures,
    InputScale,
    Lookup,
    MemberScale,
)
from sklearn_bpnet.net.hyperparameters import is_real
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.registry import is_pair_of_functions


def build_network(
    settings: Settings,
    n_features: int,
    n_outputs: int,
    output_activation: Activation,
    embedded: EmbeddedFeatures | None = None,
    lookup: Lookup | None = None,
    column_of: NDArray[np.intp] | None = None,
) -> Network:
    """Build the network for a number of features and outputs.

    Parameters
    ----------
    settings : Settings
        The constructor's parameters.
    n_features, n_outputs : int
        Number of features of the encoded X, and of output neurons.
    output_activation : Activation
        Activation of the output neurons.
    embedded : EmbeddedFeatures or None, default=None
        The features that a numeric embedding embeds.
    lookup : Lookup or None, default=None
        The block of the tables of categories, of which the last features are codes.
    column_of : ndarray of int or None, default=None
        The column of the table that every feature is made of; None for one each.

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        If layer sizes, activations or dropout rates are not valid.
    """
    sizes = hidden_sizes(settings.hidden_layer_sizes)
    hidden = hidden_activations(settings.activation, len(sizes))
    return Network.dense(
        (n_features, *sizes, n_outputs),
        (*hidden, output_activation),
        dropout=_dropout_rates(settings, len(sizes)),
        input_noise=settings.option("dropout").input_noise,
        inputs=_input_blocks(settings, n_features, embedded, lookup, column_of),
        n_heads=settings.shared_members,
    )


def hidden_sizes(hidden_layer_sizes: Any) -> tuple[int, ...]:
    """The number of units of every hidden layer; ValueError if it is not valid."""
    sizes = hidden_layer_sizes
    is_list = isinstance(sizes, Sequence) or getattr(sizes, "ndim", 0) > 0
    sizes = list(sizes) if is_list else [sizes]
    are_whole = all(is_real(size) and isinstance(size, Integral) for size in sizes)
    if not are_whole or not all(0 < size < 2**63 for size in sizes):
        raise ValueError(
            "hidden_layer_sizes must be > 0, a whole number for every hidden layer; "
            f"got {hidden_layer_sizes!r}."
        )
    return tuple(int(size) for size in sizes)


def hidden_activations(activation: Any, n_hidden: int) -> tuple[Activation, ...]:
    """The activation of every hidden layer; ValueError if their number is wrong."""
    if not isinstance(activation, (list, tuple)) or is_pair_of_functions(activation):
        return (ACTIVATIONS.resolve(activation),) * n_hidden
    if len(activation) != n_hidden:
        raise ValueError(
            f"activation names {len(activation)} functions, but hidden_layer_sizes "
            f"has {n_hidden} layers. Use one for each layer, or a single one for all."
        )
    return tuple(ACTIVATIONS.resolve(spec) for spec in activation)


def _input_blocks(
    settings: Settings,
    n_features: int,
    embedded: EmbeddedFeatures | None,
    lookup: Lookup | None,
    column_of: NDArray[np.intp] | None,
) -> list[Block]:
    """The blocks between the features and the first layer."""
    blocks: list[Block] = [] if lookup is None else [lookup]
    made_of = np.arange(n_features) if column_of is None else column_of
    if lookup is not None:
        made_of = made_of[lookup.feature_of_output]
    is_embedded = False
    if settings.numeric_embedding is not None and embedded is not None:
        form = NUMERIC_EMBEDDINGS.resolve(settings.numeric_embedding)
        is_embedded = len(embedded.features) > 0
        if is_embedded:
            embedding = form.block(len(made_of), embedded)
            made_of = made_of[embedding.feature_of_output]
            blocks.append(embedding)
    if settings.learned_input_scale:
        blocks.append(InputScale(len(made_of)))
    if settings.shared_members is not None:
        _, groups = np.unique(made_of, return_inverse=True)
        k, of_units = settings.shared_members, tuple(groups.tolist())
        blocks.append(MemberScale(len(made_of), k, of_units, normal=is_embedded))
    return blocks


def _dropout_rates(settings: Settings, n_hidden: int) -> list[float]:
    """The dropout rates of the features and of every hidden layer."""
    option = settings.option("dropout")
    rates = one_or_each(option.rate, n_hidden)
    if rates is None:
        raise ValueError(
            "dropout must be a number in [0, 1), or one for each of the "
            f"{n_hidden} hidden layers; got {settings.dropout!r}."
        )
    return [option.input_rate, *np.broadcast_to(rates, n_hidden).tolist()]


def one_or_each(spec: Any, n: int) -> NDArray[np.float64] | None:
    """``spec`` as an array, if it is one number or n numbers; otherwise None."""
    try:
        entries = [np.asarray(spec).item()] if np.ndim(spec) == 0 else list(spec)
    except (TypeError, ValueError):
        return None
    if np.ma.is_masked(spec) or not all(map(is_real, entries)):
        return None
    try:
        numbers = np.asarray(spec, dtype=np.float64)
    except OverflowError:
        return None
    return numbers if numbers.shape in {(), (n,)} else None
