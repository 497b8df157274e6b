"""The empirical risk of an estimator, alone, and check_gradient on top of it."""

import pickle
import re
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bpnet import (
    BPNetClassifier,
    BPNetRegressor,
    check_gradient,
    empirical_risk,
)
from sklearn_bpnet.net.activations import ACTIVATIONS, Tanh
from sklearn_bpnet.net.blocks import Dense
from sklearn_bpnet.net.gradcheck import GradientMismatchError, compare
from sklearn_bpnet.net.losses import SquaredError
from sklearn_bpnet.net.network import Network

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@dataclass(frozen=True)
class WrongTanh(Tanh):
    """A planted error: 1 - a in place of 1 - a^2."""

    def derivative(self, Z, A, out):
        return np.subtract(1, A, out=out)


@dataclass(frozen=True)
class WronglyDerivedError(SquaredError):
    """A planted error: the gradient of twice the loss."""

    def gradient(self, Y, A, out):
        np.subtract(A, Y, out=out)
        out *= 2
        return out


WEIGHTED = {"l1_ratio": 0.5, "alpha": 0.01}


@pytest.mark.parametrize("setting", [{}, WEIGHTED], ids=["ridge", "elastic net"])
@pytest.mark.parametrize("weighted", [False, True])
def test_it_is_the_loss_of_the_fitted_estimator(setting, weighted, iris, regression):
    for model, (X, y) in (
        (BPNetClassifier((4,), solver="lbfgs", random_state=0, **setting), iris),
        (BPNetRegressor((4,), solver="lbfgs", random_state=0, **setting), regression),
    ):
        w = np.random.default_rng(0).integers(0, 4, len(y)) if weighted else None
        model.fit(X, y, w)
        J = empirical_risk(model, X, y, w)
        assert_allclose(J.value(J.theta), model.loss_, rtol=1e-12)
        assert_allclose(J.value_and_gradient(J.theta)[0], model.loss_, rtol=1e-12)


def test_it_is_the_loss_of_a_step_of_gradient_descent(iris):
    X, y = iris
    model = BPNetClassifier(
        (4,), solver="sgd", batch_size="full", max_iter=1, random_state=0
    )
    J = empirical_risk(model, X, y)
    model.fit(X, y)  # the loss is that of the weights before the step
    assert_allclose(J.value(J.theta), model.loss_, rtol=1e-12)


def test_scipy_trains_a_network_that_from_weights_takes(binary):
    X, y = binary
    clf = BPNetClassifier((), alpha=0.01, input_scaling=None, random_state=0)
    J = empirical_risk(clf, X, y)
    result = minimize(J.value_and_gradient, J.theta, jac=True, tol=1e-10)
    coefs, intercepts = J.coefs_and_intercepts(result.x)
    trained = BPNetClassifier.from_weights(coefs, intercepts)
    # sum of losses + w^2 / (2 C): C = 1 / (n alpha)
    oracle = LogisticRegression(C=1 / (len(y) * 0.01), tol=1e-10, max_iter=1000)
    expected = oracle.fit(X, y).predict_proba(X)
    assert_allclose(trained.predict_proba(X), expected, atol=1e-6)


def test_the_estimator_is_left_as_it_is(iris):
    X, y = iris
    clf = BPNetClassifier((4,), max_iter=2, random_state=np.random.RandomState(0))
    empirical_risk(clf, X, y)
    assert not hasattr(clf, "coefs_")
    assert clf.random_state.randint(10**6) == np.random.RandomState(0).randint(10**6)
    clf.fit(X, y)
    before = pickle.dumps(clf)
    check_gradient(clf, X[:5], y[:5])
    assert pickle.dumps(clf) == before


def test_rows_of_some_of_the_classes_will_do(iris):
    X, y = iris
    for warm_start in (False, True):
        clf = BPNetClassifier((), alpha=1e-5, max_iter=1, warm_start=warm_start)
        clf.fit(X, y)
        J = empirical_risk(clf, X[y == 1], y[y == 1])
        P = clf.predict_proba(X[y == 1])
        penalty = 0.5e-5 * sum((W**2).sum() for W in clf.coefs_)
        expected = -np.log(P[:, 1]).mean() + penalty
        assert_allclose(J.value(J.theta), expected, rtol=1e-5)


