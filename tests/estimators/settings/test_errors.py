"""Errors a person can act on: the parameter, the rule, the value, the remedy."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.net.activations import ACTIVATIONS, Softmax
from sklearn_bpnet.net.blocks.embeddings import NUMERIC_EMBEDDINGS
from sklearn_bpnet.net.initializers import INITIALIZERS
from sklearn_bpnet.training.optimizers import OPTIMIZERS, SGD
from sklearn_bpnet.training.schedules import SCHEDULES

quietly = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = [BPNetClassifier, BPNetRegressor]
each_class = pytest.mark.parametrize("estimator", BOTH)
each_solver = pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])


def fit_error(model, X, y, *args):
    """The message of the ValueError that ``fit`` raises."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the caller matches)
        model.fit(X, y, *args)
    return str(caught.value)


# The data


@each_class
@pytest.mark.parametrize("value", [np.inf, -np.inf], ids=str)
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_a_feature_that_is_not_finite_is_refused(estimator, value, kind, iris):
    X, y = iris
    model = estimator((2,), max_iter=2)
    bad = X.copy()
    bad[3, 1] = value
    message = fit_error(clone(model), kind(bad), y)
    assert "Input X contains infinity" in message


@quietly
@each_class
@pytest.mark.parametrize("value", [np.inf, -np.inf], ids=str)
def test_a_feature_that_is_not_finite_is_not_predicted_from(estimator, value, iris):
    X, y = iris
    model = estimator((2,), max_iter=2).fit(X, y)
    bad = X.copy()
    bad[3, 1] = value
    with pytest.raises(ValueError, match="Input X contains"):
        model.predict(bad)


@each_class
@pytest.mark.parametrize("value", [np.nan, np.inf], ids=str)
def test_a_target_that_is_not_finite_is_refused(estimator, value, iris):
    X, y = iris[0], iris[1].astype(float)
    y[3] = value
    assert "Input y contains" in fit_error(estimator((2,)), X, y)


@each_class
@pytest.mark.parametrize("shape", [(0, 3), (5, 0)])
def test_an_empty_X_is_refused(estimator, shape):
    axis = shape.index(0)
    what = ["sample(s)", "feature(s)"][axis]
    X, y = np.empty(shape), np.zeros(shape[0], dtype=int)
    message = fit_error(estimator(), X, y)
    assert f"Found array with 0 {what} (shape={shape}) while a minimum of 1" in message


@quietly
@each_class
def test_another_number_of_features_is_refused(estimator, iris):
    X, y = iris
    message = f"X has 3 features, but {estimator.__name__} is expecting 4 features"
    model = estimator((2,), max_iter=2, warm_start=True).fit(X, y)
    for action in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=message):
            action(X[:, :3], y)
    with pytest.raises(ValueError, match=message):
        model.predict(X[:, :3])


@each_class
def test_X_and_y_of_different_length_are_refused(estimator, iris):
    X, y = iris
    assert "inconsistent numbers of samples" in fit_error(estimator(), X, y[:-1])


@each_class
def test_predicting_before_fit_is_refused(estimator, iris):
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        estimator().predict(iris[0])


@each_solver
def test_a_negative_target_is_refused_by_poisson(solver, iris):
    X, y = iris
    message = fit_error(BPNetRegressor(loss="poisson", solver=solver), X, y - 1.5)
    for part in ("loss='poisson'", "y >= 0", "min(y)=-1.5", "Use loss='squared_error'"):
        assert part in message


def test_a_continuous_target_is_refused_by_the_classifier(iris):
    X, y = iris
    assert "Unknown label type: continuous" in fit_error(BPNetClassifier(), X, y + 0.5)


def test_columns_of_real_numbers_are_refused_with_a_remedy(iris):
    X, y = iris
    message = fit_error(BPNetClassifier(), X, np.c_[y, y + 0.5])
    assert message.startswith("y has 2 columns")
    assert "or BPNetRegressor for real numbers." in message


# The sample weights


