"""skops.io: which types a file needs, and that it predicts as before."""

import warnings
from zipfile import ZIP_DEFLATED

import numpy as np
import pytest
from fuzz.cases import fuzz
from fuzz.strategies_parameters import ESTIMATORS, cube, cube_derivative, estimators
from hypothesis import assume
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from stored import test_stored

import sklearn_bpnet
from sklearn_bpnet import BPNetClassifier, BPNetRegressor, config_context
from sklearn_bpnet.options import CategoricalEmbedding, MemberFolds

pd = pytest.importorskip("pandas")
skops_io = pytest.importorskip("skops.io")
TRUSTED = sklearn_bpnet.TRUSTED_TYPES


def loaded(estimator, trusted=TRUSTED):
    return skops_io.loads(skops_io.dumps(estimator), trusted=trusted)


def problem(task, n_classes=3):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    y = np.exp(X[:, 0]) if task == "regression" else np.arange(40) % n_classes
    return X, y


def frame():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "size": np.where(rng.random(60) < 0.2, np.nan, rng.normal(size=60)),
            "town": rng.choice(list("abcdefgh"), 60),
            "kind": pd.Categorical(rng.choice(["x", "y"], 60)),
            "flag": rng.random(60) < 0.5,
        }
    )
    return X, rng.choice(["no", "yes"], 60)


def of_users(types):
    """The types that are neither of this package nor, by default, trusted."""
    return {name for name in types if not name.startswith("sklearn_bpnet")}


@fuzz(40, model=st.sampled_from(sorted(ESTIMATORS)).flatmap(estimators))
def test_a_file_needs_the_estimators_whatever_the_parameters(model):
    task = "regression" if isinstance(model, BPNetRegressor) else "classification"
    X, y = problem(task)
    with config_context(compiled=False), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model.fit(X, y)
        except ValueError:  # some combinations are refused
            assume(False)
        content = skops_io.dumps(model)
        found = skops_io.get_untrusted_types(data=content)
        users = of_users(found)
        assert set(found) <= {*TRUSTED, *users}
        others = ("fuzz.", "sklearn.model_selection.")  # functions, splitters
        assert all(name.startswith(others) for name in users)
        again = skops_io.loads(content, trusted=[*TRUSTED, *users])
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert repr(again) == repr(model)
    assert vars(again).keys() == vars(model).keys()


TABLES = [
    {},
    {"n_members": 2, "calibration": "temperature", "early_stopping": True},
    {"n_members": 2, "member_folds": MemberFolds(2, refit=True)},
    {"categorical_embedding": CategoricalEmbedding(2, min_categories=3)},
    {"numeric_embedding": "ple", "shared_members": 2, "input_scaling": "quantile"},
    {"numeric_embedding": "pwl", "max_categories": 3},
    {"warm_start": True, "early_stopping": True},
    {"random_state": np.random.RandomState(0)},
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("parameters", TABLES, ids=lambda p: ",".join(p) or "default")
def test_tables_with_categories_and_gaps(parameters):
    X, y = frame()
    parameters = {"random_state": 0} | parameters
    clf = BPNetClassifier((4,), max_iter=2, **parameters).fit(X, y)
    again = loaded(clf)
    np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))
    assert again.feature_names_in_.tolist() == X.columns.tolist()


def test_training_continues_after_loading():
    X, y = problem("classification")
    clf = BPNetClassifier((4,), random_state=0).partial_fit(X, y, classes=range(3))
    again = loaded(clf)
    for one in (clf, again):
        one.partial_fit(X, y)
    np.testing.assert_array_equal(again.coefs_[0], clf.coefs_[0])


def test_an_unfitted_estimator_and_a_pipeline():
    X, y = frame()
    assert repr(loaded(BPNetRegressor(alpha=0.5))) == "BPNetRegressor(alpha=0.5)"
    columns = make_column_transformer(
        (StandardScaler(), ["size"]), remainder="drop", verbose_feature_names_out=False
    )
    pipeline = make_pipeline(columns, BPNetClassifier((4,), max_iter=2, random_state=0))
    again = loaded(pipeline.fit(X, y))
    np.testing.assert_array_equal(again.predict(X), pipeline.predict(X))


def test_functions_of_users_are_not_trusted():
    X, y = problem("regression")
    net = BPNetRegressor((3,), activation=(cube, cube_derivative), max_iter=2)
    content = skops_io.dumps(net.fit(X, y))
    with pytest.raises(skops_io.exceptions.UntrustedTypesFoundException, match="cube"):
        skops_io.loads(content, trusted=TRUSTED)
    own = [
        "fuzz.strategies_parameters.cube",
        "fuzz.strategies_parameters.cube_derivative",
    ]
    again = skops_io.loads(content, trusted=[*TRUSTED, *own])
    np.testing.assert_array_equal(again.predict(X), net.predict(X))


@pytest.mark.parametrize("n_members", [1, 3])
def test_a_file_is_hardly_larger_than_the_weights(n_members):
    X, y = problem("regression")
    net = BPNetRegressor((300, 300), max_iter=1, n_members=n_members, random_state=0)
    net.fit(X, y)
    members = net.estimators_ if n_members > 1 else [net]
    weights = sum(W.nbytes for one in members for W in one.coefs_)
    assert len(skops_io.dumps(net)) < 1.1 * weights
    packed = skops_io.dumps(net, compression=ZIP_DEFLATED)
    assert len(packed) < weights


TRAINED = {  # how many times the weights a file is that training can continue from
    "momentum": ({"solver": "sgd"}, 2),
    "moments of adam": ({}, 3),
    "and other weights than the last": ({"early_stopping": True}, 4),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("parameters", "times"), TRAINED.values(), ids=TRAINED)
def test_a_file_for_further_training_has_no_weights_twice(parameters, times):
    X, y = problem("classification")
    clf = BPNetClassifier((300, 300), max_iter=6, warm_start=True, **parameters)
    clf.set_params(random_state=0).fit(X, y)
    weights = sum(W.nbytes for W in clf.coefs_)
    assert len(skops_io.dumps(clf)) < (times + 0.2) * weights


@pytest.mark.parametrize(
    "path",
    [path for path in test_stored.STORED if path.suffix == ".skops"],
    ids=lambda p: p.stem,
)
def test_a_stored_file_predicts_as_when_it_was_saved(path):
    """That of tests/stored, where this library may be missing."""
    test_stored.test_a_stored_model_predicts_as_when_it_was_saved(path)
