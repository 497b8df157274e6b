"""The solution is that of scikit-learn's linear models.

Without hidden layer the risk is convex, and its minimum is known. L-BFGS runs to its
end here; the comments say how each model scales its penalty.
"""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import (
    ElasticNet,
    GammaRegressor,
    HuberRegressor,
    Lasso,
    LogisticRegression,
    PoissonRegressor,
    QuantileRegressor,
    Ridge,
    TweedieRegressor,
)
from sklearn.metrics import mean_pinball_loss
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.net.losses import Huber, Quantile, TweedieLoss

quietly = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
LINEAR = {
    "hidden_layer_sizes": (),
    "input_scaling": None,
    "solver": "lbfgs",
    "tol": 1e-10,
    "max_iter": 10_000,
    "random_state": 0,
}
weighted = pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weights"])


def draw_weights(n, weighted):
    """Weights of mean 1, some of them zero; or None."""
    if not weighted:
        return None
    weights = np.random.default_rng(5).integers(0, 4, size=n).astype(float)
    return weights / weights.mean()


def assert_same_linear_model(ours, coef, intercept):
    assert_allclose(ours.coefs_[0].T.squeeze(), np.squeeze(coef), rtol=1e-4, atol=1e-7)
    assert_allclose(ours.intercepts_[0], np.ravel(intercept), rtol=1e-4)


@weighted
def test_binary_classifier_is_logistic_regression(binary, weighted):
    X, y = binary
    weights, C = draw_weights(len(y), weighted), 2.0
    ours = BPNetClassifier(alpha=1 / (C * len(y)), **LINEAR).fit(X, y, weights)
    theirs = LogisticRegression(C=C, tol=1e-10, max_iter=10_000).fit(X, y, weights)
    assert_same_linear_model(ours, theirs.coef_, theirs.intercept_)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-4)


@weighted
def test_multiclass_classifier_is_multinomial_logistic_regression(iris, weighted):
    X, y = iris
    weights, C = draw_weights(len(y), weighted), 0.5
    ours = BPNetClassifier(alpha=1 / (C * len(y)), **LINEAR).fit(X, y, weights)
    theirs = LogisticRegression(C=C, tol=1e-10, max_iter=10_000).fit(X, y, weights)
    # intercepts are free up to a constant, as they are not penalised
    ours.intercepts_[0] -= ours.intercepts_[0].mean()
    intercept = theirs.intercept_ - theirs.intercept_.mean()
    assert_same_linear_model(ours, theirs.coef_, intercept)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_multiclass_classifier_is_penalised_multinomial_regression(iris, l1_ratio):
    # C sum_n L_n + r ||w||_1 + (1 - r)/2 ||w||^2
    X, y, C = StandardScaler().fit_transform(iris[0]), iris[1], 0.2
    ours = BPNetClassifier(alpha=1 / (C * len(y)), l1_ratio=l1_ratio, **LINEAR)
    ours.fit(X, y)
    theirs = LogisticRegression(
        C=C, l1_ratio=l1_ratio, penalty="elasticnet", solver="saga", tol=1e-11,
        max_iter=100_000, random_state=0,
    )  # fmt: skip
    with warnings.catch_warnings():  # `penalty` is on its way out
        warnings.simplefilter("ignore", FutureWarning)
        theirs.fit(X, y)
    ours.intercepts_[0] -= ours.intercepts_[0].mean()
    intercept = theirs.intercept_ - theirs.intercept_.mean()
    assert_same_linear_model(ours, theirs.coef_, intercept)
    assert_array_equal(ours.coefs_[0].T == 0, theirs.coef_ == 0)
    assert (theirs.coef_ == 0).any()


@weighted
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_regressor_is_ridge(regression, rng, weighted, n_outputs):
    X, y = regression
    weights, alpha = draw_weights(len(y), weighted), 0.05
    Y = y if n_outputs == 1 else np.c_[y, y**2, rng.normal(size=len(y))]
    ours = BPNetRegressor(alpha=alpha, target_scaling=None, **LINEAR)
    ours.fit(X, Y, weights)
    theirs = Ridge(alpha=alpha * len(y)).fit(X, Y, weights)
    assert_same_linear_model(ours, theirs.coef_, theirs.intercept_)


@weighted
def test_regressor_is_poisson_regression(regression, rng, weighted):
    X, y = regression
    y = rng.poisson(np.exp(0.3 * y)).astype(float)
    weights = draw_weights(len(y), weighted)
    ours = BPNetRegressor(loss="poisson", alpha=0.1, **LINEAR).fit(X, y, weights)
    theirs = PoissonRegressor(alpha=0.1, tol=1e-10, max_iter=10_000)
    theirs.fit(X, y, weights)
    assert_same_linear_model(ours, theirs.coef_, theirs.intercept_)


