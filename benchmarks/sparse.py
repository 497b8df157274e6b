"""Seconds a batch against the number of features: ``python -m benchmarks.sparse``.

Rows of 50 non-zeros each, in CSR, without input scaling; a hidden layer of 100 units,
batches of 200 rows. Plain SGD moves the weights of the features in use; Adam moves
all of them, as does scikit-learn's plain SGD.
"""

from __future__ import annotations

import argparse
import time
import warnings
from statistics import median

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks import results
from sklearn_bpnet import BPNetClassifier

N_FEATURES = 3_125, 12_500, 50_000, 100_000
N_ROWS, N_NON_ZEROS, BATCH_SIZE = 20_000, 50, 200
PLAIN_SGD = {"solver": "sgd", "momentum": 0.0, "alpha": 0.0}
OURS = {"input_scaling": None, "dtype": "float32"}
CONTENDERS = {
    "bpnet, plain SGD": (BPNetClassifier, PLAIN_SGD | OURS),
    "bpnet, Adam": (BPNetClassifier, {"alpha": 0.0} | OURS),
    "scikit-learn, plain SGD": (MLPClassifier, PLAIN_SGD),
}


def data(n_features):
    """CSR rows of non-zeros at random places, and a class that they tell."""
    rng = np.random.default_rng(0)
    places = rng.integers(n_features, size=(N_ROWS, N_NON_ZEROS))
    values = rng.normal(size=places.shape).astype(np.float32)
    starts = np.arange(0, places.size + 1, N_NON_ZEROS)
    shape = N_ROWS, n_features
    X = sparse.csr_matrix((values.ravel(), places.ravel(), starts), shape=shape)
    X.sum_duplicates()
    return X, X @ rng.normal(size=n_features) > 0


def seconds_a_batch(cls, parameters, X, y, n_epochs):
    """From the difference of a long and a short training."""
    times = []
    for n in (1, 1 + n_epochs):
        net = cls(
            (100,),
            batch_size=BATCH_SIZE,
            max_iter=n,
            n_iter_no_change=n + 1,
            random_state=0,
            **parameters,
        )
        start = time.perf_counter()
        net.fit(X, y)
        times.append(time.perf_counter() - start)
    return (times[1] - times[0]) / (n_epochs * N_ROWS / BATCH_SIZE)


def main():
    """Print a row for every number of features."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--save", action="store_true", help="keep what was found")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    found = {name: [] for name in CONTENDERS}
    print(f"{'features':>10s} " + " ".join(f"{name:>24s}" for name in found))
    for n_features in N_FEATURES:
        X, y = data(n_features)
        rounds = [
            [seconds_a_batch(*c, X, y, arguments.epochs) for c in CONTENDERS.values()]
            for _ in range(arguments.repeats)
        ]
        for name, times in zip(found, zip(*rounds, strict=True), strict=True):
            found[name].append(median(times))
        row = " ".join(f"{times[-1]:24.5f}" for times in found.values())
        print(f"{n_features:10,d} {row}", flush=True)
    if arguments.save:
        results.save("sparse", {"features": N_FEATURES, "seconds": found})


if __name__ == "__main__":
    main()
