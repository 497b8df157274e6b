"""Raw frames against encoding outside: ``python -m benchmarks.raw_tables``.

Every data set is fitted as it is, and by the same estimator behind scikit-learn's
imputer and one-hot encoder, on the same splits, alternating. The output shows error,
seconds of fit, and the milliseconds that the prediction of one row takes; then the
geometric means of the ratios.
"""

from __future__ import annotations

import argparse
import time
import warnings
from statistics import geometric_mean, mean, median

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from benchmarks import results
from benchmarks.tables import tables
from sklearn_bpnet import BPNetClassifier, BPNetRegressor

_SHIFT = 0.01  # of the errors, which ratios near 0 would exaggerate


def inside(estimator, X):
    """Return the estimator alone."""
    return estimator


def outside(estimator, X):
    """Return the estimator behind an imputer and a one-hot encoder."""
    strings = [c for c in X if not pd.api.types.is_numeric_dtype(X[c])]
    numbers = [c for c in X if c not in strings]
    constant = SimpleImputer(strategy="constant", fill_value="missing")
    one_hot = OneHotEncoder(handle_unknown="ignore", drop="if_binary")
    return make_pipeline(
        make_column_transformer(
            (make_pipeline(constant, one_hot), strings),
            (SimpleImputer(add_indicator=True), numbers),
            sparse_threshold=0,
        ),
        estimator,
    )


CONTENDERS = {"inside": inside, "outside": outside}


def _error(model, task, X, y):
    """Return the error rate, or the root mean squared error over the deviation."""
    if task == "classification":
        return float(np.mean(model.predict(X) != y))
    return float(np.sqrt(np.mean((model.predict(X) - y) ** 2)) / np.std(y))


def measured(table, seed, make):
    """Return error, seconds of fit and milliseconds of a prediction of one row."""
    strata = table.y if table.task == "classification" else None
    X_train, X_test, y_train, y_test = train_test_split(
        table.X, table.y, test_size=0.2, stratify=strata, random_state=seed
    )
    cls = BPNetClassifier if table.task == "classification" else BPNetRegressor
    model = make(cls(random_state=seed), X_train)
    start = time.perf_counter()
    model.fit(X_train, y_train)
    seconds = time.perf_counter() - start
    one, times = X_test.iloc[:1], []
    for _ in range(20):
        start = time.perf_counter()
        model.predict(one)
        times.append(time.perf_counter() - start)
    return _error(model, table.task, X_test, y_test), seconds, 1000 * median(times)


def main():
    """Print a line for every data set, and the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", help="names of data sets")
    parser.add_argument("--rows", type=int, help="at most so many samples")
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--save", action="store_true", help="save the results")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    found = {}
    print(f"{'':16s}{'error':>18s}{'seconds':>18s}{'ms for one row':>18s}")
    for table in tables(arguments.rows):
        if arguments.only and table.name not in arguments.only:
            continue
        rounds = {name: [] for name in CONTENDERS}
        for make in CONTENDERS.values():
            measured(table, 0, make)  # compiles
        for seed in range(arguments.splits):
            for name, make in CONTENDERS.items():
                rounds[name].append(measured(table, seed, make))
        found[table.name] = facts = {}
        for name, of_model in rounds.items():
            errors, seconds, milliseconds = zip(*of_model, strict=True)
            facts[name] = mean(errors), median(seconds), median(milliseconds)
        pairs = zip(facts["inside"], facts["outside"], strict=True)
        cells = [f"{own:8.4f} /{other:8.4f}" for own, other in pairs]
        print(f"{table.name:16s}" + " ".join(cells), flush=True)
    for k, (what, shift) in enumerate((("error", _SHIFT), ("seconds", 0))):
        ratios = [
            (f["inside"][k] + shift) / (f["outside"][k] + shift) for f in found.values()
        ]
        print(f"{what}: {geometric_mean(ratios):.3f}, at most {max(ratios):.3f}")
    if arguments.save:
        results.save("raw_tables", found)


if __name__ == "__main__":
    main()
