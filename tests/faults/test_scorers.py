"""Scorers that need what the validation samples or the estimator do not have."""

from inspect import signature

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    log_loss,
    make_scorer,
    roc_auc_score,
)

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.net.losses import Quantile

CONVERGENCE = "ignore::sklearn.exceptions.ConvergenceWarning"
UNDEFINED = "ignore::sklearn.exceptions.UndefinedMetricWarning"
pytestmark = pytest.mark.filterwarnings(CONVERGENCE)


def early(estimator, *, max_iter=4, **kwargs):
    return estimator(
        (4,), early_stopping=True, max_iter=max_iter, random_state=0, **kwargs
    )


LABELS = {
    "two numbers": np.array([0, 1]),
    "two names": np.array(["no", "yes"]),
    "three numbers": np.array([1, 2, 5]),
    "three names": np.array(["a", "b", "c"]),
}
each_labels = pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS.keys())
OF_PROBABILITIES = {
    "neg_log_loss": lambda Y, P: np.log((Y * P).sum(axis=1)).mean(),
    "neg_brier_score": lambda Y, P: (
        -((Y - P) ** 2).sum(axis=1).mean() / (2 if P.shape[1] == 2 else 1)
    ),
    "top_k_accuracy": lambda Y, P: (
        ((P >= np.sort(P, axis=1)[:, [-2]]) * Y).sum(axis=1).mean()
    ),
}


def exclusive(regression, labels):
    X, _ = regression
    codes = np.digitize(X[:, 0], [-0.4, 0.4][: len(labels) - 1])
    return X, labels[codes]


# every way to train with labels of one kind, numbers or names, the others with fit
HOW = [(kind, lacking, "fit") for kind in LABELS for lacking in (0, -1)]
HOW += [
    ("two names", -1, "partial_fit"),
    ("three numbers", 0, "partial_fit"),
    ("two numbers", 0, "ensemble"),
    ("three names", -1, "ensemble"),
]


@pytest.mark.parametrize(("kind", "lacking", "how"), HOW)
@pytest.mark.parametrize("name", OF_PROBABILITIES)
@pytest.mark.filterwarnings("ignore:'k' .2. greater than or equal")
def test_f15_scorers_of_probabilities_know_all_classes(
    kind, lacking, name, how, regression
):
    labels = LABELS[kind]
    takes_labels = "labels" in signature(brier_score_loss).parameters
    if name == "neg_brier_score" and not takes_labels:
        pytest.skip("this version of scikit-learn knows it for two classes only")
    X, y = exclusive(regression, labels)
    kept = y != labels[lacking]
    clf = early(BPNetClassifier, scoring=name, n_members=1 + (how == "ensemble"))
    validation = {"X_val": X[kept], "y_val": y[kept]}
    if how == "partial_fit":
        clf.partial_fit(X, y, classes=labels, **validation)
    else:
        clf.fit(X, y, **validation)
    model = clf.estimators_[0] if how == "ensemble" else clf
    P, Y = model.predict_proba(X[kept]), y[kept][:, None] == labels
    expected = OF_PROBABILITIES[name](Y, P)
    assert_allclose(model.best_validation_score_, expected, rtol=1e-5)


@each_labels
def test_f15_scorers_that_are_made_know_all_classes(labels, regression):
    X, y = exclusive(regression, labels)
    kept = y != labels[-1]
    scoring = make_scorer(
        log_loss, response_method="predict_proba", greater_is_better=False
    )
    made, named = (
        early(BPNetClassifier, scoring=s).fit(X, y, X_val=X[kept], y_val=y[kept])
        for s in (scoring, "neg_log_loss")
    )
    assert made.validation_scores_ == named.validation_scores_
    assert repr(scoring) == repr(
        make_scorer(log_loss, response_method="predict_proba", greater_is_better=False)
    )


def test_f15_given_labels_are_kept(regression):
    X, y = exclusive(regression, np.array([0, 1]))

    def metric(y_true, scores, *, labels=None, pos_label=None):
        return 0.5 if (labels, pos_label) == ("mine", 0) else np.nan

    scoring = make_scorer(
        metric, response_method="decision_function", labels="mine", pos_label=0
    )
    clf = early(BPNetClassifier, scoring=scoring).fit(X, y)
    assert clf.best_validation_score_ == 0.5


def test_f15_metrics_of_predicted_labels_choose_their_own(regression):
    X, y = exclusive(regression, np.array([0, 1, 2]))
    kept = y > 0
    clf = early(BPNetClassifier, scoring="f1_macro")
    clf.fit(X, y, X_val=X[kept], y_val=y[kept])
    expected = f1_score(y[kept], clf.predict(X[kept]), average="macro")
    assert clf.best_validation_score_ == expected