@weighted
@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
def test_regressor_is_elastic_net_with_the_same_zeros(rng, weighted, l1_ratio):
    X = rng.normal(size=(100, 10))
    y = X[:, :3] @ [1.0, -2.0, 0.5] + 3 + 0.5 * rng.normal(size=100)
    weights = draw_weights(len(y), weighted)
    ours = BPNetRegressor(alpha=0.2, l1_ratio=l1_ratio, target_scaling=None, **LINEAR)
    ours.fit(X, y, weights)
    theirs = ElasticNet(alpha=0.2, l1_ratio=l1_ratio, tol=1e-12, max_iter=100_000)
    theirs.fit(X, y, weights)
    assert_same_linear_model(ours, theirs.coef_, theirs.intercept_)
    assert_array_equal(ours.coefs_[0][:, 0] == 0, theirs.coef_ == 0)
    assert 0 < (theirs.coef_ == 0).sum() < 10
    if l1_ratio == 1:
        lasso = Lasso(alpha=0.2, tol=1e-12).fit(X, y, weights)
        assert_same_linear_model(ours, lasso.coef_, lasso.intercept_)


def lasso_problem(rng):
    X = rng.normal(size=(200, 10))
    y = X[:, :3] @ [1.0, -2.0, 0.5] + 3 + 0.5 * rng.normal(size=200)
    return X, y, Lasso(alpha=0.2, tol=1e-12).fit(X, y)


def lasso_by_steps(solver, **kwargs):
    return BPNetRegressor(
        (),
        solver=solver,
        alpha=0.2,
        l1_ratio=1.0,
        input_scaling=None,
        target_scaling=None,
        dtype="float64",
        learning_rate="constant",
        learning_rate_init=0.01,
        n_iter_no_change=np.inf,
        random_state=0,
        **kwargs,
    )


@quietly
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_proximal_steps_end_at_the_lasso_with_the_same_zeros(rng, solver):
    X, y, lasso = lasso_problem(rng)
    ours = lasso_by_steps(solver, batch_size="full", max_iter=2000).fit(X, y)
    assert_allclose(ours.coefs_[0][:, 0], lasso.coef_, rtol=1e-4)
    assert_array_equal(ours.coefs_[0][:, 0] == 0, lasso.coef_ == 0)


@quietly
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_mini_batches_find_the_zeros_of_the_lasso(rng, solver):
    X, y, lasso = lasso_problem(rng)
    ours = lasso_by_steps(solver, batch_size=50, max_iter=500).fit(X, y)
    assert_allclose(ours.coefs_[0][:, 0], lasso.coef_, atol=0.05)
    assert_array_equal(ours.coefs_[0][:, 0] == 0, lasso.coef_ == 0)


@quietly
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_a_smaller_learning_rate_does_not_leave_the_lasso(rng, solver):
    X, y, lasso = lasso_problem(rng)
    ours = lasso_by_steps(solver, batch_size="full", max_iter=2000, warm_start=True)
    ours.fit(X, y)
    ours.set_params(learning_rate_init=0.001, max_iter=50).fit(X, y)
    assert_allclose(ours.coefs_[0][:, 0], lasso.coef_, atol=1e-3)


# The losses of scikit-learn's other linear models, and how each scales its penalty


@weighted
@pytest.mark.parametrize("C", [0.02, 1.0])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_squared_hinge_is_linear_svc(iris, binary, n_classes, C, weighted):
    # 1/2 ||w||^2 + C sum_n L_n, one class against the rest; so alpha = 1 / (C n).
    # LinearSVC penalises the intercept too, divided by `intercept_scaling`
    X, y = binary if n_classes == 2 else iris
    X = StandardScaler().fit_transform(X)
    weights = draw_weights(len(y), weighted)
    ours = BPNetClassifier(loss="squared_hinge", alpha=1 / (C * len(y)), **LINEAR)
    ours.fit(X, y, weights)
    theirs = LinearSVC(
        C=C, dual=False, tol=1e-10, max_iter=100_000, intercept_scaling=1000.0
    ).fit(X, y, weights)
    assert_same_linear_model(ours, theirs.coef_, theirs.intercept_)
    assert_allclose(
        ours.decision_function(X), theirs.decision_function(X), rtol=1e-3, atol=1e-3
    )


GLMS = {
    "poisson": (PoissonRegressor, "poisson", {}),
    "gamma": (GammaRegressor, "gamma", {}),
    **{
        f"tweedie {power}": (TweedieRegressor, TweedieLoss(power), {"power": power})
        for power in (1, 1.2, 1.5, 1.9, 2, 3)
    },
}