@each_class
@pytest.mark.parametrize(
    ("weights", "message"),
    [
        pytest.param(-np.ones(150), "Negative values in data", id="negative"),
        pytest.param(np.zeros(150), "sample_weight sums to zero", id="all zero"),
        pytest.param(np.full(150, np.nan), "contains NaN", id="nan"),
        pytest.param(np.full(150, np.inf), "contains infinity", id="infinity"),
        pytest.param(np.ones(149), "sample_weight.shape == (149,)", id="too few"),
        pytest.param(np.ones((150, 2)), "must be 1D array or scalar", id="matrix"),
    ],
)
def test_sample_weights_that_are_none_are_refused(estimator, weights, message, iris):
    assert message in fit_error(estimator(), *iris, weights)


# Names and ranges

NAMES = {
    "activation": list(ACTIVATIONS),
    "output_activation": ["auto", *ACTIVATIONS],
    "initializer": list(INITIALIZERS),
    "numeric_embedding": list(NUMERIC_EMBEDDINGS),
    "solver": ["lbfgs", *OPTIMIZERS],
    "learning_rate": list(SCHEDULES),
    "batch_size": ["auto", "full"],
    "input_scaling": ["standard"],
    "dtype": ["auto", "input", "float32", "float64"],
}


@each_class
@pytest.mark.parametrize("parameter", NAMES)
def test_an_unknown_name_is_answered_with_the_known_ones(estimator, parameter, iris):
    message = fit_error(estimator(**{parameter: "unheard"}), *iris)
    assert f"The '{parameter}' parameter of {estimator.__name__} must be" in message
    assert "Got 'unheard' instead" in message
    assert not [name for name in NAMES[parameter] if f"'{name}'" not in message]


@pytest.mark.parametrize(
    ("model", "known", "unknown"),
    [
        (BPNetClassifier(loss="poisson"), ["log_loss", "squared_error"], "poisson"),
        (BPNetRegressor(loss="log_loss"), ["poisson", "squared_error"], "log_loss"),
        (BPNetRegressor(target_scaling="max"), ["auto", "standard"], "max"),
        (BPNetClassifier(class_weight="even"), ["balanced"], "even"),
    ],
    ids=["classifier loss", "regressor loss", "target_scaling", "class_weight"],
)
def test_a_name_of_the_other_task_is_answered_with_the_known_ones(
    model, known, unknown, iris
):
    message = fit_error(model, *iris)
    assert f"Got '{unknown}' instead" in message
    assert not [name for name in known if f"'{name}'" not in message]


@each_class
def test_an_unknown_name_in_a_list_is_answered_with_the_known_ones(estimator, iris):
    model = estimator((3, 3), activation=["relu", "rely"])
    message = fit_error(model, *iris)
    assert "Unknown activation 'rely'" in message
    assert not [name for name in ACTIVATIONS if name not in message]


@each_class
@pytest.mark.parametrize(
    "setting",
    [
        {"alpha": -1.0},
        {"l1_ratio": 1.5},
        {"batch_size": 0},
        {"learning_rate_init": 0.0},
        {"power_t": -0.5},
        {"max_iter": 0},
        {"tol": -1.0},
        {"momentum": 1.5},
        {"validation_fraction": 1.0},
        {"beta_1": 1.0},
        {"beta_2": -0.5},
        {"epsilon": 0.0},
        {"n_iter_no_change": 0},
        {"max_fun": 0},
        {"shuffle": "yes"},
        {"warm_start": 1.5},
        {"random_state": "zero"},
        {"solver": "Adam"},
        {"hidden_layer_sizes": "100"},
    ],
    ids=str,
)
def test_a_value_out_of_range_is_named(estimator, setting, iris):
    [(parameter, value)] = setting.items()
    message = fit_error(estimator(**setting), *iris)
    assert f"The '{parameter}' parameter of {estimator.__name__} must be" in message
    assert f"Got {value!r} instead" in message


