"""Target encodings on MNIST: ``python -m benchmarks.target_encodings``.

Test accuracy on MNIST of the lecture's three options: one neuron (a regression on the
digit), four neurons (its binary code), ten neurons (one per digit), the last with ten
sigmoids and with a softmax. Everything else is the same: one hidden layer of 100
rectifiers, Adam, batches of 200, 15 epochs, pixels / 255. The file is that of
``benchmarks.mnist``.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from benchmarks.mnist import DEFAULT_FILE
from sklearn_bpnet import BPNetClassifier

OPTIONS = {
    "ordinal, 1 neuron": {"target_encoding": "ordinal", "loss": "squared_error"},
    "binary, 4 neurons": {"target_encoding": "binary"},
    "one-hot, 10 sigmoids": {"output_activation": "sigmoid"},
    "one-hot, softmax of 10": {},
}


def main():
    """Print a line per option."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", default=DEFAULT_FILE, type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    with np.load(arguments.file) as data:
        X_train, y_train = data["X_train"] / np.float32(255), data["y_train"]
        X_test, y_test = data["X_test"] / np.float32(255), data["y_test"]
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(f"{'encoding':24s} {'mean':>6s}  accuracies, %")
    for name, parameters in OPTIONS.items():
        scores = []
        for seed in range(arguments.seeds):
            clf = BPNetClassifier(
                (100,),
                batch_size=200,
                max_iter=15,
                input_scaling=None,
                random_state=seed,
                **parameters,
            )
            scores.append(100 * clf.fit(X_train, y_train).score(X_test, y_test))
        shown = " ".join(f"{score:.2f}" for score in scores)
        print(f"{name:24s} {np.mean(scores):6.2f}  {shown}", flush=True)


if __name__ == "__main__":
    main()