@pytest.mark.parametrize(("alpha", "weighted"), [(0.001, True), (0.1, False)])
@pytest.mark.parametrize("glm", GLMS.values(), ids=GLMS)
def test_deviances_are_generalised_linear_models(rng, glm, alpha, weighted):
    # half the mean deviance + alpha/2 ||w||^2, with a log link
    theirs, loss, parameters = glm
    X = rng.normal(size=(150, 4))
    y = rng.gamma(2, 0.5 * np.exp(X @ [0.4, -0.3, 0.2, 0.0]))
    if parameters.get("power", 1) < 2 and theirs is not GammaRegressor:
        y[rng.random(150) < 0.2] = 0  # as such distributions allow
    weights = draw_weights(len(y), weighted)
    ours = BPNetRegressor(loss=loss, alpha=alpha, **LINEAR).fit(X, y, weights)
    parameters = {"tol": 1e-10, "max_iter": 10_000} | parameters
    if theirs is TweedieRegressor:
        parameters["link"] = "log"
    theirs = theirs(alpha=alpha, **parameters).fit(X, y, weights)
    assert_same_linear_model(ours, theirs.coef_, theirs.intercept_)
    assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-4)


@weighted
@pytest.mark.parametrize("epsilon", [1.1, 1.35, 2.0])
@pytest.mark.parametrize("alpha", [1e-4, 5.0])
def test_huber_is_huber_regressor_at_its_own_scale(
    regression, epsilon, alpha, weighted
):
    # sum_n s_n (sigma + sigma H(e_n / sigma)) + alpha ||w||^2, where H(z) = z^2 up to
    # epsilon: that is 2 / sigma times the Huber loss of delta = epsilon sigma
    X, y = regression
    y = y + 0.3 * X[:, 3]
    y[::10] += np.random.default_rng(2).normal(0, 10, size=len(y[::10]))
    weights = draw_weights(len(y), weighted)
    theirs = HuberRegressor(epsilon=epsilon, alpha=alpha, tol=1e-9, max_iter=10_000)
    theirs.set_params(warm_start=True)
    for _ in range(5):  # its own tolerance on the objective ends each fit too soon
        theirs.fit(X, y, weights)
    assert 0 < theirs.outliers_.sum() < len(y)
    sigma = theirs.scale_
    ours = BPNetRegressor(
        loss=Huber(epsilon * sigma), alpha=alpha * sigma / len(y), target_scaling=None,
        **LINEAR,
    ).fit(X, y, weights)  # fmt: skip
    assert_same_linear_model(ours, theirs.coef_, theirs.intercept_)


@quietly
@weighted
@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("alpha", [0.0, 0.1])
def test_quantile_is_quantile_regressor(regression, level, alpha, weighted):
    # mean pinball loss + alpha ||w||_1
    X, y = regression
    weights = draw_weights(len(y), weighted)
    theirs = QuantileRegressor(quantile=level, alpha=alpha).fit(X, y, weights)

    def objective(coef, intercept):
        losses = mean_pinball_loss(
            y, X @ coef + intercept, sample_weight=weights, alpha=level
        )
        return losses + alpha * np.abs(coef).sum()

    ours = BPNetRegressor(
        (), loss=Quantile(level), alpha=alpha, l1_ratio=1.0, input_scaling=None,
        target_scaling=None, batch_size="full", learning_rate_init=0.1,
        learning_rate="cosine", max_iter=1500, n_iter_no_change=np.inf, random_state=0,
    ).fit(X, y, weights)  # fmt: skip
    best = objective(theirs.coef_, theirs.intercept_)
    assert ours.loss_ == pytest.approx(best, rel=1e-3)
    reached = objective(ours.coefs_[0][:, 0], ours.intercepts_[0][0])
    assert reached == pytest.approx(best, rel=1e-3)
    if alpha:
        assert_array_equal(ours.coefs_[0][:, 0] == 0, theirs.coef_ == 0)


def test_several_levels_are_one_quantile_regression_each_where_none_cross(regression):
    X, y = regression
    levels = (0.1, 0.5, 0.9)
    options = {
        "batch_size": "full", "learning_rate_init": 0.1, "learning_rate": "cosine",
        "max_iter": 1500, "n_iter_no_change": np.inf, "random_state": 0,
        "alpha": 0.0, "target_scaling": None,
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        reg = BPNetRegressor((), loss=Quantile(levels), **options).fit(X, y)
    predicted = reg.predict(X)
    assert (np.diff(predicted, axis=1) > 0).all()
    for k, level in enumerate(levels):
        theirs = QuantileRegressor(quantile=level, alpha=0.0).fit(X, y)
        best = mean_pinball_loss(y, theirs.predict(X), alpha=level)
        # a sum of softplus of linear functions can be all but linear
        assert mean_pinball_loss(y, predicted[:, k], alpha=level) < 1.05 * best
