"""Quality on tables, with default parameters: ``python -m benchmarks.tabular``.

Every model is fitted to the same splits, preprocessed alike: strings one-hot, missing
numbers the median, nothing scaled. The table shows the error rate, or the root mean
squared error over the standard deviation of the test targets, as means over the splits,
then log loss and AUC for classification, seconds, and geometric means of the error plus
0.01 over the tables. ``--ours name=value`` adds a contender with other parameters.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import time
import warnings
from ast import literal_eval
from collections import defaultdict

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

from benchmarks.tables import tables
from sklearn_bpnet import BPNetClassifier, BPNetRegressor

SHIFT = 0.01  # of the geometric mean, so that an error of nearly 0 does not decide


def scaled(model):
    """A regressor behind scaled features and a scaled target."""
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


def contenders(task, variants):
    """The models of a task by name, from a seed to an estimator."""
    models = dict(CONTENDERS[task])
    ours = BPNetClassifier if task == "classification" else BPNetRegressor
    for name in ("realmlp-td-s", "realmlp-td"):
        models[name] = lambda seed, n=name: ours.from_recipe(n, random_state=seed)
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
    """As many for PyTorch as NumPy's matrix products are told to use."""
    return int(os.environ.get("OPENBLAS_NUM_THREADS", os.cpu_count()))


def measured(model, task, X_train, y_train, X_test, y_test):
    """Error, log loss and AUC on the test rows; seconds and CPU seconds of fit."""
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


def run(chosen, variants, only):
    """Measure every model on every chosen table; print a row for each as it is done."""
    results = defaultdict(dict)
    for table in tables():
        if chosen and table.name not in chosen:
            continue
        for name, make in contenders(table.task, variants).items():
            if only and name not in only and name not in variants:
                continue
            rows = []
            for seed, split in enumerate(table.splits()):
                rows.append(measured(make(seed), table.task, *split))
            means = {k: float(np.mean([row[k] for row in rows])) for k in rows[0]}
            results[table.task, table.name][name] = means
            shown = "  ".join(f"{k} {v:.4f}" for k, v in means.items())
            print(f"{table.name:14s} {name:24s} {shown}", flush=True)
    return results


def summarise(results):
    """Print geometric means of the error plus the shift over the tables of a task."""
    for task in CONTENDERS:
        of_task = [models for (t, _), models in results.items() if t == task]
        if not of_task:
            continue
        print(f"\n{task}: geometric means over {len(of_task)} tables")
        for name in of_task[0]:
            errors = [models[name]["error"] + SHIFT for models in of_task]
            line = f"{name:24s} error {np.exp(np.mean(np.log(errors))) - SHIFT:.4f}"
            if task == "classification":
                losses = [models[name]["log_loss"] + SHIFT for models in of_task]
                line += f"  log loss {np.exp(np.mean(np.log(losses))) - SHIFT:.4f}"
            for measure in ("seconds", "cpu"):
                total = sum(models[name][measure] for models in of_task)
                line += f"  {measure} {total:.1f}"
            print(line)


def main():
    """Measure, print, and save if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="*", default=[])
    parser.add_argument("--models", nargs="*", default=[])
    parser.add_argument("--ours", action="append", default=[], metavar="NAME=VALUE,...")
    parser.add_argument("--save", help="a JSON file for the results")
    arguments = parser.parse_args()
    variants = {}
    for text in arguments.ours:
        settings = dict(part.split("=", 1) for part in text.split(";"))
        variants[text] = {k: literal_eval(v) for k, v in settings.items()}
    warnings.simplefilter("ignore")
    results = run(arguments.tables, variants, arguments.models)
    summarise(results)
    if arguments.save:
        with open(arguments.save, "w") as file:
            json.dump({f"{t}/{n}": m for (t, n), m in results.items()}, file, indent=1)


if __name__ == "__main__":
    main()
