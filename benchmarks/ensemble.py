"""Ensembles, time and quality: ``python -m benchmarks.ensemble``.

Time: eight consecutive fits, with the threads that a single fit uses, compared with a
fit with ``n_members=8`` and one or two jobs, the latter first including the start of
processes, if there are any, and then with running ones. Medians of several interleaved
rounds.

Quality: on data sets of up to ``--rows`` samples, the error rate or the root mean
squared error divided by the standard deviation of the test targets, as the mean of the
single members and of the ensemble; for classification also the log loss: of the single
members, of their average, of the average with one temperature, and of the average of
members with separate temperatures. Parameters are the defaults; classifiers use early
stopping with a tenth of the samples, to which the temperatures are fitted.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections import defaultdict
from contextlib import nullcontext
from copy import copy
from statistics import median

import numpy as np
from joblib import parallel_config
from joblib.externals.loky import get_reusable_executor
from scipy.special import log_softmax, softmax
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from benchmarks import results
from benchmarks.tables import tables
from sklearn_bpnet import BPNetClassifier, BPNetRegressor

N_MEMBERS = 8
CASES = {  # samples, features, hidden units, epochs
    "500 x 10, 32": (500, 10, (32,), 100),
    "20,000 x 20, 100": (20_000, 20, (100,), 100),
    "20,000 x 20, 256-256-256": (20_000, 20, (256, 256, 256), 2),
}


def measure(case, backend, n_rounds):
    """Return the median seconds of every way to train eight networks."""
    n_rows, n_features, hidden, n_epochs = CASES[case]
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, n_features))
    y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2] + 0.3 * rng.normal(size=n_rows)
    kwargs = {"hidden_layer_sizes": hidden, "max_iter": n_epochs, "tol": 0}

    def one_after_the_other():
        for seed in range(N_MEMBERS):
            BPNetRegressor(random_state=seed, **kwargs).fit(X, y)

    def ensemble(n_jobs):
        reg = BPNetRegressor(n_members=N_MEMBERS, n_jobs=n_jobs, **kwargs)
        with parallel_config(backend=backend) if backend else nullcontext():
            reg.fit(X, y)

    ways = {
        "eight fits": one_after_the_other,
        "n_jobs=1": lambda: ensemble(1),
        "n_jobs=2, first": lambda: ensemble(2),
        "n_jobs=2": lambda: ensemble(2),
    }
    seconds = defaultdict(list)
    for _ in range(n_rounds):
        for name, way in ways.items():
            if name.endswith("first"):
                get_reusable_executor().shutdown(wait=True)
            start = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - start)
    return {name: median(values) for name, values in seconds.items()}


def errors(table):
    """Return mean errors over the splits, by model."""
    found = defaultdict(list)
    for X, y, X_test, y_test in table.splits():
        if table.task == "regression":
            reg = BPNetRegressor(n_members=N_MEMBERS, random_state=0).fit(X, y)
            scale = y_test.std()

            def error(net, X=X_test, y=y_test, scale=scale):
                return np.sqrt(np.mean((net.predict(X) - y) ** 2)) / scale

            found["error, one"].append(np.mean([error(n) for n in reg.estimators_]))
            found["error, all"].append(error(reg))
            continue
        X, X_val, y, y_val = train_test_split(
            X, y, test_size=0.1, stratify=y, random_state=0
        )
        clf = BPNetClassifier(
            n_members=N_MEMBERS,
            early_stopping=True,
            calibration="temperature",
            random_state=0,
        ).fit(X, y, X_val=X_val, y_val=y_val)
        plain = copy(clf)
        plain.temperature_ = None
        P = {
            "all": plain.predict_proba(X_test),
            "all, temperature": clf.predict_proba(X_test),
            "all, own temperatures": _average_of_calibrated(clf, X_val, y_val, X_test),
        }
        each = [net.predict_proba(X_test) for net in clf.estimators_]
        labels = clf.classes_
        wrong = [np.mean(labels[p.argmax(axis=1)] != y_test) for p in each]
        found["error, one"].append(np.mean(wrong))
        found["error, all"].append(1 - clf.score(X_test, y_test))
        loss = [log_loss(y_test, p, labels=labels) for p in each]
        found["log loss, one"].append(np.mean(loss))
        for name, p in P.items():
            found[f"log loss, {name}"].append(log_loss(y_test, p, labels=labels))
    return {name: float(np.mean(values)) for name, values in found.items()}


def _average_of_calibrated(clf, X_val, y_val, X_test):
    """Return the mean of the members' probabilities with separate temperatures."""
    found = []
    for net in clf.estimators_:
        alone = copy(clf)
        alone.estimators_, alone.temperature_ = [net], None
        L = alone.predict_log_proba(X_val)
        y = np.searchsorted(clf.classes_, y_val)
        grid = np.logspace(-3, 3, 601)
        losses = [
            -log_softmax(L / t, axis=1)[np.arange(len(y)), y].mean() for t in grid
        ]
        logs = alone.predict_log_proba(X_test) / grid[np.argmin(losses)]
        found.append(softmax(logs, axis=1))
    return np.mean(found, axis=0)


def main():
    """Print the times, then a line per data set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=5000, help="samples, at most")
    parser.add_argument("--backend", help="of joblib, instead of the default")
    parser.add_argument("--only", choices=("time", "quality"))
    parser.add_argument("--save", action="store_true", help="save the results")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    found = {"seconds": {}, "errors": {}}
    for case in CASES if arguments.only != "quality" else ():
        seconds = measure(case, arguments.backend, arguments.rounds)
        found["seconds"][case] = seconds
        shown = "   ".join(
            f"{name} {t:.2f} s ({t / seconds['eight fits']:.2f})"
            for name, t in seconds.items()
        )
        print(f"{case:26s} {shown}", flush=True)
    for table in tables() if arguments.only != "time" else ():
        if len(table.X) <= arguments.rows:
            means = found["errors"][table.name] = errors(table)
            shown = "   ".join(f"{name} {mean:.4f}" for name, mean in means.items())
            print(f"{table.name:16s} {shown}", flush=True)
    if arguments.save:
        results.save("ensemble", found)


if __name__ == "__main__":
    main()
