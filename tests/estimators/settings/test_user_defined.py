"""User-defined activations and losses, and learned ones, at the estimators."""

import pickle
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score

from sklearn_bpnet import BPNetClassifier, BPNetRegressor, check_gradient
from sklearn_bpnet.net.activations import (
    SELU,
    Activation,
    Identity,
    LeakyReLU,
    Mixed,
    PReLU,
)
from sklearn_bpnet.net.losses import Loss

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = [BPNetClassifier, BPNetRegressor]
each_class = pytest.mark.parametrize("estimator", BOTH)
each_solver = pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])


@dataclass(frozen=True)
class Snake(Activation):
    """f(z) = z + sin(a z)^2 / a (Ziyin, Hartwig and Ueda 2020)."""

    frequency: float = 1.0

    reads_Z: ClassVar[bool] = True

    def forward(self, Z, out):
        return np.add(Z, np.sin(self.frequency * Z) ** 2 / self.frequency, out=out)

    def derivative(self, Z, A, out):
        return np.add(1, np.sin(2 * self.frequency * Z), out=out)


@dataclass(frozen=True)
class Cauchy(Loss):
    """L(y, a) = 1/2 sum_k ln(1 + (a_k - y_k)^2)."""

    def value(self, Y, A):
        return 0.5 * np.log1p((A - Y) ** 2).sum(axis=1)

    def gradient(self, Y, A, out):
        return np.divide(A - Y, 1 + (A - Y) ** 2, out=out)


def bent(Z):
    return np.arctan(Z)


def slope_of_bent(Z):
    return 1 / (1 + Z**2)


def cosh_loss(Y, A):
    return np.log(np.cosh(A - Y)).sum(axis=1)


def slope_of_cosh_loss(Y, A):
    return np.tanh(A - Y)


def half_square(Y, A):
    return 0.5 * ((A - Y) ** 2).sum(axis=1)


def difference(Y, A):
    return A - Y


OWN = {"a class": Snake(), "functions": (bent, slope_of_bent)}
each_own = pytest.mark.parametrize("activation", OWN.values(), ids=OWN)


# User-defined


def test_a_user_defined_loss_takes_under_15_lines(regression):
    class AsymmetricLoss(Loss):
        def value(self, Y, A):
            return (np.exp(A - Y) - (A - Y) - 1).sum(axis=1)

        def gradient(self, Y, A, out):
            return np.subtract(np.exp(A - Y), 1, out=out)

    X, y = regression
    reg = BPNetRegressor((), loss=AsymmetricLoss(), solver="lbfgs", tol=1e-8).fit(X, y)
    # at its minimum over the intercept the mean of exp(a - y) is 1
    assert np.exp(reg.predict(X) - y).mean() == pytest.approx(1, rel=1e-6)


@each_class
@each_solver
@each_own
def test_a_user_defined_activation_trains(estimator, solver, activation, iris):
    model = estimator((6,), activation=activation, solver=solver, random_state=0)
    model.set_params(
        max_iter=60, learning_rate_init=0.02 if solver != "lbfgs" else "auto"
    )
    assert model.fit(*iris).score(*iris) > 0.85
    check_gradient(model, iris[0][:20], iris[1][:20])


@each_solver
def test_a_user_defined_loss_trains_as_the_registered_one(solver, regression):
    reg = BPNetRegressor((5,), activation="tanh", solver=solver, random_state=0)
    # the usual penalty follows the noise with the registered one only
    reg.set_params(max_iter=20, target_scaling=None, dtype="float64", alpha=0.01)
    ours = clone(reg).fit(*regression)
    own = clone(reg).set_params(loss=(half_square, difference)).fit(*regression)
    assert_allclose(own.coefs_[0], ours.coefs_[0], rtol=1e-6)
    assert_allclose(own.predict(regression[0]), ours.predict(regression[0]), rtol=1e-6)


