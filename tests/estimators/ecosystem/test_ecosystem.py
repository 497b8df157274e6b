"""The estimators inside scikit-learn's meta-estimators, searches and pipelines."""

import importlib
import os
import pickle
from pathlib import Path

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import AdaBoostClassifier, BaggingRegressor, StackingClassifier
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet._sklearn_compat import HAS_CALLBACKS
from sklearn_bpnet.net.activations import LeakyReLU

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FOLDER = os.environ.get("SKLEARN_BPNET_DATA")
needs_data = pytest.mark.skipif(
    not FOLDER, reason="SKLEARN_BPNET_DATA names no folder of data sets"
)

GRID = {
    "bpnetclassifier__hidden_layer_sizes": [(), (10,)],
    "bpnetclassifier__activation": ["relu", LeakyReLU(0.2)],
    "bpnetclassifier__alpha": [1e-4, 10.0],
}


@pytest.fixture
def table():
    """300 rows of numbers and categories, and a yes or no that depends on both."""
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(8)
    X = pd.DataFrame(
        {
            "age": rng.integers(18, 90, size=300),
            "income": rng.lognormal(10, 1, size=300),
            "town": rng.choice(["Bonn", "Kiel", "Trier"], size=300),
            "member": rng.choice([True, False], size=300),
        }
    )
    score = (X["age"] - 54) / 20 + 2 * (X["town"] == "Kiel") - 1.5 * X["member"]
    return X, np.where(score + 0.3 * rng.normal(size=300) > 0, "yes", "no")


def table_pipeline(numbers, categories, **kwargs):
    transformer = ColumnTransformer(
        [
            ("numbers", StandardScaler(), numbers),
            ("categories", OneHotEncoder(handle_unknown="ignore"), categories),
        ]
    )
    return make_pipeline(transformer, BPNetClassifier(random_state=0, **kwargs))


@pytest.mark.slow
def test_grid_search_over_a_pipeline_on_a_mixed_table(table):
    X, y = table
    pipeline = table_pipeline(["age", "income"], ["town", "member"], solver="lbfgs")
    pipeline.set_params(bpnetclassifier__max_iter=40)
    search = GridSearchCV(pipeline, GRID, cv=2, n_jobs=2).fit(X, y)
    assert search.best_score_ > 0.85
    assert search.best_params_["bpnetclassifier__alpha"] == 1e-4
    scores = search.cv_results_["mean_test_score"]
    strong = np.array(
        [p["bpnetclassifier__alpha"] == 10.0 for p in search.cv_results_["params"]]
    )
    assert scores[~strong].min() > scores[strong].max()
    # the processes give what this one does
    best = clone(pipeline).set_params(**search.best_params_)
    assert_allclose(cross_val_score(best, X, y, cv=2).mean(), search.best_score_)


@pytest.mark.slow
@needs_data
def test_grid_search_on_the_adult_table():
    pd = pytest.importorskip("pandas")
    table = pd.read_csv(Path(FOLDER) / "adult.csv.gz").sample(2000, random_state=0)
    y = table.pop(table.columns[-1])
    numbers = list(table.select_dtypes("number"))
    categories = [name for name in table if name not in numbers]
    table[categories] = table[categories].astype(object).fillna("missing")
    pipeline = table_pipeline(numbers, categories, max_iter=30)
    grid = GRID | {"bpnetclassifier__alpha": [1e-4, 1e-2]}
    search = GridSearchCV(pipeline, grid, cv=3, n_jobs=2).fit(table, y)
    assert search.best_score_ > 0.82  # three in four earn less
    assert search.cv_results_["mean_test_score"].min() > 0.75


@pytest.mark.slow
@needs_data
def test_ten_thousand_handwritten_digits():
    with np.load(Path(FOLDER) / "mnist.npz") as mnist:
        train, test = (
            (mnist[f"X_{part}"], mnist[f"y_{part}"]) for part in ("train", "test")
        )
    X, y = (array[:10_000] for array in train)
    clf = BPNetClassifier((100,), max_iter=15, random_state=0)
    assert (
        clf.fit(X.reshape(len(X), -1), y).score(test[0].reshape(-1, 784), test[1])
        > 0.945
    )


@pytest.mark.skipif(HAS_CALLBACKS, reason="scikit-learn is new enough")
def test_the_module_of_callbacks_says_what_it_needs():
    with pytest.raises(ImportError, match=r"needs scikit-learn 1\.9 or later"):
        importlib.import_module("sklearn_bpnet.callbacks")


