"""Test accuracy on MNIST: ``python -m benchmarks.mnist [MNIST.npz]``.

Pixels divided by 255 without input scaling, and raw uint8 pixels with the defaults,
for one hidden layer of 100 units (15 epochs) and of 800 (20 epochs). The file holds
X_train, y_train, X_test and y_test, the canonical split, pixels as uint8 (n, 784).
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklearn_bpnet import BPNetClassifier

DEFAULT_FILE = Path(__file__).parents[2] / "shared" / "data" / "mnist.npz"


def main():
    """Print a row for every network and input, the seeds' accuracies in it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", default=DEFAULT_FILE, type=Path)
    parser.add_argument("--seeds", type=int, default=2)
    arguments = parser.parse_args()
    with np.load(arguments.file) as data:
        X_train, y_train = data["X_train"], data["y_train"]
        X_test, y_test = data["X_test"], data["y_test"]
    fractions = [(X / np.float32(255)) for X in (X_train, X_test)]
    inputs = {
        "pixels / 255, input_scaling=None": (*fractions, {"input_scaling": None}),
        "raw pixels, defaults": (X_train, X_test, {}),
    }
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(f"{'input':34s} {'hidden':>8s} {'epochs':>6s} {'s/epoch':>7s}  accuracies")
    for hidden, epochs in (((100,), 15), ((800,), 20)):
        for name, (A, B, parameters) in inputs.items():
            scores, start = [], time.perf_counter()
            for seed in range(arguments.seeds):
                clf = BPNetClassifier(
                    hidden, max_iter=epochs, random_state=seed, **parameters
                )
                scores.append(clf.fit(A, y_train).score(B, y_test))
            seconds = (time.perf_counter() - start) / (epochs * arguments.seeds)
            shown = " ".join(f"{score:.4f}" for score in scores)
            print(f"{name:34s} {hidden!s:>8s} {epochs:6d} {seconds:7.2f}  {shown}")


if __name__ == "__main__":
    main()