def test_the_targets_of_a_user_defined_loss_are_scaled_only_on_request(regression):
    X, y = regression
    pair = (half_square, difference)
    plain = BPNetRegressor((), loss=pair, max_iter=2).fit(X, 100 * y)
    assert not hasattr(plain, "target_mean_")
    scaled = BPNetRegressor((), loss=pair, target_scaling="standard", max_iter=2)
    assert_allclose(scaled.fit(X, 100 * y).target_mean_, 100 * y.mean())

    class Scaled(Cauchy):
        scalable_target: ClassVar[bool] = True

    reg = BPNetRegressor((), loss=Scaled(), max_iter=2).fit(X, y)
    assert reg.target_mean_ is not None


def test_a_user_defined_loss_resists_outliers(regression):
    X, y = regression
    y = y.copy()
    y[:10] += 100
    reg = BPNetRegressor((), solver="lbfgs", target_scaling=None, tol=1e-8)
    plain = clone(reg).fit(X, y)
    robust = clone(reg).set_params(loss=Cauchy()).fit(X, y)
    assert np.abs(robust.predict(X) - y)[10:].mean() < 0.2
    assert np.abs(plain.predict(X) - y)[10:].mean() > 2


def test_a_classifier_takes_a_user_defined_loss(iris):
    clf = BPNetClassifier((5,), loss=(half_square, difference), random_state=0)
    ours = BPNetClassifier((5,), loss="squared_error", random_state=0)
    for model in (clf, ours):
        model.set_params(solver="lbfgs", max_iter=30, output_activation="softmax")
    own, ours = clf.fit(*iris), ours.fit(*iris)
    assert_allclose(own.predict_proba(iris[0]), ours.predict_proba(iris[0]), atol=1e-6)


@each_class
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"activation": (bent, bent)},
            "ElementWise.*by its formula.*differences, at z",
        ),
        ({"activation": [(bent, bent), "relu"]}, "ElementWise.*by its formula"),
        ({"activation": (bent, lambda Z: Z[:, :1])}, r"f'\(Z\) must .*; got \(5, 1\)"),
        ({"activation": (lambda Z: Z[:2], bent)}, r"f\(Z\) must .*; got \(2, 3\)"),
        ({"loss": (half_square, cosh_loss)}, "dL/da must be an array of shape"),
        ({"loss": (half_square, slope_of_cosh_loss)}, "dL/da is .* by its formula"),
        ({"loss": (difference, difference)}, "one number per sample"),
    ],
    ids=[
        "derivative",
        "first layer",
        "shape of f'",
        "shape of f",
        "shape",
        "dL/da",
        "L",
    ],
)
def test_a_wrong_formula_is_found_on_first_use(estimator, wrong, message, iris):
    with pytest.raises(ValueError, match=message):
        estimator((4, 4), random_state=0).set_params(**wrong).fit(*iris)


@pytest.mark.parametrize(
    "wrong", [{"activation": (bent,)}, {"loss": (half_square,)}, {"loss": cosh_loss}],
    ids=["one activation", "one loss", "a function"],
)  # fmt: skip
def test_what_is_no_pair_is_refused(wrong, iris):
    with pytest.raises((TypeError, ValueError), match=r"(activation|loss).*must be"):
        BPNetRegressor((4,)).set_params(**wrong).fit(*iris)


@each_class
@each_own
def test_user_defined_functions_are_cloned_and_pickled(estimator, activation, iris):
    model = estimator((4,), activation=activation, max_iter=5, random_state=0)
    model.fit(*iris)
    back = pickle.loads(pickle.dumps(model))
    assert_array_equal(back.predict(iris[0]), model.predict(iris[0]))
    assert_array_equal(clone(model).fit(*iris).coefs_[0], model.coefs_[0])


