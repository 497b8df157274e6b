"""Classes of warnings, and how often a search issues them."""

import os
import pickle
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import numpy as np
import pytest
import sklearn
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sklearn_bpnet
from sklearn_bpnet import BPNetClassifier, BPNetRegressor, exceptions
from sklearn_bpnet.exceptions import (
    DivergenceWarning,
    ParameterWithoutEffectWarning,
    TrainingInterruptedWarning,
)

# to the workers of a search
PASSES_FILTERS = tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 7)
each_class = pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])
# a candidate of every search below warns, in every fit
UNUSED = {"solver": "lbfgs", "batch_size": 16, "tol": 0.1, "random_state": 0}


def searches(estimator):
    """What fits an estimator several times, by name."""
    grid = {"alpha": [1e-3, 1e-2], "activation": ["tanh", "relu"]}
    return {
        "grid": lambda X, y: GridSearchCV(estimator, grid, cv=2).fit(X, y),
        "scores": lambda X, y: cross_val_score(estimator, X, y, cv=3),
        "nested": lambda X, y: cross_val_score(
            GridSearchCV(estimator, grid, cv=2), X, y, cv=2
        ),
        "pipeline": lambda X, y: cross_val_score(
            make_pipeline(StandardScaler(), estimator), X, y, cv=3
        ),
        "bagging": lambda X, y: BaggingClassifier(estimator, 3).fit(X, y),
        "one-vs-rest": lambda X, y: OneVsRestClassifier(estimator).fit(X, y),
    }


each_search = pytest.mark.parametrize("name", searches(None))


@pytest.mark.parametrize("action", ["default", "always", "once", "module"])
@each_search
def test_words_a_search_issues_the_same_warning_once(name, action, iris):
    search = searches(BPNetClassifier((3,), **UNUSED))[name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter(action)
        search(*iris)
        search(*iris)
    [warning] = caught
    assert warning.category is ParameterWithoutEffectWarning
    assert warning.filename == __file__


@each_search
@pytest.mark.parametrize("_", range(2))
def test_words_a_search_under_new_filters_warns_again(name, _, iris):
    search = searches(BPNetClassifier((3,), **UNUSED))[name]
    with pytest.warns(ParameterWithoutEffectWarning, match="batch_size=16") as caught:
        search(*iris)
    assert len(caught) == 1
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore", ParameterWithoutEffectWarning)
        search(*iris)
        warnings.simplefilter("always", ParameterWithoutEffectWarning)
        search(*iris)
    assert len(caught) == 1


@each_search
def test_words_one_filter_silences_a_search(name, iris):
    search = searches(BPNetClassifier((3,), **UNUSED))[name]
    with warnings.catch_warnings():  # otherwise errors, in these tests
        warnings.simplefilter("ignore", ParameterWithoutEffectWarning)
        search(*iris)


def test_words_an_error_is_raised_by_every_fit_of_a_search(iris):
    clf = BPNetClassifier((3,), **UNUSED)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ParameterWithoutEffectWarning)
        for _ in range(2):
            with pytest.raises(ValueError, match="All the 3 fits failed"):
                cross_val_score(clf, *iris, cv=3)


def test_words_different_warnings_of_a_search_are_all_issued(iris):
    grid = {"batch_size": [5, 6, 7]}
    with pytest.warns(ParameterWithoutEffectWarning) as caught:
        GridSearchCV(BPNetClassifier((3,), **UNUSED), grid, cv=2).fit(*iris)
    assert len({str(w.message) for w in caught}) == len(caught) == 3


def test_words_a_search_issues_convergence_warnings_once(iris):
    clf = BPNetClassifier((3,), learning_rate="constant", max_iter=2)
    with pytest.warns(ConvergenceWarning) as caught:
        cross_val_score(clf, *iris, cv=3)
    assert len(caught) == 1