@each_class
@pytest.mark.parametrize(
    "sizes", [0, -3, (3, 0), (3, -1), (2.5,), ((1, 2), (3, 4)), ("a",), (True, False)]
)
def test_invalid_hidden_layer_sizes_are_named(estimator, sizes, iris):
    message = fit_error(estimator(sizes), *iris)
    assert "hidden_layer_sizes" in message
    assert repr(sizes) in message


@each_class
@pytest.mark.parametrize("sizes", [3, [3, 2], (3, 2), np.array([3, 2]), (), []])
@quietly
def test_valid_hidden_layer_sizes_give_the_layers(estimator, sizes, iris):
    model = estimator(sizes, max_iter=1).fit(*iris)
    shapes = [4, *np.atleast_1d(np.asarray(sizes, dtype=int)), model.n_outputs_]
    assert [W.shape for W in model.coefs_] == list(pairwise(shapes))


# Rules across parameters


@each_class
@pytest.mark.parametrize("activation", [["relu"], ["relu"] * 3, []])
def test_a_list_of_activations_has_one_for_every_hidden_layer(
    estimator, activation, iris
):
    message = fit_error(estimator((3, 3), activation=activation), *iris)
    assert f"activation names {len(activation)} functions" in message
    assert "hidden_layer_sizes has 2 layers" in message


def _message_is_complete(message, loss, output_activation):
    for part in (f"loss={loss!r}", f"output_activation={output_activation!r}", "Use "):
        assert part in message


@pytest.mark.parametrize("name", ["identity", "relu", "tanh", "softplus", "exp"])
def test_log_loss_refuses_outputs_that_are_no_probabilities(name, iris):
    message = fit_error(BPNetClassifier(output_activation=name), *iris)
    _message_is_complete(message, "log_loss", name)
    assert "(0, 1)" in message
    assert "softmax" in message


@pytest.mark.parametrize("name", ["identity", "relu", "tanh", "silu"])
def test_poisson_refuses_outputs_that_may_be_negative_or_zero(name, iris):
    message = fit_error(BPNetRegressor(loss="poisson", output_activation=name), *iris)
    _message_is_complete(message, "poisson", name)
    assert "softplus" in message


@each_class
def test_a_step_function_is_refused_as_output(estimator, iris):
    message = fit_error(
        estimator(loss="squared_error", output_activation="heaviside"), *iris
    )
    _message_is_complete(message, "squared_error", "heaviside")


def test_a_softmax_over_one_output_is_refused(iris):
    message = fit_error(BPNetRegressor(output_activation="softmax"), *iris)
    assert "output_activation='softmax'" in message
    assert "a softmax of a single output is always 1" in message


@pytest.mark.parametrize(
    ("class_weight", "parts"),
    [
        pytest.param({0: 1, 5: 2}, ["[5]", "[0, 1, 2]"], id="unknown class"),
        pytest.param({"a": 1, 5: 2}, ["'a'", "5", "[0, 1, 2]"], id="mixed types"),
        pytest.param({0: -1, 1: 1, 2: 1}, ["at least 0"], id="negative"),
        pytest.param({0: 0, 1: 0, 2: 0}, ["positive weight"], id="all zero"),
        pytest.param([{0: 1, 1: 2}], ["dictionary", "'balanced'"], id="list"),
    ],
)
def test_a_wrong_class_weight_is_explained(class_weight, parts, iris):
    message = fit_error(BPNetClassifier(class_weight=class_weight), *iris)
    for part in ["class_weight", *parts]:
        assert part in message


@pytest.mark.parametrize("softmax", ["softmax", Softmax()], ids=str)
def test_a_softmax_is_refused_for_label_indicators(softmax, multilabel):
    clf = BPNetClassifier(output_activation=softmax)
    for part in ("'sigmoid' or 'auto'", "indicators are not exclusive"):
        assert part in fit_error(clf, *multilabel)
    W, b = [np.ones((2, 3))], [np.zeros(3)]
    with pytest.raises(ValueError, match="label indicators are not exclusive"):
        BPNetClassifier.from_weights(W, b, multilabel=True, output_activation=softmax)


