"""Seconds to predict one sample in ONNX: ``python -m benchmarks.onnx_latency``.

``predict_proba`` of a classifier, and its export in onnxruntime on one thread, predict
the same sample, alternating; the table shows medians and their ratios. The input of
onnxruntime is made once, as a service would make it from what it is sent.
"""

from __future__ import annotations

import argparse
import time
import warnings
from statistics import median

import numpy as np
import onnxruntime
import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from benchmarks import results
from sklearn_bpnet import BPNetClassifier
from sklearn_bpnet.onnx import onnx_inputs, to_onnx

N_SAMPLES = 2_000


def numbers(rng):
    """Return an array of 20 features."""
    return rng.random((N_SAMPLES, 20), dtype=np.float32)


def frame(rng):
    """Return a data frame of six numeric columns and eight of categories."""
    columns = {f"x{j}": rng.random(N_SAMPLES, dtype=np.float32) for j in range(6)}
    for j in range(8):
        levels = np.array([f"level {k}" for k in range(5 + 2 * j)], dtype=object)
        columns[f"c{j}"] = levels[rng.integers(0, len(levels), N_SAMPLES)]
    return pd.DataFrame(columns)


PLAIN = {
    "hidden_layer_sizes": (100,),
    "numeric_embedding": None,
    "shared_members": None,
}
CASES = {
    "array, one network": (numbers, PLAIN),
    "array, defaults": (numbers, {}),
    "data frame, one network": (frame, PLAIN),
    "data frame, defaults": (frame, {}),
}


def contenders(make_table, parameters):
    """Return functions that predict the probabilities of one sample, by name."""
    rng = np.random.default_rng(0)
    X = make_table(rng)
    clf = BPNetClassifier(max_iter=2, random_state=0, **parameters)
    clf.fit(X, rng.integers(0, 2, N_SAMPLES))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        to_onnx(clf, X).SerializeToString(),
        options,
        providers=["CPUExecutionProvider"],
    )
    row = X[:1]
    inputs = onnx_inputs(row)
    assert np.allclose(
        session.run(None, inputs)[1], clf.predict_proba(row), rtol=0, atol=1e-5
    )
    return {
        "bpnet": lambda: clf.predict_proba(row),
        "onnxruntime": lambda: session.run(None, inputs),
    }


def main():
    """Print a table of seconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=25)
    parser.add_argument("--calls", type=int, default=40)
    parser.add_argument("--save", action="store_true", help="save the results")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    found = {}
    print(f"{'seconds':26s}{'predict_proba':>16s}{'onnxruntime':>16s}{'ratio':>8s}")
    for case, of_case in CASES.items():
        predicts = contenders(*of_case)
        times = {name: [] for name in predicts}
        for _ in range(arguments.repeats):
            for name, predict in predicts.items():
                start = time.perf_counter()
                for _ in range(arguments.calls):
                    predict()
                times[name].append((time.perf_counter() - start) / arguments.calls)
        found[case] = {name: median(values) for name, values in times.items()}
        ours, theirs = found[case].values()
        print(f"{case:26s}{ours:16.6f}{theirs:16.6f}{ours / theirs:8.1f}")
    if arguments.save:
        results.save("onnx_latency", {"seconds": found})


if __name__ == "__main__":
    main()