@each_class
def test_words_every_fit_outside_of_a_search_warns(estimator, iris):
    model = estimator((3,), **UNUSED)
    pipeline = make_pipeline(StandardScaler(), model)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cross_val_score(model, *iris, cv=2)
        for fit in (model.fit, model.fit, pipeline.fit, pipeline.fit):
            fit(*iris)
    assert len(caught) == 5


def test_words_a_search_in_processes_warns_once_in_each(tmp_path):
    script = tmp_path / "search.py"
    script.write_text(
        textwrap.dedent(
            """
            import sys, warnings
            from sklearn.datasets import load_iris
            from sklearn.model_selection import GridSearchCV
            from sklearn_bpnet import BPNetClassifier
            from sklearn_bpnet.exceptions import ParameterWithoutEffectWarning

            if __name__ == "__main__":
                clf = BPNetClassifier((3,), solver="lbfgs", batch_size=16, tol=0.1)
                grid = {"alpha": [1e-3, 1e-2, 1e-1], "activation": ["tanh", "relu"]}
                for action in ("ignore", "default"):
                    with warnings.catch_warnings():
                        warnings.simplefilter(action, ParameterWithoutEffectWarning)
                        for _ in range(2):
                            search = GridSearchCV(clf, grid, cv=2, n_jobs=2)
                            search.fit(*load_iris(return_X_y=True))
                    print(f"end of {action}", file=sys.stderr)
            """
        )
    )
    root = Path(sklearn_bpnet.__file__).parents[1]  # which may not be installed
    stderr = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": str(root)},
        check=True,
        capture_output=True,
        text=True,
    ).stderr
    ignored, text = stderr.split("end of ignore")
    if PASSES_FILTERS:
        assert ignored == ""
        # of the refit, and one of each worker that had a task
        assert text.count("ParameterWithoutEffectWarning: ") in {2, 3}
    else:
        assert stderr.count("ParameterWithoutEffectWarning: ") in {2, 3}


# Classes


@pytest.mark.parametrize("name", exceptions.__all__)
def test_words_a_class_of_warnings_is_a_user_warning_and_can_be_pickled(name):
    category = getattr(exceptions, name)
    assert issubclass(category, UserWarning)
    assert category.__module__ == "sklearn_bpnet.exceptions"
    assert isinstance(pickle.loads(pickle.dumps(category("text"))), category)
    assert sklearn_bpnet.exceptions is exceptions


@each_class
@pytest.mark.parametrize(
    ("parameters", "arguments"),
    [
        ({"solver": "lbfgs", "batch_size": 16}, {}),
        ({"batch_size": 1000}, {}),
        ({"validation_fraction": 0.3}, {}),
        ({"n_jobs": 2}, {}),
        ({"learning_rate_factors": {"embedding": 2.0}}, {}),
        ({}, {"groups": np.arange(150)}),
    ],
    ids=str,
)
def test_words_what_has_no_effect_has_a_class(estimator, parameters, arguments, iris):
    with pytest.warns(ParameterWithoutEffectWarning):
        estimator((3,), tol=0.1, **parameters).fit(*iris, **arguments)


def test_words_an_embedding_of_nothing_has_the_class():
    X = np.arange(20)[:, None] % 2
    clf = BPNetClassifier((3,), numeric_embedding="pbld", max_iter=2)
    with pytest.warns(ParameterWithoutEffectWarning, match="numeric_embedding"):
        clf.fit(X, X[:, 0])


@each_class
def test_words_divergence_has_a_class(estimator, iris):
    model = estimator(
        (5,), "identity", output_activation="identity", loss="squared_error",
        solver="sgd", learning_rate_init=50.0, random_state=0,
    )  # fmt: skip
    with pytest.warns(DivergenceWarning, match="Training diverged"):
        model.fit(*iris)
    assert issubclass(DivergenceWarning, ConvergenceWarning)


def test_words_an_interrupted_training_has_a_class(interrupt, iris):
    interrupt(3)
    with sklearn_bpnet.config_context(compiled=False):
        clf = BPNetClassifier((3,), max_iter=5)
        with pytest.warns(TrainingInterruptedWarning, match="interrupted by user"):
            clf.fit(*iris)
