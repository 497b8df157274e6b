"""solver="schedule_free_adamw": which weights train, and which ones predict."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.exceptions import ParameterWithoutEffectWarning
from sklearn_bpnet.training.optimizers import ScheduleFreeAdamW
from sklearn_bpnet.training.schedules import Constant

BOTH = [BPNetClassifier, BPNetRegressor]
each_class = pytest.mark.parametrize("estimator", BOTH)
USUAL = {"hidden_layer_sizes": (6,), "random_state": 0, "max_iter": 6}
SHOWN = {**USUAL, "numeric_embedding": None, "shared_members": None, "alpha": 1e-4}


def make(estimator, **parameters):
    return estimator(**SHOWN | {"solver": "schedule_free_adamw"} | parameters)


def flat(model):
    """theta, as training stores it."""
    pairs = zip(model.coefs_, model.intercepts_, strict=True)
    return np.concatenate([a.ravel() for pair in pairs for a in pair])


def step(model, X, y):
    classes = {"classes": [0, 1, 2]} if isinstance(model, BPNetClassifier) else {}
    return model.partial_fit(X, y, **classes)


def state(model):
    return model._fitted.state


@each_class
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_weights_that_predict_are_x(estimator, dtype, iris):
    model = make(estimator, warm_start=True, dtype=dtype).fit(*iris)
    y, z = state(model).theta, state(model).progress.optimizer_state["z"]
    x = (y - 0.1 * z) / 0.9
    assert_allclose(flat(model), x, rtol=1e-5)
    assert np.abs(y - x).max() > 1e-3
    assert model.coefs_[0].dtype == z.dtype == dtype


@each_class
def test_x_is_the_mean_of_all_z(estimator, iris):
    model = make(estimator, batch_size="full", learning_rate="constant")
    zs = []
    for _ in range(5):
        step(model, *iris)
        zs.append(state(model).progress.optimizer_state["z"].copy())
    assert_allclose(flat(model), np.mean(zs, axis=0), rtol=1e-6, atol=1e-9)


@each_class
def test_validation_is_that_of_x(estimator, iris):
    X, y = iris
    model = make(estimator, early_stopping=True, scoring="loss", max_iter=4)
    model.set_params(n_iter_no_change=np.inf)
    model.fit(X, y, X_val=X[::3], y_val=y[::3])
    before = clone(model).set_params(max_iter=int(model.best_epoch_), tol=0)
    before.set_params(early_stopping=False).fit(X, y)
    assert_allclose(model.coefs_[0], before.coefs_[0], rtol=1e-6)
    score = before.set_params(early_stopping=True).fit(X, y, X_val=X[::3], y_val=y[::3])
    assert_allclose(
        score.validation_loss_curve_, model.validation_loss_curve_[: before.max_iter]
    )


@each_class
def test_training_starts_anew_from_edited_weights(estimator, iris):
    model = make(estimator, learning_rate_init=1e-12)
    step(model, *iris)
    model.coefs_[0][:] = 0.125
    step(model, *iris)
    assert_allclose(model.coefs_[0], 0.125, rtol=1e-6)


@each_class
@pytest.mark.parametrize("other", ["adam", "nadam"])
def test_another_solver_may_continue_and_be_continued(estimator, other, iris):
    model = make(estimator, warm_start=True, learning_rate="constant", tol=0)
    model.set_params(n_iter_no_change=1000)
    for solver in ("schedule_free_adamw", other, "schedule_free_adamw"):
        model.set_params(solver=solver, max_iter=1 if solver == other else 6)
        if solver == other:
            with pytest.warns(UserWarning, match="Maximum iterations"):
                model.fit(*iris)
        else:
            model.fit(*iris)
    x = (state(model).theta - 0.1 * state(model).progress.optimizer_state["z"]) / 0.9
    assert_allclose(flat(model), x, rtol=1e-4, atol=1e-6)


@each_class
def test_the_learning_rate_is_constant(estimator, iris):
    model = make(estimator).fit(*iris)
    assert len(set(model.history_["learning_rate"])) == 1
    constant = make(estimator, learning_rate="constant").fit(*iris)
    assert_array_equal(model.coefs_[0], constant.coefs_[0])
    assert_array_equal(
        model.coefs_[0], make(estimator, learning_rate=Constant()).fit(*iris).coefs_[0]
    )
    rates = make(estimator, learning_rate="warmup").fit(*iris).history_["learning_rate"]
    assert (np.diff(rates[:5]) > 0).all()
    assert model.n_iter_ == 6  # without a warning: all epochs were requested


@each_class
def test_a_falling_rate_and_an_average_of_the_average_raise_a_warning(estimator, iris):
    message = (
        "learning_rate='cosine' lowers the learning rate, which "
        "solver='schedule_free_adamw' replaces"
    )
    with pytest.warns(ParameterWithoutEffectWarning, match=message):
        make(estimator, learning_rate="cosine").fit(*iris)
    message = "ema_decay=0.9 has no effect with solver='schedule_free_adamw'"
    with pytest.warns(ParameterWithoutEffectWarning, match=message):
        averaged = make(estimator, ema_decay=0.9).fit(*iris)
    assert_array_equal(averaged.coefs_[0], make(estimator).fit(*iris).coefs_[0])


@each_class
def test_hyper_parameters_come_from_the_estimator(estimator, iris):
    by_name = make(estimator, beta_1=0.8, beta_2=0.9, epsilon=1e-4, weight_decay=0.3)
    solver = ScheduleFreeAdamW(0.8, 0.9, 1e-4, weight_decay=0.3)
    assert_array_equal(
        by_name.fit(*iris).coefs_[0],
        make(estimator, solver=solver).fit(*iris).coefs_[0],
    )
    nested = make(estimator).set_params(solver__r=2.0).fit(*iris)
    assert np.abs(nested.coefs_[0] - by_name.coefs_[0]).max() > 1e-3
    with pytest.raises(ValueError, match=r"beta_1.*must lie in \(0, 1\); got 0"):
        make(estimator, beta_1=0).fit(*iris)
