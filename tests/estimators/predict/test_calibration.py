"""One temperature for the probabilities, from rows that training did not see."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.base import clone
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.metrics import log_loss

from sklearn_bpnet import BPNetClassifier
from sklearn_bpnet._fit.calibration import temperature
from sklearn_bpnet.net.activations import ACTIVATIONS


def noisy(n_classes):
    X, y = make_classification(
        900, n_classes=n_classes, n_informative=5, flip_y=0.3, random_state=0
    )
    return {"X": X[:300], "y": y[:300]}, {"X_val": X[300:600], "y_val": y[300:600]}


def overfitted(**parameters):
    return BPNetClassifier(
        (50,), solver="lbfgs", alpha=1e-5, max_iter=2000, random_state=0, **parameters
    )


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_temperature_is_that_of_the_lowest_log_loss(n_classes):
    train, validation = noisy(n_classes)
    X, y = validation.values()
    plain = overfitted().fit(**train)
    clf = overfitted(calibration="temperature").fit(**train, **validation)
    assert clf.temperature_ > 1
    logits = plain.decision_function(X)
    if n_classes == 2:
        logits = np.c_[np.zeros(len(X)), logits]
    # as if one more row were seen, of every class in equal parts
    seen = np.r_[np.repeat(np.arange(len(y)), n_classes), np.arange(len(y))]
    labels = np.r_[np.tile(np.arange(n_classes), len(y)), y]
    counts = np.r_[np.ones(len(y) * n_classes), np.full(len(y), n_classes * len(y))]

    def loss(log_t):
        P = softmax(logits / np.exp(log_t), axis=1)
        return log_loss(labels, P[seen], sample_weight=counts)

    best = minimize_scalar(loss, bounds=np.log([1e-2, 1e3]), method="bounded").x
    assert clf.temperature_ == pytest.approx(np.exp(best), rel=1e-3)
    assert_allclose(clf.predict_proba(X), softmax(logits / clf.temperature_, axis=1))
    assert_array_equal(clf.predict(X), plain.predict(X))
    assert_allclose(
        clf.decision_function(X) * clf.temperature_, plain.decision_function(X)
    )


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("n", [1, 5, 50])
def test_a_few_samples_that_are_all_right_leave_doubt(n, n_classes):
    Z = 30 * np.eye(n_classes)[np.arange(n) % n_classes]
    Y, activation = np.eye(n_classes)[np.arange(n) % n_classes], ACTIVATIONS["softmax"]
    if n_classes == 2:
        Z, Y, activation = Z[:, 1:] - Z[:, :1], Y[:, 1:], ACTIVATIONS["sigmoid"]
    T = temperature(Z, Y, None, activation)
    likeliest = softmax(np.r_[30, np.zeros(n_classes - 1)] / T).max()
    assert likeliest == pytest.approx((n + 1 / n_classes) / (n + 1), rel=1e-3)


@pytest.mark.parametrize("scale", [1 / 300, 1.0, 1e6])
def test_weights_of_the_validation_samples_count(scale):
    train, validation = noisy(2)
    weights = np.arange(300) % 3
    clf = overfitted(calibration="temperature")
    weighted = clone(clf).fit(**train, **validation, sample_weight_val=scale * weights)
    # the doubt of one more sample is that of one of mean weight among 200
    present = {name: rows[weights > 0] for name, rows in validation.items()}
    weights = weights[weights > 0] / 1.5
    logits = overfitted().fit(**train).decision_function(present["X_val"])
    y = 2 * present["y_val"] - 1

    def loss(log_t):
        z = logits / np.exp(log_t)
        right, wrong = np.logaddexp(0, -y * z), np.logaddexp(0, y * z)
        return np.sum(weights * (200.5 * right + 0.5 * wrong))

    best = minimize_scalar(loss, bounds=np.log([1e-2, 1e3]), method="bounded").x
    assert weighted.temperature_ == pytest.approx(np.exp(best), rel=1e-4)
    repeated = {
        name: np.repeat(rows, np.arange(300) % 3, axis=0)
        for name, rows in validation.items()
    }
    assert weighted.temperature_ == pytest.approx(
        clf.fit(**train, **repeated).temperature_, rel=5e-3
    )


def test_early_stopping_gives_the_samples_as_well():
    train, _ = noisy(3)
    clf = BPNetClassifier(
        (20,), calibration="temperature", early_stopping=True, random_state=0
    ).fit(**train)
    assert 0.1 < clf.temperature_ < 10


def test_label_indicators_share_one_temperature():
    X, Y = make_multilabel_classification(400, random_state=0)
    train, validation = (
        {"X": X[:100], "y": Y[:100]},
        {"X_val": X[100:], "y_val": Y[100:]},
    )
    clf = overfitted(calibration="temperature").fit(**train, **validation)
    plain = overfitted().fit(**train)
    P, Q = clf.predict_proba(X[100:]), plain.predict_proba(X[100:])

    def loss(P):
        return -np.mean(Y[100:] * np.log(P) + (1 - Y[100:]) * np.log1p(-P))

    assert clf.temperature_ > 1
    assert loss(P) < loss(Q)


def test_partial_fit_keeps_the_temperature_until_new_samples_come():
    train, validation = noisy(2)
    clf = BPNetClassifier((5,), calibration="temperature", random_state=0)
    clf.partial_fit(**train, classes=[0, 1])
    assert not hasattr(clf, "temperature_")
    first = clf.partial_fit(**train, **validation).temperature_
    assert clf.partial_fit(**train).temperature_ == first
    assert clf.partial_fit(**train, **validation).temperature_ != first


def test_without_samples_or_logits_it_is_refused_before_training():
    train, validation = noisy(2)
    with pytest.raises(ValueError, match="needs validation samples"):
        BPNetClassifier(calibration="temperature").fit(**train)
    clf = BPNetClassifier(
        calibration="temperature", loss="squared_error", output_activation="identity"
    )
    with pytest.raises(ValueError, match=r"needs logits.*'identity'"):
        clf.fit(**train, **validation)
