"""The faults that the fuzzers found, each with a small case of its own."""

import numpy as np
import pytest

from fuzz.strategies_parameters import arctangent, arctangent_derivative
from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.net.activations import ReLU

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
PAIR = (arctangent, arctangent_derivative)

# By test_parameters


@pytest.mark.parametrize(
    "parameters",
    [
        {"dtype": np.float32},
        {"activation": ["relu", PAIR]},
        {"activation": (PAIR, ReLU())},
        {"alpha": [0.1, np.array(0.1)]},
        {"dropout": np.array([0.1, 0.2])},
    ],
    ids=["type", "list", "tuple", "array in a list", "array"],
)
def test_an_estimator_has_a_repr_whatever_its_parameters(parameters):
    [name] = parameters
    assert f"{name}=" in repr(BPNetRegressor((3, 2), **parameters))


def test_a_parameter_that_is_a_numpy_number_equal_to_the_default_is_not_shown():
    assert "tol" not in repr(BPNetRegressor(tol=np.float64(1e-4)))


@pytest.mark.parametrize("scoring", ["r2", "neg_mean_absolute_error"])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_every_member_of_an_ensemble_is_scored(scoring, method, regression):
    X, y = regression
    parameters = {"early_stopping": True, "scoring": scoring, "max_iter": 3}
    reg = BPNetRegressor((3,), n_members=2, random_state=0, **parameters)
    getattr(reg, method)(X, y, X_val=X[:40], y_val=y[:40])
    for member in reg.estimators_:
        single = BPNetRegressor((3,), random_state=member.random_state, **parameters)
        getattr(single, method)(X, y, X_val=X[:40], y_val=y[:40])
        assert single.validation_scores_ == member.validation_scores_


def test_a_verbose_ensemble_fits_a_single_class(capsys):
    X = np.arange(6.0).reshape(3, 2)
    BPNetClassifier((2,), n_members=2, verbose=True).fit(X, ["a"] * 3)
    assert capsys.readouterr().out.startswith("Member 1/2, ")


def test_predictions_beyond_float32_are_finite_for_float32_inputs(rng):
    X, x = rng.normal(size=(3, 2)), np.full((1, 2), -1e30, dtype=np.float32)
    reg = BPNetRegressor((3,), activation="elu", max_iter=3, random_state=0)
    reg.fit(X, [1e19, -1e19, 1e18])
    assert np.abs(reg.predict(x.astype(np.float64))) > np.finfo(np.float32).max
    assert np.isfinite(reg.predict(x)).all()


def test_a_user_defined_loss_may_have_huge_targets():
    def value(Y, A):
        return ((A - Y) ** 4).sum(axis=1)

    def gradient(Y, A):
        return 4 * (A - Y) ** 3

    rng = np.random.default_rng(0)
    Y = rng.normal(size=(9, 2)) * [1.0, 1e20]
    settings = {"learning_rate_init": 1e-9, "dtype": "float64", "max_iter": 1}
    reg = BPNetRegressor((), loss=(value, gradient), solver="adam", **settings)
    assert np.isfinite(reg.fit(rng.normal(size=(9, 2)), Y).predict([[0.0, 1.0]])).all()


@pytest.mark.parametrize("shape", [(120,), (120, 2)])
def test_text_as_numeric_targets_is_an_error_that_names_y(shape, regression):
    X, _ = regression
    y = np.resize(np.array(["1.5", "yes"]), shape)
    with pytest.raises(ValueError, match=r"^y holds text that is no number: 'yes'"):
        BPNetRegressor(max_iter=1).fit(X, y)
    X_val, y_val = X[:2], y[:2]
    with pytest.raises(ValueError, match=r"^y_val holds text that is no number: 'yes'"):
        BPNetRegressor(max_iter=1).fit(X, np.zeros(y.shape), X_val=X_val, y_val=y_val)


def test_text_of_numbers_is_numeric_as_scikit_learn_has_it(regression):
    X, y = regression
    fits = [
        BPNetRegressor(max_iter=2, random_state=0).fit(X, targets)
        for targets in (y, y.astype(str), y.astype(bytes))
    ]
    for fit in fits[1:]:
        np.testing.assert_array_equal(fit.predict(X), fits[0].predict(X))


def test_a_prediction_in_single_precision_is_finite(rng):
    X = rng.normal(size=(9, 2))
    reg = BPNetRegressor((), random_state=0, max_iter=1).fit(X, 1e19 * X[:, 0])
    far = np.array([[1e25, 1e25], [-1e25, -1e25]], dtype=np.float32)
    assert (np.abs(reg.predict(far.astype(np.float64))) > 1e40).all()
    single = reg.predict(far)
    assert single.dtype == np.float32
    assert (np.abs(single) == np.finfo(np.float32).max).all()
