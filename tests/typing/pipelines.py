"""What a type checker must accept beside scikit-learn, which has no types."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.options import Dropout

X, y = load_iris(return_X_y=True)
pipeline = make_pipeline(StandardScaler(), BPNetClassifier((8,)))
pipeline.fit(X, y)
last = pipeline[-1]
assert isinstance(last, BPNetClassifier)
print(last.coefs_[0].shape)
steps = Pipeline([("scale", StandardScaler()), ("net", BPNetRegressor())])
search = GridSearchCV(
    BPNetClassifier((8,), dropout=Dropout(0.1)),
    {"dropout__rate": [0.0, 0.2], "early_stopping": [True]},
).fit(X, y)
best: BPNetClassifier = search.best_estimator_
print(best.get_params()["dropout__rate"])
print(cross_val_score(BPNetClassifier((8,)), X, y).mean())
BPNetClassifier(validation_fraction=TimeSeriesSplit(4)).fit(X, y)
BPNetClassifier().fit(sparse.csr_array(X), y).predict_proba(sparse.csr_array(X))
copy = clone(best)
assert isinstance(copy, BPNetClassifier)
print(copy.n_members)


def accuracy_of(
    model: BPNetClassifier, rows: NDArray[np.float64], labels: Any
) -> float:
    return model.fit(rows, labels).score(rows, labels)
