"""Activations, hidden features and input gradients, against other ways to them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.inspection import HiddenFeatures
from sklearn_bpnet.net.losses import Quantile


def by_hand(net, X):
    """A of every layer, with relu in the hidden ones and Z of the output."""
    A, found = (X - net.input_mean_) / net.input_scale_, []
    for W, b in zip(net.coefs_, net.intercepts_, strict=True):
        Z = A @ W + b
        A = np.maximum(Z, 0)
        found.append(A)
    return [*found[:-1], Z]


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal([0, 5, -2], [1, 3, 0.2], (120, 3))
    return X, np.sin(X[:, 0]) + X[:, 1] * X[:, 2]


SMALL = {"max_iter": 3, "random_state": 0, "dtype": "float64"}
PLAIN = SMALL | {
    "input_scaling": "standard",
    "numeric_embedding": None,
    "shared_members": None,
}


def test_activations_are_those_of_the_formulas(table):
    X, y = table
    reg = BPNetRegressor((6, 4), activation="relu", **PLAIN).fit(X, y)
    for layer, A in enumerate(by_hand(reg, X), start=1):
        assert_allclose(reg.activations(X, layer), A, atol=1e-12)
        assert_array_equal(reg.activations(X, layer), reg.activations(X, layer - 4))
    assert_array_equal(reg.activations(X), reg.activations(X, 3))
    Z = reg.activations(X)[:, 0]
    assert_allclose(Z * reg.target_scale_ + reg.target_mean_, reg.predict(X))
    assert reg.activations(X.astype(np.float32), 1).dtype == np.float32


def test_activations_of_members_have_an_axis_more(table):
    X, y = table
    classes = y > 0
    clf = BPNetClassifier((4,), n_members=2, **PLAIN).fit(X, classes)
    A = clf.activations(X, 1)
    assert A.shape == (2, 120, 4)
    for of_member, member in zip(A, clf.estimators_, strict=True):
        assert_array_equal(of_member, member.activations(X, 1))
    means = clf.activations(X)[..., 0].mean(axis=0)
    assert_allclose(means, clf.predict_proba(X)[:, 1], atol=1e-12)
    shared = BPNetClassifier((4,), shared_members=3, n_members=2, **SMALL)
    shared.fit(X, classes)
    assert shared.activations(X, 1).shape == (6, 120, 4)
    means = shared.activations(X)[..., 0].mean(axis=0)
    assert_allclose(means, shared.predict_proba(X)[:, 1], atol=1e-12)


def test_activations_of_sparse_samples_and_of_many(table):
    X, y = table
    reg = BPNetRegressor((4,), **PLAIN).fit(sparse.csr_array(X), y)
    A = reg.activations(X, 1)
    assert_allclose(reg.activations(sparse.csr_array(X), 1), A, atol=1e-12)
    many = np.tile(X, (1200, 1))  # more than one chunk
    assert_allclose(reg.activations(many, 1)[-120:], A, atol=1e-12)


@pytest.mark.parametrize("layer", [0, 3, -3, 1.5, True, "1"])
def test_an_unknown_layer_is_an_error(layer, table):
    reg = BPNetRegressor((2,), **PLAIN).fit(*table)
    with pytest.raises(ValueError, match="layer must be 1 to 2, or -1 for the output"):
        reg.activations(table[0], layer)


# Hidden features

NETWORK = BPNetRegressor((3,), max_iter=2, random_state=0)


# a generator in scikit-learn 1.6
NAMES, CHECKS = parametrize_with_checks([HiddenFeatures(NETWORK)]).args


@pytest.mark.parametrize(NAMES, list(CHECKS))
def test_hidden_features_pass_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


def test_hidden_features_in_a_search(iris):
    X, y = iris
    model = make_pipeline(
        HiddenFeatures(BPNetClassifier((4, 3), n_members=2, **PLAIN)),
        KNeighborsClassifier(),
    )
    search = GridSearchCV(
        model,
        {"hiddenfeatures__layer": [1, -2], "hiddenfeatures__estimator__alpha": [0.1]},
        cv=2,
    )
    search.fit(X, y)
    step = clone(model)[0].fit(X, y)
    names = [f"hiddenfeatures{j}" for j in range(6)]
    assert step.get_feature_names_out().tolist() == names
    A = step.estimator_.activations(X, 2)
    assert_array_equal(step.transform(X), np.hstack([A[0], A[1]]))


def test_hidden_features_of_what_has_none(iris):
    with pytest.raises(TypeError, match="must be a BPNetClassifier or BPNetRegressor"):
        HiddenFeatures(KNeighborsClassifier()).fit(*iris)
    with pytest.raises(ValueError, match="layer must be 1 to 1"):
        HiddenFeatures(BPNetClassifier((), max_iter=1)).fit(*iris)


# Input gradients


def differences(f, X, step=1e-5):
    """Central differences of f with respect to every feature, on the last axis."""
    found = []
    for j in range(X.shape[1]):
        above, below = X.copy(), X.copy()
        above[:, j] += step
        below[:, j] -= step
        found.append((f(above) - f(below)) / (2 * step))
    return np.stack(found, axis=-1)


SMOOTH = SMALL | {"activation": "tanh"}


@pytest.mark.parametrize(
    "params",
    [
        {"shared_members": None, "numeric_embedding": None},
        {"input_scaling": "squash", "numeric_embedding": "pbld", "shared_members": 2},
        {"input_scaling": "quantile", "numeric_embedding": None, "n_members": 2},
        {
            "input_scaling": None,
            "numeric_embedding": "ple",
            "learned_input_scale": True,
        },
        {"numeric_embedding": "pwl", "output_activation": "softplus", "dropout": 0.2},
        {"loss": Quantile((0.1, 0.5, 0.9))},
        {"target_scaling": (-40, 40), "member_folds": 2, "n_members": 2},
    ],
    ids=lambda params: "-".join(map(str, params)),
)
def test_gradients_of_predictions_are_central_differences(params, table):
    X, y = table
    if params.get("output_activation") == "softplus":
        y = np.exp(y / 8)
    reg = BPNetRegressor((5,), **(SMOOTH | params)).fit(X, y)
    few = X[5:25] + 0.0123  # off the quantiles
    expected = differences(reg.predict, few)
    found = reg.input_gradient(few)
    assert found.shape == expected.shape
    is_inside = ((few > X.min(axis=0) + 0.1) & (few < X.max(axis=0) - 0.1)).all(axis=1)
    assert is_inside.sum() > 5
    scale = np.abs(expected[is_inside]).max()
    is_equal = np.isclose(found, expected, rtol=1e-4, atol=1e-5 * scale)
    assert is_equal[is_inside].mean() > (0.9 if "ple" in str(params) else 0.999)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_gradients_of_logits_are_central_differences(n_classes, table):
    X, y = table
    classes = np.digitize(y, np.quantile(y, np.arange(1, n_classes) / n_classes))
    clf = BPNetClassifier((5,), **(PLAIN | SMOOTH)).fit(X, classes)
    expected = differences(clf.decision_function, X)
    assert_allclose(clf.input_gradient(X), expected, rtol=1e-5, atol=1e-7)
    shared = clone(clf).set_params(shared_members=3, n_members=2).fit(X, classes)
    found = shared.input_gradient(X)
    each = [member.input_gradient(X) for member in shared.estimators_]
    assert_allclose(found, np.mean(each, axis=0))
    at = sparse.csr_array(X)
    sparse_clf = clone(clf).fit(at, classes)
    assert_allclose(sparse_clf.input_gradient(at), sparse_clf.input_gradient(X))


def test_gradients_of_several_targets(table):
    X, y = table
    Y = np.stack([y, 100 * X[:, 0]], axis=1)
    reg = BPNetRegressor((5,), **SMOOTH).fit(X, Y)
    found = reg.input_gradient(X)
    assert found.shape == (120, 2, 3)
    expected = differences(reg.predict, X)
    assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_where_there_is_no_derivative_it_is_nan(table):
    pd = pytest.importorskip("pandas")
    X, y = table
    frame = pd.DataFrame(X, columns=list("abc"))
    frame.insert(1, "level", pd.Categorical(np.where(X[:, 0] > 0, "u", "v")))
    frame.loc[:10, "c"] = np.nan
    reg = BPNetRegressor((5,), **(PLAIN | SMOOTH)).fit(frame, y)
    found = reg.input_gradient(frame)
    assert np.isnan(found[:, 1]).all()
    assert_array_equal(np.isnan(found[:, 3]), frame["c"].isna())

    def predict(numbers):
        changed = frame.copy()
        changed["a"], changed["b"] = numbers.T
        return reg.predict(changed)

    expected = differences(predict, frame[["a", "b"]].to_numpy())
    assert_allclose(found[:, [0, 2]], expected, rtol=1e-5, atol=1e-7)


def test_outside_of_the_quantiles_the_derivative_is_zero(table):
    X, y = table
    reg = BPNetRegressor((5,), **SMOOTH, input_scaling="quantile").fit(X, y)
    assert not reg.input_gradient(X.max(axis=0, keepdims=True) + 1).any()


def test_a_step_function_has_no_gradient():
    clf = BPNetClassifier.from_weights(
        [np.ones((2, 2)), np.ones((2, 1))],
        [np.zeros(2), np.zeros(1)],
        activation="heaviside",
        classes=[0, 1],
    )
    with pytest.raises(ValueError, match=r"input_gradient is not defined.*'heaviside'"):
        clf.input_gradient([[1, 2]])


def test_a_single_class_depends_on_nothing():
    clf = BPNetClassifier().fit(np.eye(3), [1, 1, 1])
    assert not clf.input_gradient(np.eye(3)).any()
