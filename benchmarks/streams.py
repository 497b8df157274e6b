"""Streams without a known end: ``python -m benchmarks.streams [TABLE ...]``.

A network learns with `partial_fit`, chunk by chunk, ten chunks to a table, and passes
over it are repeated. After 1, 3, 10 and 30 passes it is scored: its learning rate
cannot know which of them is the end. Compared are Adam with a constant rate, the same
with moving averages of the weights, and schedule-free AdamW. Printed are geometric
means, over random splits, of the test error over that of Adam: the share of wrong
labels, or the root mean square, plus 0.01 of the standard deviation.

The tables are scikit-learn's and those of the folder that SKLEARN_BPNET_DATA names, up
to 10,000 samples of each, and MNIST, if ``mnist.npz`` is in it.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from benchmarks import data
from benchmarks.tables import Table, one_hot, tables
from sklearn_bpnet import BPNetClassifier, BPNetRegressor

PASSES = (1, 3, 10, 30)
N_CHUNKS = 10
CONTENDERS = {
    "adam": {},
    "ema_decay=0.9": {"ema_decay": 0.9},
    "ema_decay=0.99": {"ema_decay": 0.99},
    "ema_decay=0.999": {"ema_decay": 0.999},
    "schedule_free_adamw": {"solver": "schedule_free_adamw"},
}


def mnist(n_samples):
    """Return random digits of MNIST as a table."""
    import pandas as pd

    with np.load(data.FOLDER / "mnist.npz") as file:
        X, y = file["X_train"], file["y_train"]
    chosen = np.random.default_rng(0).permutation(len(X))[:n_samples]
    X = pd.DataFrame(X.reshape(len(X), -1)[chosen])
    return Table("mnist", "classification", X.astype(float), y[chosen])


def errors(table, parameters, seed):
    """Return the test error after each number of passes."""
    is_classification = table.task == "classification"
    strata = table.y if is_classification else None
    X, X_test, y, y_test = train_test_split(
        table.X, table.y, test_size=0.25, stratify=strata, random_state=seed
    )
    prepare = one_hot(table.X)
    X, X_test = prepare.fit_transform(X), prepare.transform(X_test)
    chunks = np.array_split(np.random.default_rng(seed).permutation(len(y)), N_CHUNKS)
    estimator = BPNetClassifier if is_classification else BPNetRegressor
    model = estimator(random_state=seed, **parameters)
    first = {"classes": np.unique(table.y)} if is_classification else {}
    found = []
    for n_passes in range(1, max(PASSES) + 1):
        for chunk in chunks:
            model.partial_fit(X[chunk], y[chunk], **first)
            first = {}
        if n_passes in PASSES:
            found.append(1 - model.score(X_test, y_test))
    return 0.01 + np.array(found) ** (1 if is_classification else 0.5)


def main():
    """Print a line per table and contender, and the means over tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=10_000)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    found = tables(arguments.samples)
    if data.FOLDER is not None and (data.FOLDER / "mnist.npz").exists():
        found.append(mnist(arguments.samples))
    if arguments.tables:
        found = [table for table in found if table.name in arguments.tables]
    print(f"{'':35s}" + "".join(f"{n:>8d}" for n in PASSES) + "  passes")
    logs = {name: [] for name in CONTENDERS}
    for table in found:
        for name, parameters in CONTENDERS.items():
            of_table = [
                np.log(errors(table, parameters, seed))
                for seed in range(arguments.seeds)
            ]
            logs[name].append(np.mean(of_table, axis=0))
            ratios = np.exp(logs[name][-1] - logs["adam"][-1])
            cells = "".join(f"{ratio:8.3f}" for ratio in ratios)
            print(f"{table.name:13s}{name:22s}{cells}", flush=True)
    for name, of_tables in logs.items():
        ratios = np.exp(np.subtract(of_tables, logs["adam"]).mean(axis=0))
        print(f"{'all':13s}{name:22s}" + "".join(f"{ratio:8.3f}" for ratio in ratios))


if __name__ == "__main__":
    main()
