"""An estimator of given weights, and training that starts from them."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet._fit import network_fit

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

W1 = np.array([[1.0, -1.0, 0.5], [0.0, 2.0, -0.5]])
B1 = np.array([0.0, 0.1, -0.2])
W2 = np.array([[1.0], [-2.0], [3.0]])
B2 = np.array([0.25])
COEFS, INTERCEPTS = [W1, W2], [B1, B2]
X = np.array([[0.3, -1.0], [2.0, 0.7], [-0.4, 0.9], [5.0, -3.0]])


def by_hand(X):
    return np.tanh(X @ W1 + B1) @ W2[:, 0] + B2[0]


def regressor(**parameters):
    return BPNetRegressor.from_weights(
        COEFS, INTERCEPTS, activation="tanh", **parameters
    )


def test_regressor_predicts_at_once_on_the_raw_features():
    reg = regressor()
    check_is_fitted(reg)
    assert_allclose(reg.predict(X), by_hand(X), rtol=1e-14)
    assert reg.hidden_layer_sizes == (3,)
    assert reg.input_scaling is None
    assert reg.target_scaling is None
    assert (reg.n_features_in_, reg.n_outputs_, reg.n_layers_) == (2, 1, 3)
    assert (reg.n_iter_, reg.t_, reg.loss_curve_) == (0, 0, [])


def test_statistics_are_used_where_they_are_given():
    mean, scale = np.array([1.0, -2.0]), np.array([0.5, 4.0])
    reg = regressor(
        input_mean=mean, input_scale=scale, target_mean=[10.0], target_scale=[3.0]
    )
    expected = 10 + 3 * by_hand((X - mean) / scale)
    assert_allclose(reg.predict(X), expected, rtol=1e-14)
    assert reg.input_scaling == "standard"


def test_classifier_of_two_classes_is_the_sigmoid_of_one_output():
    clf = BPNetClassifier.from_weights(
        COEFS, INTERCEPTS, activation="tanh", classes=["no", "yes"]
    )
    check_is_fitted(clf)
    positive = 1 / (1 + np.exp(-by_hand(X)))
    assert_allclose(clf.predict_proba(X)[:, 1], positive, rtol=1e-13)
    assert_array_equal(clf.predict(X), np.where(positive > 0.5, "yes", "no"))


def test_classifier_of_three_classes_is_a_softmax():
    clf = BPNetClassifier.from_weights([W1], [B1], classes=["a", "b", "c"])
    E = np.exp(X @ W1 + B1)
    assert_allclose(clf.predict_proba(X), E / E.sum(axis=1, keepdims=True), rtol=1e-13)
    assert_array_equal(clf.predict(X), np.array(["a", "b", "c"])[E.argmax(axis=1)])


def test_multilabel_classifier():
    clf = BPNetClassifier.from_weights([W1], [B1], multilabel=True)
    assert_array_equal(clf.predict(X), X @ W1 + B1 > 0)


@pytest.mark.parametrize("encoding", ["binary", "ordinal"])
def test_other_meanings_of_the_output_neurons(encoding, iris):
    X, y = iris
    clf = BPNetClassifier((4,), target_encoding=encoding, max_iter=3).fit(X, y)
    again = BPNetClassifier.from_weights(
        clf.coefs_,
        clf.intercepts_,
        classes=clf.classes_,
        input_mean=clf.input_mean_,
        input_scale=clf.input_scale_,
        **clf.get_params(),
    )
    assert_array_equal(again.predict_proba(X), clf.predict_proba(X))


def test_the_weights_are_copies_and_keep_their_dtype():
    coefs = [W.astype(np.float32) for W in COEFS]
    intercepts = [b.astype(np.float32) for b in INTERCEPTS]
    reg = BPNetRegressor.from_weights(coefs, intercepts)
    coefs[0][:] = 0
    assert_array_equal(reg.coefs_[0], W1)
    assert reg.coefs_[0].dtype == np.float32
    assert regressor().coefs_[0].dtype == np.float64
    assert regressor(dtype="float32").coefs_[0].dtype == np.float32


def test_a_fitted_estimator_can_be_built_again(iris, regression):
    clf = BPNetClassifier((4,), max_iter=5, random_state=0).fit(*iris)
    again = BPNetClassifier.from_weights(
        clf.coefs_,
        clf.intercepts_,
        classes=clf.classes_,
        input_mean=clf.input_mean_,
        input_scale=clf.input_scale_,
        **clf.get_params(),
    )
    assert_array_equal(again.predict_proba(iris[0]), clf.predict_proba(iris[0]))
    reg = BPNetRegressor((4,), max_iter=5, random_state=0).fit(*regression)
    again = BPNetRegressor.from_weights(
        reg.coefs_,
        reg.intercepts_,
        input_mean=reg.input_mean_,
        input_scale=reg.input_scale_,
        target_mean=reg.target_mean_,
        target_scale=reg.target_scale_,
        **reg.get_params(),
    )
    assert_array_equal(again.predict(regression[0]), reg.predict(regression[0]))


def test_it_pickles_and_a_clone_is_not_fitted():
    reg = regressor()
    twin = pickle.loads(pickle.dumps(reg))
    assert_array_equal(twin.predict(X), reg.predict(X))
    with pytest.raises(NotFittedError):
        clone(reg).predict(X)


def sgd(**parameters):
    """Gradient descent of the squared error, nothing added to it."""
    settings = {
        "solver": "sgd",
        "momentum": 0.0,
        "batch_size": "full",
        "alpha": 0.0,
        "learning_rate_init": 0.1,
        "input_scaling": None,
        "target_scaling": None,
    }
    return settings | parameters


def test_partial_fit_continues_from_the_weights():
    X, y = np.array([[1.0], [3.0]]), np.array([2.0, 0.0])
    reg = BPNetRegressor.from_weights([[[0.5]]], [[0.0]], **sgd())
    reg.partial_fit(X, y)
    # outputs 0.5, 1.5; D = (-1.5, 1.5) / 2; dW = (1 * -0.75) + (3 * 0.75), db = 0
    assert_allclose(reg.coefs_[0], [[0.5 - 0.1 * 1.5]], rtol=1e-15)
    assert_allclose(reg.intercepts_[0], [0.0], atol=1e-17)
    assert reg.t_ == 2


def test_partial_fit_needs_no_classes_again():
    clf = BPNetClassifier.from_weights([[[0.5]]], [[0.0]], classes=["a", "b"])
    clf.partial_fit([[1.0], [-1.0]], ["b", "a"])
    assert clf.coefs_[0][0, 0] > 0.5
    with pytest.raises(ValueError, match="classes not in"):
        clf.partial_fit([[1.0], [-1.0]], ["b", "c"])


def test_warm_start_continues_from_the_weights_and_fit_alone_starts_anew():
    X, y = np.array([[1.0], [3.0]]), np.array([2.0, 0.0])
    given = ([[[0.5]]], [[0.0]])
    step = BPNetRegressor.from_weights(*given, **sgd()).partial_fit(X, y)
    warm = BPNetRegressor.from_weights(*given, **sgd(warm_start=True, max_iter=1))
    assert_array_equal(warm.fit(X, y).coefs_[0], step.coefs_[0])
    cold = BPNetRegressor.from_weights(*given, **sgd(max_iter=1, random_state=0))
    fresh = BPNetRegressor((), **sgd(max_iter=1, random_state=0))
    assert_array_equal(cold.fit(X, y).coefs_[0], fresh.fit(X, y).coefs_[0])


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_fit_started_from_weights_makes_the_steps_of_partial_fit(solver, regression):
    X, y = regression
    start = BPNetRegressor((3,), random_state=1, max_iter=1).fit(X, y)
    init = {"coefs_init": start.coefs_, "intercepts_init": start.intercepts_}
    model = BPNetRegressor(
        (3,), solver=solver, alpha=1e-4, random_state=0, max_iter=1, dtype="float64"
    )
    if solver != "lbfgs":
        model.set_params(learning_rate="constant")
    model.fit(X, y, **init)
    if solver == "lbfgs":
        assert model.loss_ <= start.loss_  # one line search from there
        return
    rebuilt = BPNetRegressor.from_weights(
        start.coefs_,
        start.intercepts_,
        input_mean=model.input_mean_,
        input_scale=model.input_scale_,
        target_mean=model.target_mean_,
        target_scale=model.target_scale_,
        **model.get_params(),
    )
    rebuilt.set_params(shuffle=False).partial_fit(X, y)
    model.set_params(shuffle=False).fit(X, y, **init)
    assert_array_equal(model.coefs_[0], rebuilt.coefs_[0])
    assert_array_equal(model.coefs_[1], rebuilt.coefs_[1])


def test_a_given_start_does_not_change_the_random_stream(regression, monkeypatch):
    X, y = regression
    model = BPNetRegressor((3,), random_state=0, max_iter=3, dtype="float64")
    drawn, draw = [], network_fit.starting_theta

    def noted(*arguments):
        start = draw(*arguments)
        drawn.append([W.copy() for W, _ in start.arrays])
        return start

    monkeypatch.setattr(network_fit, "starting_theta", noted)
    plain = clone(model).fit(X, y)
    given = model.fit(X, y, coefs_init=drawn[0])
    assert_array_equal(plain.coefs_[0], given.coefs_[0])


def test_either_init_may_be_given_alone(regression):
    X, y = regression
    model = BPNetRegressor((), solver="sgd", learning_rate_init=1e-30, max_iter=1)
    model.fit(X, y, coefs_init=[np.arange(4.0)[:, None]])
    assert_allclose(model.coefs_[0][:, 0], np.arange(4.0), atol=1e-25)
    assert_allclose(model.intercepts_[0], [0.0], atol=1e-25)
    model.fit(X, y, intercepts_init=[[7.0]])
    assert_allclose(model.intercepts_[0], [7.0])
    assert model.coefs_[0].any()


def test_warm_start_takes_given_weights_in_place_of_its_own(regression):
    X, y = regression
    model = BPNetRegressor(
        (), solver="sgd", learning_rate_init=1e-30, max_iter=1, warm_start=True
    ).fit(X, y)
    model.fit(X, y, coefs_init=[np.ones((4, 1))])
    assert_allclose(model.coefs_[0], np.ones((4, 1)))
    assert len(model.loss_curve_) == 2  # it did continue


def test_init_passes_through_a_pipeline_and_metadata_routing(regression):
    X, y = regression
    init = [np.ones((4, 1))]
    model = BPNetRegressor((), solver="sgd", learning_rate_init=1e-30, max_iter=1)
    pipeline = make_pipeline(StandardScaler(), model)
    pipeline.fit(X, y, bpnetregressor__coefs_init=init)
    assert_allclose(pipeline[-1].coefs_[0], init[0])
    with config_context(enable_metadata_routing=True):
        asked = clone(model).set_fit_request(coefs_init=True)
        pipeline = make_pipeline(StandardScaler(), asked).fit(X, y, coefs_init=init)
        assert_allclose(pipeline[-1].coefs_[0], init[0])


@pytest.mark.parametrize(
    ("coefs", "intercepts", "message"),
    [
        ([], [], "coefs is empty"),
        ([[1.0, 2.0]], [[0.0]], r"coefs\[0\] must be a matrix"),
        ([W1, np.ones((4, 1))], INTERCEPTS, r"coefs\[0\].*gives 3 units.*takes 4"),
        (COEFS, [B1], "intercepts holds 1 arrays.*2 layers"),
        (COEFS, [B1, [0.0, 0.0]], r"intercepts\[1\] must have the shape \(1,\)"),
        ([W1 * np.nan, W2], INTERCEPTS, r"coefs\[0\] holds NaN"),
    ],
)
@pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])
def test_arrays_that_make_no_network(estimator, coefs, intercepts, message):
    with pytest.raises(ValueError, match=message):
        estimator.from_weights(coefs, intercepts)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden_layer_sizes": (4,)}, "contradicts the shapes"),
        ({"input_scaling": "standard"}, "needs the mean and the scale"),
        ({"input_mean": [0.0, 0.0]}, "both input_mean and input_scale"),
        (
            {"input_mean": [0.0], "input_scale": [1.0]},
            r"input_mean must have the shape \(2,\)",
        ),
        (
            {"input_mean": [0.0, 0.0], "input_scale": [1.0, 0.0]},
            "input_scale must be positive",
        ),
        (
            {"input_mean": [0, 0], "input_scale": [1, 1], "input_scaling": None},
            "unused",
        ),
        ({"activation": "step"}, "activation"),
    ],
)
def test_settings_that_contradict_the_weights(settings, message):
    with pytest.raises(ValueError, match=message):
        BPNetRegressor.from_weights(COEFS, INTERCEPTS, **settings)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (["a", "b", "c"], "3 classes need 3 outputs, but"),
        (["a", "a"], "distinct"),
        (["yes", "no"], "sorted"),
        ([["a", "b"]] * 2, "classes of 2 columns need 2 outputs, but"),
        ([["a", "b"], ["no", "yes", "yes"]], "distinct"),
        (["a"], "at least two"),
    ],
)
def test_classes_that_do_not_fit_the_outputs(classes, message):
    with pytest.raises(ValueError, match=message):
        BPNetClassifier.from_weights(COEFS, INTERCEPTS, classes=classes)


def test_init_of_other_shapes_than_the_network(regression):
    X, y = regression
    model = BPNetRegressor((3,), max_iter=1)
    with pytest.raises(ValueError, match="coefs_init holds 1 arrays"):
        model.fit(X, y, coefs_init=[np.ones((4, 1))])
    with pytest.raises(ValueError, match=r"coefs_init\[0\] must have the shape"):
        model.fit(X, y, coefs_init=[np.ones((3, 3)), np.ones((3, 1))])
    with pytest.raises(ValueError, match=r"intercepts_init\[1\] holds NaN"):
        model.fit(X, y, intercepts_init=[np.ones(3), [np.inf]])