def test_a_class_weight_for_labels_is_refused_for_label_indicators(multilabel):
    message = fit_error(BPNetClassifier(class_weight={0: 1, 1: 2}), *multilabel)
    assert "class_weight for 3 columns of label indicators is a list" in message
    assert "3 columns" in message


@pytest.mark.parametrize(
    "setting", [{"loss": "poisson"}, {"output_activation": "tanh"}], ids=str
)
def test_standard_target_scaling_is_refused_where_it_changes_the_minimiser(
    setting, iris
):
    message = fit_error(BPNetRegressor(target_scaling="standard", **setting), *iris)
    assert (
        "target_scaling='standard' needs a loss whose minimiser scales with" in message
    )
    [(parameter, value)] = setting.items()
    assert f"{parameter}={value!r}" in message
    assert "Use target_scaling='auto'" in message


@quietly
@each_class
@each_solver
def test_a_warm_start_with_another_architecture_is_refused(estimator, solver, iris):
    model = estimator((3,), solver=solver, warm_start=True, max_iter=2).fit(*iris)
    message = fit_error(model.set_params(hidden_layer_sizes=(4,)), *iris)
    for part in (
        "(4, 3)",
        "hidden_layer_sizes=(4,)",
        "(4, 4)",
        "Use warm_start=False",
    ):
        assert part in message


@quietly
def test_a_warm_start_with_another_number_of_targets_is_refused(iris):
    X, y = iris
    reg = BPNetRegressor((3,), warm_start=True, max_iter=2).fit(X, y)
    assert "Training cannot continue" in fit_error(reg, X, np.c_[y, y])


def test_label_indicators_after_labels_are_refused(iris):
    X, y = iris
    clf = BPNetClassifier((3,)).partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="label indicators and class labels"):
        clf.partial_fit(X, np.eye(3, dtype=int)[y])


@quietly
def test_a_momentum_that_never_forgets_is_refused_with_l1(iris):
    for solver in ({"solver": "sgd", "momentum": 1.0}, {"solver": SGD(momentum=1)}):
        message = fit_error(BPNetRegressor(l1_ratio=0.5, **solver), *iris)
        assert "momentum=1" in message
        assert "Use momentum below 1" in message


# Divergence


@each_class
@pytest.mark.parametrize("early_stopping", [False, True])
def test_divergence_is_reported_and_the_last_finite_weights_are_kept(
    estimator, early_stopping, iris
):
    X, y = iris
    model = estimator(
        (5,),
        activation="identity",
        solver="sgd",
        learning_rate_init=50.0,
        loss="squared_error",
        output_activation="identity",
        early_stopping=early_stopping,
        random_state=0,
    )
    with pytest.warns(ConvergenceWarning) as caught:
        model.fit(X, y)
    [message] = {str(warning.message) for warning in caught}
    for part in ("diverged", "finite weights are kept", "learning_rate_init=50.0"):
        assert part in message
    assert model.n_iter_ < model.plan_["max_iter"]
    for array in model.coefs_ + model.intercepts_:
        assert np.isfinite(array).all()
    assert np.isfinite(model.predict(X)).all()


def overflow_error(estimator, solver, iris):
    """What `fit` says where the risk overflows, whatever the initial weights."""
    X, y = iris
    model = estimator(
        (5,),
        solver=solver,
        loss="squared_error",
        output_activation="identity",
        input_scaling=None,
        dtype="float32",
        random_state=0,
    )
    return fit_error(model, X * 4e37, y)


@each_class
@each_solver
def test_not_one_finite_step_is_scikit_learns_error(estimator, solver, iris):
    message = overflow_error(estimator, solver, iris)
    assert "Solver produced non-finite parameter weights" in message
    assert "scale the data" in message


@each_class
@each_solver
def test_the_learning_rate_is_blamed_only_where_it_has_an_effect(
    estimator, solver, iris
):
    message = overflow_error(estimator, solver, iris)
    assert ("lower learning_rate_init" in message) == (solver != "lbfgs")
