"""Seconds of a round of tasks on a cluster of Dask, measured and by a formula.

Fits on one and on two worker processes of this machine, of one thread each, and prints
the terms of the formula in the guide: ``python -m benchmarks.dask --help``.
"""

import argparse
import warnings
from time import perf_counter

import numpy as np

from sklearn_bpnet.dask import DaskBPNetRegressor

N_ROUNDS = 20
BANDWIDTH = 1e9  # bytes per second, assumed for the workers that are not here


def seconds_per_epoch(client, n, d, n_units, n_partitions):
    """Seconds per full-batch epoch of gd, from two fits of different lengths."""
    import dask.array as da

    rows = -(-n // n_partitions)
    X = da.random.default_rng(0).random((n, d), chunks=(rows, d)).persist()
    y = X[:, 0].persist()
    seconds, n_iter = [], []
    for epochs in (2, 2 + N_ROUNDS):
        reg = DaskBPNetRegressor(
            hidden_layer_sizes=(n_units,), solver="gd", max_iter=epochs,
            random_state=0, client=client,
        )  # fmt: skip
        start = perf_counter()
        reg.fit(X, y)
        seconds.append(perf_counter() - start)
        n_iter.append(reg.n_iter_)
    return (seconds[1] - seconds[0]) / (n_iter[1] - n_iter[0])


def bytes_between_workers(client):
    """Bytes that the workers sent each other so far."""

    def sent(dask_worker):
        return dask_worker.transfer_outgoing_bytes_total

    return sum(client.run(sent).values())


def main():
    """Measure, and print."""
    from distributed import Client, LocalCluster

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=200_000)
    parser.add_argument("--features", type=int, default=200)
    parser.add_argument("--units", type=int, default=64)
    parser.add_argument("--partitions", type=int, default=4)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    shape = args.samples, args.features, args.units
    found = {}
    for n_workers in (1, 2):
        with (
            LocalCluster(
                n_workers=n_workers, threads_per_worker=1, host="127.0.0.1",
                dashboard_address=None,
            ) as cluster,
            Client(cluster) as client,
        ):  # fmt: skip
            tiny = seconds_per_epoch(client, 400, 2, 2, args.partitions)
            before = bytes_between_workers(client)
            full = seconds_per_epoch(client, *shape, args.partitions)
            moved = bytes_between_workers(client) - before
        found[n_workers] = tiny, full
        print(
            f"{n_workers} workers: {tiny:.4f} s per round without work, {full:.4f} s "
            f"per epoch, {moved / 1e6:.1f} MB between workers in both fits"
        )
    print(f"2 workers / 1 worker: {found[2][1] / found[1][1]:.2f}")
    n_parameters = (args.features + 2) * args.units + 1
    overhead = found[2][0]
    work = max(found[1][1] - found[1][0], 0)
    for n_workers in (1, 2, 4, 8, 16, 32, 64):
        network = 2 * 8 * n_parameters * np.log2(2 * n_workers) / BANDWIDTH
        tasks = overhead * max(n_workers / args.partitions, 1)
        seconds = tasks + work / n_workers + network
        print(f"by the formula, {n_workers:2} workers: {seconds:.4f} s per epoch")


if __name__ == "__main__":
    main()