def test_sparse_rows(iris):
    X, y = iris
    clf = BPNetClassifier((4,), random_state=0)
    dense, csr = (empirical_risk(clf, A, y) for A in (X, sparse.csr_array(X)))
    assert_allclose(csr.value(csr.theta), dense.value(dense.theta), rtol=1e-12)
    check_gradient(clf, sparse.csr_array(X), y)


def test_backpropagate_shows_the_passes(regression):
    X, y = regression
    reg = BPNetRegressor((3,), activation="relu", random_state=0)
    J = empirical_risk(reg, X, y)
    value, layers, gradient = J.backpropagate(J.theta)
    assert value == J.value(J.theta)
    assert_array_equal(gradient.flat, J.value_and_gradient(J.theta)[1])
    assert (layers[0].Z < 0).any()  # Z is kept, not overwritten by A
    assert_array_equal(layers[0].A, np.maximum(layers[0].Z, 0))
    assert_allclose(layers[1].D, (layers[1].A - J.Y) / len(y), rtol=1e-14)


def test_another_estimator_is_refused(iris):
    X, y = iris
    pipeline = make_pipeline(StandardScaler(), BPNetClassifier())
    with pytest.raises(TypeError, match="Pipeline"):
        empirical_risk(pipeline, X, y)
    with pytest.raises(ValueError, match="alpha"):
        empirical_risk(BPNetClassifier(alpha=-1), X, y)


@pytest.mark.parametrize("name", [n for n, f in ACTIVATIONS.items() if f.trainable])
def test_every_activation_passes(name, iris, regression):
    X, y = iris
    clf = BPNetClassifier((3, 2), activation=name, random_state=0, **WEIGHTED)
    assert check_gradient(clf, X, y, np.arange(len(y))).largest_error < 1e-5
    X, y = regression
    report = check_gradient(BPNetRegressor((3, 2), activation=name), X, y)
    learned = 5 if name == "prelu" else 0
    n_parameters = 4 * 3 + 3 + 3 * 2 + 2 + 2 + 1 + learned
    assert report.n_checked == report.n_parameters == n_parameters


@pytest.mark.parametrize(
    "setting",
    [
        {"loss": "squared_error"},
        {"loss": "squared_error", "output_activation": "softmax"},
        {"output_activation": "logistic"},
        {"class_weight": "balanced"},
    ],
    ids=str,
)
def test_every_kind_of_classifier_passes(setting, iris, multilabel):
    clf = BPNetClassifier((3,), random_state=0, **setting)
    check_gradient(clf, *iris)
    if setting.get("output_activation") != "softmax":
        check_gradient(clf, *multilabel)
    clf.set_params(max_iter=3).fit(*iris)
    check_gradient(clf, *iris)


def test_other_losses_pass(regression):
    X, y = regression
    check_gradient(BPNetRegressor((3,), loss="poisson"), X, np.exp(y / 5))
    Y = np.column_stack([y, -(y**2)])
    check_gradient(BPNetRegressor((3,), output_activation="tanh"), X, Y)


@pytest.mark.parametrize("layer", [1, 2])
def test_a_wrong_derivative_is_found_in_its_layer(layer, regression):
    activation = ["tanh", "tanh"]
    activation[layer - 1] = WrongTanh()
    reg = BPNetRegressor((3, 2), activation=activation, random_state=0)
    with pytest.raises(GradientMismatchError) as caught:
        check_gradient(reg, *regression)
    report, text = caught.value.report, str(caught.value)
    assert {m.layer for m in report.mismatches} == set(range(1, layer + 1))
    assert f"layer {layer} is the topmost that is off" in text
    worst = report.mismatches[0]
    J = empirical_risk(reg, *regression)
    arrays = J.risk.network.arrays(J.value_and_gradient(J.theta)[1])
    array = arrays[worst.layer - 1]["Wb".index(worst.parameter)]
    assert array[worst.index] == worst.backpropagation
    for number in (worst.backpropagation, worst.difference):
        assert f"{number:.6g}" in text
    # the difference is the derivative of the right network
    right = BPNetRegressor((3, 2), activation="tanh", random_state=0)
    J = empirical_risk(right, *regression)
    arrays = J.risk.network.arrays(J.value_and_gradient(J.theta)[1])
    array = arrays[worst.layer - 1]["Wb".index(worst.parameter)]
    assert_allclose(worst.difference, array[worst.index], rtol=1e-6)


