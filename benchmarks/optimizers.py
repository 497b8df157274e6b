"""Every solver on a convex risk and on digits: ``python -m benchmarks.optimizers``.

The convex risk is that of softmax regression on iris with an L2 penalty, with full
batches; its minimum is that of L-BFGS with the smallest tolerance. For digits, a
network with one hidden layer of 100 units is trained on three quarters of the samples
and scored on the others.
"""

from __future__ import annotations

import argparse
import time
import warnings

from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sklearn_bpnet import BPNetClassifier
from sklearn_bpnet.training.full_batch import FULL_BATCH_SOLVERS
from sklearn_bpnet.training.optimizers import OPTIMIZERS

# Learning rates on the convex risk and on digits; the schedule is a cosine, or constant
# where the solver takes its place.
RATES = {
    "sgd": (0.3, 0.03),
    "adagrad": (2.0, 0.03),
    "rmsprop": (0.05, 0.003),
    "adadelta": (30.0, 3.0),
    "adam": (0.3, 0.005),
    "amsgrad": (0.3, 0.005),
    "adamw": (0.3, 0.005),
    "nadam": (0.3, 0.005),
    "radam": (1.0, 0.005),
    "lion": (0.05, 0.001),
    "schedule_free_adamw": (0.3, 0.01),
    "rprop": (0.01, 0.003),
    "gd": (3.0, 0.5),
}
SOLVERS = [*OPTIMIZERS, *FULL_BATCH_SOLVERS]


def excess_risk(solver, max_iter=500):
    """Return (J - J*) / J* after softmax regression on iris."""
    X, y = load_iris(return_X_y=True)
    clf = BPNetClassifier((), alpha=0.01, max_iter=max_iter, random_state=0)
    minimum = clf.set_params(solver="lbfgs", tol=1e-12).fit(X, y).loss_
    if solver in OPTIMIZERS:
        clf.set_params(
            learning_rate=_schedule(solver),
            learning_rate_init=RATES[solver][0],
            tol=0,
            n_iter_no_change=max_iter,
            weight_decay=0.0,  # which would move the minimum
        )
        if not OPTIMIZERS[solver].full_batch:
            clf.set_params(batch_size="full")
    return clf.set_params(solver=solver).fit(X, y).loss_ / minimum - 1


def digits_accuracy(solver, max_iter=None, random_state=0):
    """Return the test accuracy on digits, and the number of epochs."""
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0, stratify=y)
    clf = BPNetClassifier(solver=solver, alpha=1e-3, random_state=random_state)
    if solver in OPTIMIZERS:
        full_batch = OPTIMIZERS[solver].full_batch
        clf.set_params(
            learning_rate=_schedule(solver),
            learning_rate_init=RATES[solver][1],
            max_iter=max_iter or (200 if full_batch else 30),
        )
        if not full_batch:
            clf.set_params(batch_size=32)
    else:
        clf.set_params(tol=1e-3, max_iter=max_iter or 200)
    clf.fit(X, y)
    return clf.score(X_test, y_test), clf.n_iter_


def _schedule(solver):
    """Return the usual schedule of a stochastic solver."""
    return "constant" if OPTIMIZERS[solver].constant_rate else "cosine"


def main():
    """Print a line per solver."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    seeds = range(parser.parse_args().seeds)
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(
        f"{'solver':20s} {'rate':>6s} {'(J - J*)/J*':>12s} {'rate':>6s} "
        f"{'epochs':>6s} {'seconds':>7s}  accuracies"
    )
    for solver in SOLVERS:
        rates = RATES.get(solver, ("", ""))
        start, results = time.perf_counter(), []
        for seed in seeds:
            results.append(digits_accuracy(solver, random_state=seed))
        seconds = (time.perf_counter() - start) / len(seeds)
        accuracies = " ".join(f"{score:.3f}" for score, _ in results)
        print(
            f"{solver:20s} {rates[0]!s:>6s} {excess_risk(solver):12.0e} "
            f"{rates[1]!s:>6s} {results[0][1]:6d} {seconds:7.2f}  {accuracies}"
        )


if __name__ == "__main__":
    main()
