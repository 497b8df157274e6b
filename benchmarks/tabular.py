"""Quality on tabular data, with default parameters: ``python -m benchmarks.tabular``.

Every model is fitted to the same splits with the same preprocessing: strings one-hot
encoded, missing values replaced by the median, nothing scaled. The output shows the
error rate, or the root mean squared error divided by the standard deviation of the test
targets, as means over the splits; log loss and AUC for classification; seconds; and
geometric means over the data sets of the error plus 0.01. ``--ours name=value`` adds a
model with other parameters, and ``--defaults`` compares the defaults with variants of
one parameter at a time. ``--rows`` limits the number of samples of larger data sets,
``--splits`` the number of splits.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import time
import warnings
from ast import literal_eval
from collections import defaultdict
from itertools import islice

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks import results
from benchmarks.tables import tables
from sklearn_bpnet import BPNetClassifier, BPNetRegressor

SHIFT = 0.01  # of the geometric mean, which errors near 0 would dominate otherwise


def scaled(model):
    """Return a regressor with scaled features and a scaled target."""
    return TransformedTargetRegressor(
        make_pipeline(StandardScaler(), model), transformer=StandardScaler()
    )


CONTENDERS = {
    "classification": {
        "bpnet": lambda seed: BPNetClassifier(random_state=seed),
        "mlp, raw": lambda seed: MLPClassifier(random_state=seed),
        "mlp, scaled": lambda seed: make_pipeline(
            StandardScaler(), MLPClassifier(random_state=seed)
        ),
        "boosting": lambda seed: HistGradientBoostingClassifier(random_state=seed),
        "linear": lambda seed: make_pipeline(
            StandardScaler(), LogisticRegression(max_iter=1000)
        ),
    },
    "regression": {
        "bpnet": lambda seed: BPNetRegressor(random_state=seed),
        "mlp, raw": lambda seed: MLPRegressor(random_state=seed),
        "mlp, scaled": lambda seed: scaled(MLPRegressor(random_state=seed)),
        "boosting": lambda seed: HistGradientBoostingRegressor(random_state=seed),
        "linear": lambda seed: make_pipeline(StandardScaler(), RidgeCV()),
    },
}

# The defaults, and alternatives
AROUND_THE_DEFAULTS = [
    {"alpha": 1e-5},
    {"alpha": 1e-3},
    {"learning_rate": "constant"},
    {"learning_rate": "constant", "learning_rate_init": 0.001, "max_iter": 200},
    {"learning_rate": "flat_cosine"},
    {"learning_rate_init": 0.002},
    {"learning_rate_init": 0.02},
    {"beta_2": 0.95},
    {"max_iter": 50},
    {"max_iter": 200},
    {"n_iter_no_change": 10},
    {"early_stopping": True},
    {"batch_size": 32},
    {"batch_size": 200},
    {"input_scaling": "squash"},
    {"input_scaling": None},
    {"initializer": "glorot_uniform"},
    {"initializer": "he_normal"},
    {"activation": "gelu"},
    {"dropout": 0.1},
    {"hidden_layer_sizes": (200,)},
    {"hidden_layer_sizes": (100, 100)},
    {"dtype": "float64"},
    {"n_members": 4},
]


def contenders(task, variants):
    """Return the models of a task by name, functions from a seed to an estimator."""
    models = dict(CONTENDERS[task])
    ours = BPNetClassifier if task == "classification" else BPNetRegressor
    for name in ("realmlp-td-s", "realmlp-td"):
        models[name] = lambda seed, n=name: ours.from_recipe(n, random_state=seed)
    models["realmlp-td, 8 members"] = lambda seed: ours.from_recipe(
        "realmlp-td", n_members=8, random_state=seed
    )
    for name, settings in variants.items():
        models[name] = lambda seed, s=settings: ours(random_state=seed, **s)
    if importlib.util.find_spec("pytabkit") is not None:
        import pytabkit

        kind = "Classifier" if task == "classification" else "Regressor"
        realmlp = getattr(pytabkit, f"RealMLP_TD_S_{kind}")
        models["RealMLP-TD-S"] = lambda seed: realmlp(
            random_state=seed, device="cpu", n_threads=_n_threads()
        )
    return models


def _n_threads():
    """Return the number of threads of NumPy's matrix multiplications, for PyTorch."""
    return int(os.environ.get("OPENBLAS_NUM_THREADS", os.cpu_count()))


