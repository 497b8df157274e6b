"""Dask collections as lists of their partitions."""

from __future__ import annotations

from math import isnan
from typing import Any

import numpy as np

from sklearn_bpnet.dask._clients import libraries


def is_lazy(table: Any) -> bool:
    """Whether a table is a Dask collection."""
    dask, _ = libraries()
    return bool(dask.is_dask_collection(table))


def partitions(table: Any, name: str) -> list[Any]:
    """The delayed partitions of a Dask array, data frame or series, none of them split.

    An array in several blocks of columns has these joined.

    Raises
    ------
    TypeError
        If it is no such collection.
    """
    if not is_lazy(table) or not hasattr(table, "to_delayed"):
        raise TypeError(
            f"{name} must be a Dask array, data frame or series, partitioned like X; "
            f"got {type(table).__name__}. Use dask.array.from_array, or fit an "
            "estimator of sklearn_bpnet on data in memory."
        )
    if hasattr(table, "numblocks"):
        if table.ndim > 1 and table.numblocks[1] > 1:
            table = table.rechunk({1: -1})
        return list(table.to_delayed().ravel())
    return list(table.to_delayed())


def aligned(table: Any, name: str, X: Any, parts: list[Any]) -> list[Any]:
    """The partitions of targets or weights, which are to be those of X.

    Raises
    ------
    ValueError
        If their numbers differ and cannot be made equal.
    """
    if hasattr(table, "numblocks") and hasattr(X, "numblocks"):
        rows = X.chunks[0]
        known = not any(isnan(n) for n in (*rows, *table.chunks[0]))
        if known and table.chunks[0] != rows and sum(table.chunks[0]) == sum(rows):
            table = table.rechunk({0: rows})
    found = partitions(table, name)
    if len(found) != len(parts):
        raise ValueError(
            f"{name} has {len(found)} partitions, but X has {len(parts)}. Both must be "
            "partitioned alike: use rechunk or repartition."
        )
    return found


def check_cluster(table: Any, name: str, client: Any) -> None:
    """Raise ValueError if a collection is on another cluster than the client's."""
    _, distributed = libraries()
    here = client.scheduler.address
    others = {of.client.scheduler.address for of in distributed.futures_of(table)}
    if others - {here}:
        raise ValueError(
            f"{name} is on the cluster of the scheduler {min(others - {here})}, but "
            f"the client's is {here}. Pass the client that has the samples to the "
            "constructor, or persist them with client.persist."
        )


def neighbours(
    client: Any, X: Any, n_partitions: int
) -> list[tuple[int, int, dict[str, Any]]]:
    """Ranges of neighbouring partitions, and where Dask should compute them.

    What a worker computes of neighbours it adds up before it is sent, so that they
    belong together; of samples that are on the cluster already, none is moved.
    """
    _, distributed = libraries()
    threads = {} if distributed.futures_of(X) else client.nthreads()
    if len(threads) < 2:
        return [(0, n_partitions, {})]
    sizes = np.ones(n_partitions)
    if hasattr(X, "numblocks") and not np.isnan(X.chunks[0]).any():
        sizes += X.chunks[0]
    middles = np.cumsum(sizes) - sizes / 2
    shares = np.cumsum(list(threads.values())) / sum(threads.values())
    ends = np.searchsorted(middles, shares * sizes.sum(), side="right")
    begins = np.concatenate([[0], ends[:-1]])
    return [
        (int(i), int(j), {"workers": [address], "allow_other_workers": True})
        for i, j, address in zip(begins, ends, threads, strict=True)
        if i < j
    ]


def n_rows(part: Any) -> int:
    """The number of samples in a partition."""
    return int(part.shape[0]) if hasattr(part, "shape") else len(part)