def test_cross_val_score(iris, regression):
    clf = BPNetClassifier((10,), solver="lbfgs", random_state=0)
    assert cross_val_score(clf, *iris, cv=3).min() > 0.9
    reg = BPNetRegressor((10,), solver="lbfgs", random_state=0)
    assert cross_val_score(reg, *regression, cv=3).min() > 0.9


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_calibration_improves_an_overconfident_network(method, rng):
    X = rng.normal(size=(1000, 4))
    y = (X[:, 0] + rng.normal(size=1000) > 0).astype(int)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    clf = BPNetClassifier((30,), solver="lbfgs", alpha=0, random_state=0)
    calibrated = CalibratedClassifierCV(clf, method=method, cv=3).fit(X_train, y_train)
    P, raw = calibrated.predict_proba(X_test), clf.fit(X_train, y_train)
    assert_allclose(P.sum(axis=1), 1)
    before = brier_score_loss(y_test, raw.predict_proba(X_test)[:, 1])
    assert brier_score_loss(y_test, P[:, 1]) < before


def test_stacking(iris):
    X, y = iris
    stack = StackingClassifier(
        [
            ("net", BPNetClassifier((10,), solver="lbfgs", random_state=0)),
            ("tree", DecisionTreeClassifier(random_state=0)),
        ],
        final_estimator=LogisticRegression(),
        cv=3,
    ).fit(X, y)
    assert stack.score(X, y) > 0.95
    final = StackingClassifier(
        [("tree", DecisionTreeClassifier(random_state=0))],
        final_estimator=BPNetClassifier((), solver="lbfgs"),
        cv=3,
    ).fit(X, y)
    assert final.score(X, y) > 0.95


def test_bagging(regression):
    X, y = regression
    reg = BPNetRegressor((10,), solver="lbfgs", random_state=0)
    bagging = BaggingRegressor(reg, n_estimators=4, random_state=0).fit(X, y)
    assert bagging.score(X, y) > 0.95
    assert len({est.random_state for est in bagging.estimators_}) == 4


def test_boosting_passes_its_weights_on(iris):
    X, y = iris
    weak = BPNetClassifier((), solver="lbfgs", alpha=1.0, tol=1e-9, max_iter=1000)
    boosted = AdaBoostClassifier(weak, n_estimators=10, random_state=0).fit(X, y)
    assert len(boosted.estimators_) == 10
    first, second, *_ = boosted.estimators_
    assert_allclose(first.coefs_[0], clone(weak).fit(X, y).coefs_[0], rtol=1e-4)
    assert (first.coefs_[0] != second.coefs_[0]).any()
    assert boosted.score(X, y) > 0.8


def test_permutation_importance_finds_the_features_that_matter(regression):
    X, y = regression
    reg = BPNetRegressor((10,), solver="lbfgs", random_state=0).fit(X, y)
    importances = permutation_importance(reg, X, y, random_state=0).importances_mean
    # y = x0 - 2 x1 + x2 / 2
    assert list(np.argsort(importances)) == [3, 2, 0, 1]


@pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])
@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])
def test_a_fitted_model_survives_pickle_joblib_and_clone(
    estimator, solver, iris, tmp_path
):
    X, y = iris
    model = estimator((5,), solver=solver, max_iter=5, random_state=0).fit(X, y)
    joblib.dump(model, tmp_path / "model.joblib")
    copies = [
        pickle.loads(pickle.dumps(model)),
        joblib.load(tmp_path / "model.joblib"),
        clone(model).fit(X, y),
    ]
    for copy in copies:
        assert_array_equal(copy.predict(X), model.predict(X))
        assert copy.get_params() == model.get_params()


@pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])
def test_a_model_read_from_a_memory_map_predicts(estimator, iris, tmp_path):
    X, y = iris
    model = estimator((5,), max_iter=5).fit(X, y)
    joblib.dump(model, tmp_path / "model.joblib")
    mapped = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    assert not mapped.coefs_[0].flags.writeable
    assert_array_equal(mapped.predict(X), model.predict(X))


@pytest.mark.parametrize("transform", ["default", "pandas"])
def test_the_output_format_of_a_transformer_before_it_does_not_matter(transform, iris):
    pytest.importorskip("pandas")
    X, y = iris
    plain = make_pipeline(StandardScaler(), BPNetClassifier((5,), random_state=0))
    formatted = clone(plain).set_output(transform=transform)
    assert_array_equal(formatted.fit(X, y).predict(X), plain.fit(X, y).predict(X))
    assert hasattr(formatted[-1], "feature_names_in_") == (transform == "pandas")


def test_sample_weights_go_through_a_pipeline(iris):
    X, y = iris
    weights = np.linspace(0, 2, len(y))
    clf = BPNetClassifier((5,), max_iter=5, random_state=0)
    pipeline = make_pipeline(StandardScaler(), clf)
    pipeline.fit(X, y, bpnetclassifier__sample_weight=weights)
    alone = clone(clf).fit(StandardScaler().fit_transform(X), y, weights)
    assert_allclose(pipeline[-1].coefs_[0], alone.coefs_[0])
