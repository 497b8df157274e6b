"""Steps of mini-batches on two workers of Dask: by tasks, by calls, and local steps.

Prints the median seconds per step of the first two, and the seconds per epoch and the
accuracy of local steps: ``python -m benchmarks.dask_steps``.
"""

import argparse
import warnings
from statistics import median
from time import perf_counter
from unittest.mock import patch

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sklearn_bpnet.dask import DaskBPNetClassifier, _calls


def spread(X, y, n_partitions):
    """Return X and y as Dask arrays on the workers."""
    import dask.array as da
    from distributed import wait

    rows = -(-len(X) // n_partitions)
    lazy = da.from_array(X, chunks=(rows, -1)), da.from_array(y, chunks=rows)
    kept = [one.persist() for one in lazy]
    wait(kept)
    return kept


def seconds_per_step(data, n_units, by_calls):
    """Return the median seconds from theta to the sum of the gradients."""
    seconds, total = [], _calls.Calls.total

    def timed(self, *args):
        start = perf_counter()
        found = total(self, *args)
        seconds.append(perf_counter() - start)
        return found

    clf = DaskBPNetClassifier(
        hidden_layer_sizes=(n_units,), batch_size=100, max_iter=4, random_state=0
    )
    with patch.object(_calls.Calls, "total", timed):
        if by_calls:
            clf.fit(*data)
        else:
            with patch.object(_calls.Calls, "_locate", lambda self: False):
                clf.fit(*data)
    return median(seconds)


def local_steps(data, test, h, n_seeds=3):
    """Return the seconds per epoch and the accuracy with averages every h steps."""
    seconds, scores = [], []
    for seed in range(n_seeds):
        clf = DaskBPNetClassifier(
            hidden_layer_sizes=(64,), batch_size=50, max_iter=20, local_steps=h,
            random_state=seed,
        ).fit(*data)  # fmt: skip
        seconds.append(median(clf.history_["seconds"][1:]))
        scores.append(clf.score(*test))
    return median(seconds), float(np.mean(scores))


def main():
    """Measure, and print."""
    from distributed import Client, LocalCluster

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0, stratify=y)
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        Client(cluster),
    ):  # fmt: skip
        for n_partitions in (2, 4, 8):
            data = spread(X, y, n_partitions)
            found = {"tasks": [], "calls": []}
            for _ in range(args.repeats):
                for how, of in found.items():
                    of.append(seconds_per_step(data, 16, how == "calls"))
            line = ", ".join(f"{k} {1e3 * median(v):.1f} ms" for k, v in found.items())
            print(f"{n_partitions} partitions, per step: {line}", flush=True)
        data = spread(X, y, 2)
        for h in (1, 4, 16, 1000):
            seconds, score = local_steps(data, (X_test, y_test), h)
            print(f"local_steps={h}: {seconds:.3f} s per epoch, accuracy {score:.4f}")


if __name__ == "__main__":
    main()
