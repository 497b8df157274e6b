"""CPU time of embeddings and recipes, side by side: ``python -m benchmarks.recipes``.

Twenty epochs of the default network with a numeric embedding over twenty without one,
on 20,000 x 10; whole fits of the recipes RealMLP-TD-S and RealMLP-TD over those of
their authors (pytabkit, if installed) on 10,000 x 20. One fit each, alternating,
several times; medians of CPU seconds and of seconds, and their ratios.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import time
import warnings
from functools import partial
from statistics import median

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from benchmarks import results
from sklearn_bpnet import BPNetClassifier


def _data(n_samples, n_features):
    """Return random samples whose class depends on products of features."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, n_features))
    score = X[:, 0] * X[:, 1] + np.sin(3 * X[:, 2]) + rng.normal(size=n_samples)
    return X, (score > 0).astype(int)


def _pytabkit(name, **settings):
    """Return a function that makes a classifier of pytabkit."""

    def make():
        import pytabkit

        n_threads = int(os.environ.get("OPENBLAS_NUM_THREADS", os.cpu_count()))
        cls = getattr(pytabkit, f"{name}_Classifier")
        return cls(random_state=0, device="cpu", n_threads=n_threads, **settings)

    return make


_FEW = {"max_iter": 20, "n_iter_no_change": 21, "random_state": 0}
_EMBEDDINGS = "pbld", "ple", "pwl"
PAIRS = {
    name: (
        (20_000, 10),
        partial(BPNetClassifier, numeric_embedding=name, **_FEW),
        partial(BPNetClassifier, **_FEW),
    )
    for name in _EMBEDDINGS
} | {
    "realmlp-td-s": (
        (10_000, 20),
        lambda: BPNetClassifier.from_recipe("realmlp-td-s", random_state=0),
        _pytabkit("RealMLP_TD_S"),
    ),
    "realmlp-td": (
        (10_000, 20),
        lambda: BPNetClassifier.from_recipe("realmlp-td", random_state=0),
        _pytabkit("RealMLP_TD"),
    ),
}


def _seconds(make, X, y):
    """Return the CPU seconds and the seconds of a fit."""
    start, start_cpu = time.perf_counter(), time.process_time()
    make().fit(X, y)
    return time.process_time() - start_cpu, time.perf_counter() - start


def main():
    """Print a line for every pair."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=list(PAIRS), choices=list(PAIRS))
    parser.add_argument("--save", action="store_true", help="save the results")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    found = {}
    for name in arguments.only:
        shape, *pair = PAIRS[name]
        if name not in _EMBEDDINGS and importlib.util.find_spec("pytabkit") is None:
            print(f"{name}: pytabkit is not installed")
            continue
        X, y = _data(*shape)
        _seconds(pair[0], X, y)  # compiles
        rounds = [
            [_seconds(make, X, y) for make in pair] for _ in range(arguments.repeats)
        ]
        (cpu, wall), (other_cpu, other_wall) = (
            [median(times) for times in zip(*side, strict=True)]
            for side in zip(*rounds, strict=True)
        )
        found[name] = {"cpu": [cpu, other_cpu], "seconds": [wall, other_wall]}
        print(
            f"{name}: CPU {cpu:.2f} s of {other_cpu:.2f} s = {cpu / other_cpu:.2f}, "
            f"{wall:.2f} s of {other_wall:.2f} s = {wall / other_wall:.2f}",
            flush=True,
        )
    if arguments.save:
        results.save("recipe_cost", found)


if __name__ == "__main__":
    main()