@each_labels
@pytest.mark.parametrize("scoring", ["roc_auc", "roc_auc_ovr"])
@pytest.mark.filterwarnings(UNDEFINED)
def test_f15_the_message_names_classes_that_are_lacking(labels, scoring, regression):
    X, y = exclusive(regression, labels)
    kept = y != labels[-1]
    clf = early(BPNetClassifier, scoring=scoring, n_iter_no_change=2)
    message = rf"scoring='{scoring}'.*lack class {labels[-1].item()!r}\. Use"
    with pytest.raises(ValueError, match=message):
        clf.fit(X, y, X_val=X[kept], y_val=y[kept])


@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.filterwarnings(UNDEFINED)
def test_f15_the_message_names_label_columns_that_are_constant(value, multilabel):
    X, Y = multilabel
    constant = Y.copy()
    constant[:, 1] = value
    clf = early(BPNetClassifier, scoring="roc_auc", n_iter_no_change=2)
    with pytest.raises(ValueError, match=r"scoring='roc_auc'.*column 1 is constant"):
        clf.fit(X, Y, X_val=X, y_val=constant)


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge", "perceptron"])
@pytest.mark.parametrize("scoring", ["neg_log_loss", "neg_brier_score", "roc_auc_ovr"])
@pytest.mark.parametrize("labels", [[0, 1], [0, 1, 2]])
def test_f15_losses_without_probabilities(loss, scoring, labels, regression):
    X, y = exclusive(regression, np.array(labels))
    output = "heaviside" if loss == "perceptron" else "auto"
    clf = early(BPNetClassifier, loss=loss, scoring=scoring, output_activation=output)
    message = rf"scoring='{scoring}' needs predict_proba, .*loss='{loss}'.*Use scoring"
    with pytest.raises(ValueError, match=message):
        clf.fit(X, y)


def test_f15_what_works_without_probabilities(regression):
    X, y = exclusive(regression, np.array([0, 1]))
    clf = early(BPNetClassifier, loss="hinge", scoring="roc_auc")
    clf.fit(X, y, X_val=X, y_val=y)
    expected = roc_auc_score(y, clf.decision_function(X))
    assert_allclose(clf.best_validation_score_, expected)


def test_f15_scorers_of_classification_for_a_regressor(regression):
    with pytest.raises(ValueError, match=r"scoring='roc_auc' needs decision_function"):
        early(BPNetRegressor, scoring="roc_auc").fit(*regression)


@pytest.mark.parametrize("n_targets", [1, 2])
def test_f15_r2_of_several_quantiles_is_that_of_score(n_targets, regression):
    X, y = regression
    y = np.c_[y, X[:, 0]][:, :n_targets].squeeze()
    reg = early(BPNetRegressor, loss=Quantile((0.1, 0.5, 0.9)), scoring="r2")
    reg.fit(X, y, X_val=X, y_val=y)
    assert_allclose(reg.best_validation_score_, reg.score(X, y), rtol=1e-5)
    reg.set_params(scoring="neg_mean_absolute_error")
    message = "scoring='neg_mean_absolute_error'.*3 quantiles per target.*scoring=None"
    with pytest.raises(ValueError, match=message):
        reg.fit(X, y)


def test_f15_metrics_that_take_no_weights(regression):
    X, y = regression
    with pytest.raises(ValueError, match=r"scoring='neg_max_error'.*sample_weight"):
        early(BPNetRegressor, scoring="neg_max_error").fit(X, y, np.linspace(1, 2, 120))


@pytest.mark.parametrize("scoring", ["neg_log_loss", "neg_brier_score"])
def test_scores_of_exclusive_classes_need_them(scoring, multilabel):
    X, Y = multilabel
    message = rf"scoring='{scoring}' is for exclusive classes.*Use scoring='loss'"
    for y in (Y, Y[:, :2] + Y[:, 2:]):  # indicators; columns of classes
        with pytest.raises(ValueError, match=message):
            early(BPNetClassifier, scoring=scoring).fit(X, y, X_val=X, y_val=y)


def test_label_indicators_have_scores_of_probabilities(multilabel):
    X, Y = multilabel
    clf = early(BPNetClassifier, scoring="average_precision")
    clf.fit(X, Y, X_val=X, y_val=Y)
    expected = average_precision_score(Y, clf.predict_proba(X))
    assert_allclose(clf.best_validation_score_, expected)
