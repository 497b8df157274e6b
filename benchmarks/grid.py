"""A grid search on digits, side by side: ``python -m benchmarks.grid``.

GridSearchCV with 12 candidates, 3 folds and two processes, for this project's
classifier and for scikit-learn's, alternating, several times. The start of the
processes is not measured.
"""

from __future__ import annotations

import argparse
import time
import warnings
from statistics import median

from joblib import Parallel, delayed
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier

from benchmarks import results
from sklearn_bpnet import BPNetClassifier

GRID = {
    "hidden_layer_sizes": [(50,), (100,)],
    "alpha": [1e-5, 1e-4, 1e-3],
    "learning_rate_init": [1e-3, 1e-2],
}
CONTENDERS = {"bpnet": BPNetClassifier, "scikit-learn": MLPClassifier}


def main():
    """Print seconds, the ratio of their medians, and the best scores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--save", action="store_true", help="save the results")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    X, y = load_digits(return_X_y=True)
    X /= 16
    Parallel(n_jobs=2)(delayed(time.sleep)(1) for _ in range(2))
    times = {name: [] for name in CONTENDERS}
    scores = {}
    for _ in range(arguments.repeats):
        for name, cls in CONTENDERS.items():
            search = GridSearchCV(cls(random_state=0), GRID, cv=3, n_jobs=2)
            start = time.perf_counter()
            search.fit(X, y)
            times[name].append(time.perf_counter() - start)
            scores[name] = search.best_score_
    found = {name: median(values) for name, values in times.items()}
    for name, seconds in found.items():
        print(f"{name:14s} {seconds:7.2f} s   best score {scores[name]:.4f}")
    print(f"bpnet / scikit-learn {found['bpnet'] / found['scikit-learn']:.2f}")
    if arguments.save:
        results.save("grid", {"seconds": found, "best_scores": scores})


if __name__ == "__main__":
    main()