def measured(model, task, X_train, y_train, X_test, y_test):
    """Return error, log loss and AUC on the test samples; seconds of fit, also CPU."""
    start, start_cpu = time.perf_counter(), time.process_time()
    model.fit(X_train, y_train)
    result = {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - start_cpu,
    }
    if task == "regression":
        residual = model.predict(X_test) - y_test
        result["error"] = float(np.sqrt(np.mean(residual**2)) / np.std(y_test))
        return result
    result["error"] = float(np.mean(model.predict(X_test) != y_test))
    P = np.clip(model.predict_proba(X_test), 1e-15, 1)
    P /= P.sum(axis=1, keepdims=True)
    result["log_loss"] = log_loss(y_test, P, labels=model.classes_)
    binary = P[:, 1] if P.shape[1] == 2 else P
    result["auc"] = roc_auc_score(y_test, binary, multi_class="ovr")
    return result


def run(chosen, variants, only, n_rows=None, n_splits=None):
    """Measure every model on every selected data set; print a line for each."""
    found = defaultdict(dict)
    for table in tables(n_rows):
        if chosen and table.name not in chosen:
            continue
        for name, make in contenders(table.task, variants).items():
            if only and name not in only and name not in variants:
                continue
            rows = []
            for seed, split in enumerate(islice(table.splits(), n_splits)):
                rows.append(measured(make(seed), table.task, *split))
            means = {k: float(np.mean([row[k] for row in rows])) for k in rows[0]}
            found[table.task, table.name][name] = means
            shown = "  ".join(f"{k} {v:.4f}" for k, v in means.items())
            print(f"{table.name:14s} {name:24s} {shown}", flush=True)
    return found


def summarise(found):
    """Print geometric means of the error plus the shift over data sets, per task."""
    for task in CONTENDERS:
        of_task = [models for (t, _), models in found.items() if t == task]
        if not of_task:
            continue
        print(f"\n{task}: geometric means over {len(of_task)} data sets")
        for name, means in means_over(of_task).items():
            shown = "  ".join(f"{what} {value:.4f}" for what, value in means.items())
            print(f"{name:40s} {shown}")


def means_over(tables):
    """Return shifted geometric means over data sets, and total seconds, by model.

    Parameters
    ----------
    tables : list of dict
        The results per data set, by the name of the model.
    """
    means: dict = defaultdict(dict)
    for name in tables[0]:
        for what in ("error", "log_loss"):
            if what in tables[0][name]:
                values = np.array([models[name][what] for models in tables])
                mean = np.exp(np.mean(np.log(values + SHIFT))) - SHIFT
                means[name][what] = float(mean)
        for what in ("seconds", "cpu"):
            means[name][what] = sum(models[name][what] for models in tables)
    return means


def main():
    """Measure, print, and save if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="*", default=[])
    parser.add_argument("--models", nargs="*", default=[])
    parser.add_argument("--ours", action="append", default=[], metavar="NAME=VALUE,...")
    parser.add_argument("--defaults", action="store_true")
    parser.add_argument("--rows", type=int)
    parser.add_argument("--splits", type=int, help="per data set, at most")
    parser.add_argument("--save", metavar="NAME", help="save the results")
    arguments = parser.parse_args()
    variants = {}
    for text in arguments.ours:
        settings = dict(part.split("=", 1) for part in text.split(";"))
        variants[text] = {k: literal_eval(v) for k, v in settings.items()}
    if arguments.defaults:
        arguments.models = ["bpnet", "mlp, scaled"]
        for settings in AROUND_THE_DEFAULTS:
            name = ", ".join(f"{k}={v!r}" for k, v in settings.items())
            variants[name] = settings
    warnings.simplefilter("ignore")
    found = run(
        arguments.tables,
        variants,
        arguments.models,
        arguments.rows,
        arguments.splits,
    )
    summarise(found)
    if arguments.save:
        by_task: dict = defaultdict(dict)
        for (task, name), models in found.items():
            by_task[task][name] = models
        means = {task: means_over(list(t.values())) for task, t in by_task.items()}
        results.save(arguments.save, {"means": means, "tables": by_task})


if __name__ == "__main__":
    main()
