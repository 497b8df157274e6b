"""Wide and sparse tables, side by side: ``python -m benchmarks.wide``.

CPU seconds of whole fits with default parameters, for this project's estimators and for
scikit-learn's, alternating, several times, and the ratios of the medians. Tables have
more features than samples: 20 x 10,000 normal numbers, and 2,000 x 20,000 of which one
in a thousand, or one in a hundred, is not zero. The last table is one-hot encoded, and
given both as a sparse matrix and as an array.
"""

from __future__ import annotations

import argparse
import time
import warnings
from statistics import median

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import OneHotEncoder
from threadpoolctl import threadpool_limits

from benchmarks import results
from sklearn_bpnet import BPNetClassifier, BPNetRegressor


def normal(rng):
    """20 x 10,000 normal numbers, and targets that do not depend on them."""
    return rng.normal(size=(20, 10_000)), rng.normal(size=20)


def scattered(density):
    """Return a function that makes 2,000 x 20,000 with that share of nonzeros."""

    def make(rng):
        X = sparse.random_array((2_000, 20_000), density=density, format="csr", rng=rng)
        signal = X @ rng.normal(size=20_000)
        return X, signal / signal.std() + 0.5 * rng.normal(size=2_000)

    return make


def one_hot(rng):
    """20,000 samples of eight categories of 4 to 18 values, one-hot encoded."""
    codes = np.column_stack([rng.integers(n, size=20_000) for n in range(4, 20, 2)])
    effects = [rng.normal(size=n) for n in range(4, 20, 2)]
    signal = sum(
        effect[column] for effect, column in zip(effects, codes.T, strict=True)
    )
    return OneHotEncoder().fit_transform(codes), signal + rng.normal(size=20_000)


WIDE = {
    "20 x 10,000": normal,
    "2,000 x 20,000, 0.1 % nonzero": scattered(0.001),
    "2,000 x 20,000, 1 % nonzero": scattered(0.01),
}
PAIRS = {
    "classifier": (BPNetClassifier, MLPClassifier),
    "regressor": (BPNetRegressor, MLPRegressor),
}
SOLVERS = "adam", "lbfgs"


def seconds(fit):
    """Return the CPU seconds of a call."""
    start = time.process_time()
    fit()
    return time.process_time() - start


def medians(fits, repeats):
    """Return the median of every fit over interleaved rounds."""
    times = {name: [] for name in fits}
    for _ in range(repeats):
        for name, fit in fits.items():
            times[name].append(seconds(fit))
    return {name: median(values) for name, values in times.items()}


def contenders(solver, kind, X, t):
    """Return the fits of this project's estimator and of scikit-learn's."""
    y = t > np.median(t) if kind == "classifier" else t
    ours, theirs = PAIRS[kind]
    return {
        "bpnet": lambda: ours(solver=solver, random_state=0).fit(X, y),
        "scikit-learn": lambda: theirs(solver=solver, random_state=0).fit(X, y),
    }


def wide(repeats):
    """Return the seconds of every wide table, solver and kind of estimator."""
    found = {}
    for table, make in WIDE.items():
        X, t = make(np.random.default_rng(0))
        for solver in SOLVERS:
            for kind in PAIRS:
                row = f"{table}, {solver}, {kind}"
                found[row] = medians(contenders(solver, kind, X, t), repeats)
                print_row(row, found[row])
    return found


def encoded(repeats):
    """Return the seconds of the one-hot encoded table, as a matrix and as an array."""
    X, t = one_hot(np.random.default_rng(0))
    forms = {"sparse": X, "dense": X.toarray()}
    for X in forms.values():
        BPNetRegressor(max_iter=1).fit(X, t)  # loads, compiles
    fits = {
        f"bpnet, {form}": lambda X=X: BPNetRegressor(max_iter=10, random_state=0).fit(
            X, t
        )
        for form, X in forms.items()
    }
    fits["scikit-learn, sparse"] = lambda: MLPRegressor(
        max_iter=10, n_iter_no_change=11, random_state=0
    ).fit(X, t)
    found = medians(fits, repeats)
    print_row("one-hot, 20,000 x 88, ten epochs", found)
    return found


def print_row(name, times):
    """Print the seconds of a row, and the ratio of the first two."""
    first, second, *_ = times.values()
    shown = "  ".join(f"{form} {value:.2f}" for form, value in times.items())
    print(f"{name:48s} {shown}  ratio {first / second:.2f}", flush=True)


def main():
    """Print seconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--save", action="store_true", help="save the results")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    with threadpool_limits(1):
        found = {"wide": wide(arguments.repeats), "one-hot": encoded(arguments.repeats)}
    if arguments.save:
        results.save("wide", found)


if __name__ == "__main__":
    main()
