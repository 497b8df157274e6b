"""Texts of errors and warnings: the parameter, the value in force, and the remedy."""

import warnings

import numpy as np
import pytest

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.training.full_batch import LBFGS
from sklearn_bpnet.training.optimizers import Adam, AdamW

each_class = pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])


def messages_of(model, X, y):
    """The texts of the warnings of a fit."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    return [str(warning.message) for warning in caught]


# Parameters without effect


@each_class
@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (
            {"solver": "lbfgs", "batch_size": 16, "learning_rate": "constant"},
            "batch_size=16, learning_rate='constant' has no effect with solver='lbfgs'",
        ),
        (
            {"solver": "lbfgs", "batch_size": 16, "validation_fraction": 0.2},
            "batch_size=16 has no effect with solver='lbfgs'; validation_fraction=0.2 "
            "has no effect with early_stopping=False",
        ),
        (
            {"solver": "lbfgs", "n_iter_no_change": 5},
            "n_iter_no_change=5 has no effect with solver='lbfgs', "
            "early_stopping=False",
        ),
        (
            {"solver": "sgd", "beta_1": 0.5},
            "beta_1=0.5 has no effect with solver='sgd'",
        ),
        (
            {"solver": "gd", "shuffle": False},
            "shuffle=False has no effect with solver='gd'",
        ),
        (
            {"power_t": 0.2, "learning_rate": "cosine"},
            "power_t=0.2 has no effect with learning_rate='cosine'",
        ),
        (
            {"hidden_layer_sizes": (), "dropout": 0.2},
            "dropout=0.2 has no effect with hidden_layer_sizes=()",
        ),
        (
            {"solver": Adam(), "beta_2": 0.5},
            f"beta_2=0.5 has no effect with solver={Adam()!r}",
        ),
        (
            {"solver": AdamW(), "weight_decay": 0.5},
            f"weight_decay=0.5 has no effect with solver={AdamW()!r}",
        ),
        ({"n_jobs": 2}, "n_jobs=2 has no effect with n_members=1"),
    ],
    ids=str,
)
def test_words_a_warning_names_the_cause_and_repeats_nothing(
    estimator, parameters, expected, iris
):
    model = estimator(max_iter=3, **{"hidden_layer_sizes": (3,), **parameters})
    [message] = [m for m in messages_of(model, *iris) if "no effect" in m]
    assert message == f"{expected}. Leave it at its default."


# The value in force; no advice to do what the estimator does


def diverging(estimator, **parameters):
    common = {"output_activation": "identity", "loss": "squared_error"}
    return estimator(
        (5,), "identity", random_state=0, **common, **{"max_iter": 50, **parameters}
    )


@each_class
def test_words_after_divergence_the_values_in_force_are_named(estimator, iris):
    model = diverging(estimator, solver="sgd", learning_rate_init=50.0)
    [message] = messages_of(model, *iris)
    assert "lower learning_rate_init=50.0" in message
    n_choices = 3 if estimator is BPNetClassifier else 2
    alpha = min(1.1 / (n_choices * 150**0.75), 0.01)
    assert f"raise alpha (alpha='auto' is {alpha:.2g} here)" in message
    assert "scale the data" not in message  # as they are


@each_class
def test_words_a_given_alpha_and_unscaled_data_are_named(estimator, iris):
    model = diverging(
        estimator, solver="sgd", learning_rate_init=50.0, alpha=1e-3, input_scaling=None
    )
    [message] = messages_of(model, *iris)
    assert "raise alpha=0.001 or scale the data (instead of input_scaling=None)" in (
        message
    )


def test_words_unscaled_targets_are_named(iris):
    X, y = iris
    reg = diverging(
        BPNetRegressor, solver="sgd", learning_rate_init=50.0, target_scaling=None
    )
    [message] = messages_of(reg, X, y)
    assert "scale the data (instead of target_scaling=None)" in message


@each_class
@pytest.mark.parametrize("n_members", [1, 2])
def test_words_without_a_finite_step_the_values_in_force_are_named(
    estimator, n_members, iris
):
    X, y = iris
    model = diverging(
        estimator, input_scaling=None, dtype="float32", n_members=n_members
    )
    with pytest.raises(ValueError, match="non-finite parameter weights") as caught:
        model.fit(X * 1e38, y)
    message = str(caught.value)
    assert "lower learning_rate_init (learning_rate_init='auto' is 0.008 here)" in (
        message
    )
    assert "scale the data (instead of input_scaling=None)" in message


@each_class
@pytest.mark.parametrize("solver", ["lbfgs", "cg", LBFGS()])
def test_words_a_full_batch_solver_at_its_limit_names_what_is_open(
    estimator, solver, iris
):
    [message] = messages_of(estimator((5,), solver=solver, max_iter=2), *iris)
    assert "failed to converge after 2 iterations" in message
    assert message.endswith("Increase max_iter=2 or raise tol=0.0001.")
    model = estimator((5,), solver=solver, max_iter=2, input_scaling=None)
    [message] = messages_of(model, *iris)
    assert "scale the data (instead of input_scaling=None)" in message


@each_class
def test_words_a_limit_of_evaluations_is_named_with_its_value(estimator, iris):
    [message] = messages_of(estimator((5,), solver="lbfgs", max_fun=3), *iris)
    assert "Raise max_fun=3" in message


@each_class
def test_words_an_optimizer_at_its_limit_names_a_remedy(estimator, iris):
    model = estimator((5,), learning_rate="constant", max_iter=2)
    [message] = messages_of(model, *iris)
    assert "Maximum iterations (2) reached" in message
    assert "Increase max_iter=2" in message