def test_a_wrong_loss_is_found_at_the_output(regression):
    reg = BPNetRegressor((3,), loss=WronglyDerivedError(), output_activation="tanh")
    with pytest.raises(GradientMismatchError, match="layer 2 is the topmost"):
        check_gradient(reg, *regression)


def test_a_wrong_penalty_is_told_from_a_wrong_layer(regression, monkeypatch):
    reg = BPNetRegressor((3,), alpha=0.1, random_state=0)
    J = empirical_risk(reg, *regression)
    add_l2_gradient = type(J.risk.penalty).add_l2_gradient

    def twice(self, theta, strength, gradient, scratch):
        add_l2_gradient(self, theta, 2 * strength, gradient, scratch)

    monkeypatch.setattr(type(J.risk.penalty), "add_l2_gradient", twice)
    with pytest.raises(GradientMismatchError, match="check the penalty"):
        check_gradient(reg, *regression)


def test_a_kink_is_no_mistake():
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    # with zero biases the row (0, 0) lies on the kink of every rectifier
    reg = BPNetRegressor(
        (4,), input_scaling=None, alpha=0.1, l1_ratio=1.0, random_state=0
    )
    report = check_gradient(reg, X, [0.0, 1.0, 1.0, 0.0])
    assert report.n_kinks == 4  # the biases of the hidden layer
    assert "of 17 parameters checked" in str(report)


def test_a_wrong_derivative_beside_a_kink_is_found():
    def function(t):
        return abs(t[0]) + 3 * t[0]  # slopes 2 and 4

    network = Network((Dense(1, 1, ACTIVATIONS["identity"]),))
    theta = np.zeros(2)
    for slope in (2.0, 3.0, 4.0):
        assert not compare(function, theta, np.array([slope, 0]), network).mismatches
    for slope in (1.9, 4.1):
        assert compare(function, theta, np.array([slope, 0]), network).mismatches


def test_some_parameters_of_every_array(iris):
    X, y = iris
    clf = BPNetClassifier((50,), activation=WrongTanh(), random_state=0)
    with pytest.raises(GradientMismatchError) as caught:
        check_gradient(clf, X, y, n_per_array=4)
    report = caught.value.report
    assert (report.n_checked, report.n_parameters) == (4 + 4 + 4 + 3, 403)
    assert {m.layer for m in report.mismatches} == {1}
    again = BPNetClassifier((50,), activation="tanh", random_state=0)
    assert check_gradient(again, X, y, n_per_array=4).n_checked == 15
    with pytest.raises(ValueError, match="n_per_array must be at least 1"):
        check_gradient(again, X, y, n_per_array=0)


def test_a_user_defined_gradient_is_checked(regression):
    reg = BPNetRegressor((3,), activation="tanh", random_state=0)
    J = empirical_risk(reg, *regression)
    _, gradient = J.value_and_gradient(J.theta)
    assert check_gradient(reg, *regression, gradient=gradient).largest_error < 1e-5
    gradient[7] += 0.01  # W has 4 x 3 entries
    with pytest.raises(GradientMismatchError) as caught:
        check_gradient(reg, *regression, gradient=gradient)
    (wrong,) = caught.value.report.mismatches
    assert (wrong.layer, wrong.parameter, wrong.index) == (1, "W", (2, 1))
    with pytest.raises(ValueError, match=r"gradient must have the shape \(19,\)"):
        check_gradient(reg, *regression, gradient=gradient[1:])


def test_the_error_is_an_assertion_that_pickles(regression):
    reg = BPNetRegressor((3,), activation=WrongTanh(), random_state=0)
    with pytest.raises(AssertionError) as caught:
        check_gradient(reg, *regression)
    twin = pickle.loads(pickle.dumps(caught.value))
    assert twin.report == caught.value.report
    assert re.search(r"W\[\d, \d\] \(coefs_\[0\]\)|b\[\d\] \(intercepts_", str(twin))
