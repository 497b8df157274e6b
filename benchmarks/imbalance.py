"""Rare classes on the mammography table: ``python -m benchmarks.imbalance [FILE]``.

Log loss and focal loss, with and without ``class_weight="balanced"``, over the folds of
a stratified five-fold cross-validation, repeated with other splits. The file is a table
of numbers with a header; its column ``target`` has two values. It is
``mammography.csv.gz`` in the folder that the environment variable SKLEARN_BPNET_DATA
names, unless given.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import make_scorer, recall_score
from sklearn.model_selection import RepeatedStratifiedKFold, cross_validate

from benchmarks import data
from sklearn_bpnet import BPNetClassifier

SETTINGS = {
    "log_loss": {},
    "log_loss, balanced": {"class_weight": "balanced"},
    "focal": {"loss": "focal"},
    "focal, balanced": {"loss": "focal", "class_weight": "balanced"},
}
SCORES = {
    "balanced accuracy": "balanced_accuracy",
    "recall of the rare": make_scorer(recall_score),
    "accuracy": "accuracy",
    "average precision": "average_precision",
    "ROC AUC": "roc_auc",
}


def main():
    """Print a line of mean scores per loss."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data.add_file_argument(parser, "mammography.csv.gz")
    parser.add_argument("--repeats", type=int, default=2)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    X, y = read(arguments.file)
    print(f"{len(y)} samples, {X.shape[1]} features, {y.mean():.2%} of the rare class")
    print(" " * 20 + "".join(f"{name:>20s}" for name in SCORES))
    folds = RepeatedStratifiedKFold(
        n_splits=5, n_repeats=arguments.repeats, random_state=0
    )
    for name, setting in SETTINGS.items():
        clf = BPNetClassifier((32,), early_stopping=True, random_state=0, **setting)
        if "class_weight" in setting:
            clf.set_params(scoring="balanced_accuracy")
        scores = cross_validate(clf, X, y, cv=folds, scoring=SCORES)
        means = (np.mean(scores[f"test_{score}"]) for score in SCORES)
        print(f"{name:20s}" + "".join(f"{mean:20.3f}" for mean in means))


def read(file):
    """Return the features, and 1 for samples of the rare class."""
    names = np.genfromtxt(file, delimiter=",", max_rows=1, dtype=str).tolist()
    table = np.genfromtxt(file, delimiter=",", skip_header=1, dtype=str)
    is_target = np.array(names) == "target"
    target = np.char.strip(table[:, is_target].ravel(), "'\"")
    labels, counts = np.unique(target, return_counts=True)
    rare = labels[counts.argmin()]
    return table[:, ~is_target].astype(float), (target == rare).astype(int)


if __name__ == "__main__":
    main()