@each_class
def test_user_defined_functions_inside_a_search_over_two_processes(estimator, iris):
    model = estimator((5,), max_iter=20, learning_rate_init=0.02, random_state=0)
    grid = {"activation": ["tanh", Snake(), Snake(0.5), (bent, slope_of_bent)]}
    if estimator is BPNetRegressor:
        grid["loss"] = [Cauchy(), (cosh_loss, slope_of_cosh_loss)]
    search = GridSearchCV(model, grid, cv=2, n_jobs=2, error_score="raise").fit(*iris)
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    assert len(set(scores)) > 1
    # the processes give what this one does
    best = clone(model).set_params(**search.best_params_)
    assert_allclose(cross_val_score(best, *iris, cv=2).mean(), search.best_score_)


def test_the_frequency_of_a_user_defined_class_is_a_parameter_to_search(iris):
    reg = BPNetRegressor((3,), activation=Snake(2.0))
    assert reg.get_params()["activation__frequency"] == 2.0
    assert clone(reg).set_params(activation__frequency=3.0).activation == Snake(3.0)


def test_a_pair_of_functions_is_not_one_activation_for_each_of_two_layers(iris):
    pair = BPNetRegressor((4, 3), activation=(bent, slope_of_bent), random_state=0)
    both = clone(pair).set_params(activation=[(bent, slope_of_bent)] * 2)
    pair, both = (m.set_params(max_iter=3).fit(*iris) for m in (pair, both))
    assert_array_equal(pair.coefs_[0], both.coefs_[0])


# Learned activations


LEARNED = {"prelu": "prelu", "mix": Mixed(SELU(), 0.5)}
each_learned = pytest.mark.parametrize("activation", LEARNED.values(), ids=LEARNED)


@each_class
@each_solver
@each_learned
def test_learned_activations_learn(estimator, solver, activation, iris):
    model = estimator((4, 3), activation=[activation, "tanh"], solver=solver)
    model.set_params(max_iter=30, random_state=0).fit(*iris)
    first, second, output = model.activation_weights_
    assert first.shape == (4,)
    assert second is None
    assert output is None
    assert (first != (0.25 if activation == "prelu" else 0.5)).all()
    check_gradient(model, iris[0][:20], iris[1][:20])


@each_class
def test_no_learned_activation_leaves_no_weights(estimator, iris):
    model = estimator((4,), max_iter=2).fit(*iris)
    assert not hasattr(model, "activation_weights_")


@each_class
def test_given_weights_start_from_the_first_slopes(estimator, iris):
    X, y = iris
    trained = estimator((4,), activation="prelu", max_iter=5, random_state=0)
    trained.fit(X, y)
    statistics = {
        "input_mean": trained.input_mean_,
        "input_scale": trained.input_scale_,
    }
    if estimator is BPNetRegressor:
        statistics["target_mean"] = trained.target_mean_
        statistics["target_scale"] = trained.target_scale_
    given = estimator.from_weights(
        trained.coefs_, trained.intercepts_, activation="prelu", **statistics
    )
    assert_array_equal(given.activation_weights_[0], 0.25)
    leaky = estimator.from_weights(
        trained.coefs_, trained.intercepts_, activation=LeakyReLU(0.25), **statistics
    )
    assert_allclose(given.predict(X), leaky.predict(X), rtol=1e-6)
    given.activation_weights_ = trained.activation_weights_  # editing takes effect
    assert_array_equal(given.predict(X), trained.predict(X))


@each_class
@each_learned
def test_editing_the_learned_weights_takes_effect(estimator, activation, iris):
    X, y = iris
    model = estimator((4,), activation=activation, max_iter=3, random_state=0)
    model.set_params(warm_start=True).fit(X, y)
    plain = 1.0 if activation == "prelu" else 0.0  # both are the identity then
    model.activation_weights_[0][:] = plain
    linear = clone(model).set_params(activation=Identity(), max_iter=1).fit(X, y)
    linear.coefs_, linear.intercepts_ = model.coefs_, model.intercepts_
    assert_allclose(model.predict(X), linear.predict(X), rtol=1e-5)


@each_class
def test_an_output_that_would_learn_is_refused(estimator, iris):
    with pytest.raises(ValueError, match="only hidden layers may"):
        estimator((4,), output_activation=PReLU()).fit(*iris)
