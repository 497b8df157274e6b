"""Seconds until the first fit returns: ``python -m benchmarks.first_fit``.

A new process for every case: first with an empty cache of compiled code, where the
cases of one process follow each other, then with the cache that they have filled. Also
the time to import the package after scikit-learn's own MLP.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

from benchmarks import results

_CASES = """
import json, sys, time, warnings
import numpy as np

warnings.simplefilter("ignore")
from sklearn_bpnet import BPNetClassifier, BPNetRegressor

rng = np.random.default_rng(0)
X = rng.normal(size=(20_000, 20))
score = X @ rng.normal(size=20)
y, few = (score > 0).astype(int), dict(max_iter=2, random_state=0)
CASES = {
    "default classifier": lambda: BPNetClassifier(random_state=0).fit(X, y),
    "the same again": lambda: BPNetClassifier(random_state=0).fit(X, y),
    "X of float32": lambda: BPNetClassifier(**few).fit(X.astype(np.float32), y),
    "X of int64": lambda: BPNetClassifier(**few).fit((9 * X).astype(int), y),
    "regressor": lambda: BPNetRegressor(**few).fit(X, score),
    "activation mish": lambda: BPNetClassifier(activation="mish", **few).fit(X, y),
    "solver sgd": lambda: BPNetClassifier(solver="sgd", **few).fit(X, y),
    "three classes": lambda: BPNetClassifier(**few).fit(X, y + (X[:, 0] > 1)),
    "numeric embedding": lambda: BPNetClassifier(
        numeric_embedding="pbld", **few
    ).fit(X, y),
    "dtype float64": lambda: BPNetClassifier(dtype="float64", **few).fit(X, y),
}
chosen = sys.argv[1:] or CASES
for name in chosen:
    start = time.perf_counter()
    CASES[name]()
    print(json.dumps([name, time.perf_counter() - start]))
"""

_IMPORT = """
import time
import sklearn.neural_network
start = time.perf_counter()
import sklearn_bpnet
print(time.perf_counter() - start)
"""


def _run(code, *arguments, **environment):
    """Return what a new process prints, line by line."""
    command = [sys.executable, "-c", code, *arguments]
    environment = {**os.environ, **environment}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # a user's package is compiled
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def measure(n_runs=3):
    """Return seconds per case with an empty and with a filled cache, and of import."""
    empty, filled = {}, {}
    for _ in range(n_runs):
        with tempfile.TemporaryDirectory() as cache:
            found = dict(map(json.loads, _run(_CASES, NUMBA_CACHE_DIR=cache)))
            for name, seconds in found.items():
                empty.setdefault(name, []).append(seconds)
                [line] = _run(_CASES, name, NUMBA_CACHE_DIR=cache)
                filled.setdefault(name, []).append(json.loads(line)[1])
    _run(_IMPORT)  # writes the byte code
    imports = [float(_run(_IMPORT)[0]) for _ in range(5)]
    return {
        "empty": {name: statistics.median(t) for name, t in empty.items()},
        "filled": {name: statistics.median(t) for name, t in filled.items()},
        "import": statistics.median(imports),
    }


def report(found):
    """Print the measured seconds as a table."""
    print(f"{'20,000 x 20':22s}{'empty cache':>14s}{'new process':>14s}   [s]")
    for name, seconds in found["empty"].items():
        print(f"{name:22s}{seconds:14.2f}{found['filled'][name]:14.2f}")
    print(f"import after scikit-learn's MLP: {found['import']:.3f} s")


def main():
    """Measure, print and, if asked for, save."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=3, help="per case")
    parser.add_argument("--save", action="store_true", help="in benchmarks/results")
    arguments = parser.parse_args()
    found = measure(arguments.runs)
    report(found)
    if arguments.save:
        results.save("first_fit", found)


if __name__ == "__main__":
    main()
