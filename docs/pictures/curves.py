"""The curves of a training with early stopping."""

from sklearn.datasets import load_digits

from sklearn_bpnet import BPNetClassifier
from sklearn_bpnet.inspection import TrainingCurveDisplay

X, y = load_digits(return_X_y=True)
clf = BPNetClassifier(
    (32,), early_stopping=True, learning_rate_init=0.005, max_iter=60, random_state=0
).fit(X, y)
TrainingCurveDisplay.from_estimator(clf)
