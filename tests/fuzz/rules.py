"""The rule that every fuzzed case must satisfy.

What is allowed is listed here: types of errors, words of their messages, warnings.
"""

import pickle
import re
import warnings
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from inspect import signature
from io import StringIO
from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.exceptions import (
    ConvergenceWarning,
    DataConversionWarning,
    NotFittedError,
    UndefinedMetricWarning,
)
from sklearn.utils._param_validation import InvalidParameterError

from fuzz.fingerprints import fingerprint
from sklearn_bpnet import BPNetClassifier, BPNetRegressor

# Types of errors, not their subclasses: a UFuncTypeError comes from deep inside
ERRORS = (ValueError, TypeError, InvalidParameterError)

# A message names one of these, as a word,
SUBJECTS = {
    *signature(BPNetClassifier).parameters,
    *signature(BPNetRegressor).parameters,
    *signature(BPNetClassifier.fit).parameters,
    *signature(BPNetClassifier.partial_fit).parameters,
    *("column", "columns", "feature", "features"),
} - {"self"}
# and says with one of these what is expected, or what to do.
REMEDIES = {
    *("must", "needs", "need", "use", "give", "expects", "expected", "expecting"),
    *("raise", "lower", "increase", "scale", "convert", "remove", "replace", "leave"),
    *("should", "required", "only", "instead", "supported", "choose", "set", "encode"),
    *("impute", "drop", "correct", "clip", "rename", "reshape"),
}

# Warnings that a case may end with; every other one is a fault
WARNINGS = (
    (ConvergenceWarning, ""),
    (UserWarning, "has no effect"),
    (UserWarning, r"^initializer=.* makes all units of a hidden layer"),
    (UserWarning, r"^batch_size=\d+ is larger than the \d+ samples"),
    # scikit-learn's, about y and the names of columns
    (UserWarning, r"^The number of unique classes is greater than 50%"),
    (UserWarning, r"^X (does not have|has) (valid )?feature names, but"),
    (DataConversionWarning, r"^A column-vector y was passed when a 1d array"),
    # scikit-learn's, of the metric that `scoring` names
    (UndefinedMetricWarning, ""),
    (UserWarning, r"^No positive class found in y_true"),
    (UserWarning, r"^Clustering metrics expects discrete values"),
)

METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function")
# No numbers, or NaN by documentation: full-batch solvers have no learning rate
NOT_CHECKED = {"history_", "classes_", "feature_names_in_", "stop_reason_"}
# NaN where a metric is undefined for the validation samples, of which a warning tells
NOT_CHECKED |= {"validation_scores_", "best_validation_score_"}
# NaN for the epochs of a call without validation samples, after one with
NOT_CHECKED |= {"validation_loss_curve_"}
# NaN for samples that no member held out, see `_check_out_of_fold`
NOT_CHECKED |= {"oof_prediction_"}


@dataclass
class Call:
    """A call of `fit` or `partial_fit`, with its arguments by name."""

    method: str
    arguments: dict[str, Any]


@dataclass
class Case:
    """An estimator, the calls that train it, and inputs to predict afterwards.

    Parameters
    ----------
    model : estimator
        Not fitted.
    calls : list of Call
        Called in order, until one raises an error.
    others : list of object
        Inputs besides the training inputs, which may raise an error at predict.
    """

    model: Any
    calls: list[Call]
    others: list[Any] = field(default_factory=list)


@dataclass
class Outcome:
    """What happened: a fitted estimator with its predictions, or an error."""

    model: Any
    answers: list[dict[str, Any]]
    error: Exception | None = None

    @property
    def kind(self) -> str:
        """A name for statistics: "fitted", or the type of the error."""
        return "fitted" if self.error is None else type(self.error).__name__


def check(case: Case) -> Outcome:
    """Run a case, and raise AssertionError if it breaks the rule."""
    inputs = [call.arguments for call in case.calls], case.others
    before = fingerprint(inputs)
    outcome = _run(case.model, case)
    assert fingerprint(inputs) == before, "an input was modified"
    again = _run(outcome.model, case)
    _check_same_outcome(outcome, again)
    return outcome


def _run(model: Any, case: Case) -> Outcome:
    """The outcome for a clone of the model; all its parts are checked."""
    model = clone(model)
    answers: list[dict[str, Any]] = []
    with _checked_warnings():
        for call in case.calls:
            try:
                getattr(model, call.method)(**call.arguments)
            except Exception as error:
                check_error(error)
                _check_state_after_error(model, case, answers)
                return Outcome(model, answers, error)
            _check_attributes(model)
            answers = _answers(model, case)
        _check_score(model, case.calls[-1])
    _check_pickled(model, case, answers)
    assert repr(model).startswith(type(model).__name__)
    return Outcome(model, answers)


class _checked_warnings(warnings.catch_warnings):  # noqa: N801
    """Record warnings, and raise an AssertionError for one that is not allowed."""

    def __init__(self) -> None:
        super().__init__(record=True)

    def __enter__(self) -> Any:
        self._records = super().__enter__()
        warnings.simplefilter("always")
        self._stdout = redirect_stdout(StringIO())
        self._stdout.__enter__()
        return self._records

    def __exit__(self, *exception: Any) -> None:
        self._stdout.__exit__(*exception)
        super().__exit__(*exception)
        for record in () if exception[0] else self._records or ():
            _check_warning(record)


def _check_warning(record: warnings.WarningMessage) -> None:
    text = str(record.message)
    for category, pattern in WARNINGS:
        if issubclass(record.category, category) and re.search(pattern, text):
            assert "\n" not in text, f"a warning of several lines: {text}"
            return
    raise AssertionError(
        f"{record.category.__name__}: {text} ({record.filename}:{record.lineno})"
    )


def check_error(error: Exception) -> None:
    """Check the type of an error, and that its message says what to change where."""
    text = str(error)
    problem = None
    if type(error) not in ERRORS:
        problem = f"is a {type(error).__module__}.{type(error).__qualname__}"
    elif text.startswith("The feature names should match"):
        pass  # the words and the lines are those that scikit-learn's checks expect
    elif "\n" in text.strip():
        problem = "has several lines"
    elif not SUBJECTS & set(re.findall(r"[A-Za-z_0-9]+", text)):
        problem = "names no parameter and no column"
    elif not REMEDIES & set(re.findall(r"[a-z]+", text.lower())):
        problem = "says no remedy"
    if problem:
        raise AssertionError(f"An error that {problem}: {text}") from error


def _check_state_after_error(
    model: Any, case: Case, answers: list[dict[str, Any]]
) -> None:
    """A failed call leaves the estimator as it was."""
    if answers:
        _check_same_answers(answers, _answers(model, case), "after a failed call")
        return
    try:
        model.predict(case.calls[0].arguments["X"])
    except NotFittedError:
        return
    raise AssertionError("predict works after a failed first fit")


# A fitted estimator


def _answers(model: Any, case: Case) -> list[dict[str, Any]]:
    """What the methods return for every input, checked."""
    answers = [
        {
            method: getattr(model, method)(case.calls[0].arguments["X"])
            for method in METHODS
            if hasattr(model, method)
        }
    ]
    for X in case.others:
        try:
            of_X = {m: getattr(model, m)(X) for m in METHODS if hasattr(model, m)}
        except Exception as error:
            check_error(error)
            of_X = {"error": str(error)}
        answers.append(of_X)
    for X, of_X in zip(
        [case.calls[0].arguments["X"], *case.others], answers, strict=True
    ):
        if "error" not in of_X:
            _check_answers(model, of_X, n_samples(X))
    return answers


def n_samples(X: Any) -> int:
    """The number of samples of an array, a list, a frame or a sparse matrix."""
    return int(X.shape[0]) if hasattr(X, "shape") else len(X)


def _check_answers(model: Any, answers: dict[str, Any], n: int) -> None:
    if isinstance(getattr(model, "classes_", None), list):
        _check_columns(model, answers, n)
        return
    for method, values in answers.items():
        assert isinstance(values, np.ndarray), f"{method} returns {type(values)}"
        assert len(values) == n, f"{method} returns shape {values.shape} for {n} rows"
        if values.dtype.kind in "fiub":
            assert np.isfinite(values).all(), f"{method} returns {values}"
    if not is_classifier(model):
        assert answers["predict"].dtype.kind == "f"
        return
    predicted, n_classes = answers["predict"], len(model.classes_)
    if predicted.ndim == 2:
        assert predicted.shape == (n, n_classes)
        assert set(predicted.ravel().tolist()) <= {0, 1}
    else:
        assert set(predicted.tolist()) <= set(model.classes_.tolist())
    if "predict_proba" in answers:
        P = answers["predict_proba"]
        assert P.shape == (n, n_classes), f"predict_proba has shape {P.shape}"
        assert P.dtype == np.float64
        assert ((P >= 0) & (P <= 1)).all(), f"probabilities {P}"
        if predicted.ndim == 1:
            np.testing.assert_allclose(P.sum(axis=1), 1, rtol=0, atol=1e-9)


def _check_columns(model: Any, answers: dict[str, Any], n: int) -> None:
    """The answers of a classifier of several columns of classes."""
    predicted = answers.pop("predict")
    assert predicted.shape == (n, len(model.classes_))
    for j, classes in enumerate(model.classes_):
        assert set(predicted[:, j].tolist()) <= set(classes.tolist())
        for method, values in answers.items():
            assert isinstance(values, list), f"{method} returns {type(values)}"
            of_column, shape = values[j], (n, len(classes))
            is_score = method == "decision_function" and len(classes) < 3
            assert of_column.shape == (shape[:1] if is_score else shape)
            assert np.isfinite(of_column).all(), f"{method} returns {of_column}"
        if "predict_proba" in answers:
            P = answers["predict_proba"][j]
            assert ((P >= 0) & (P <= 1)).all(), f"probabilities {P}"
            np.testing.assert_allclose(P.sum(axis=1), 1, rtol=0, atol=1e-9)
    answers["predict"] = predicted


def _check_attributes(model: Any) -> None:
    """All numbers that a fit shows are finite."""
    for member in [model, *getattr(model, "estimators_", ())]:
        for name, value in vars(member).items():
            if name.startswith("_") or not name.endswith("_") or name in NOT_CHECKED:
                continue
            parts = value if isinstance(value, list) else [value]
            for part in parts:
                if isinstance(part, (Real, np.ndarray)):
                    assert np.isfinite(part).all(), f"{name} is {part}"
    if hasattr(model, "oof_fold_"):
        _check_out_of_fold(model.oof_prediction_, model.oof_fold_ >= 0)


def _check_out_of_fold(predictions: Any, is_held_out: Any) -> None:
    """Samples have a finite prediction if and only if a member held them out."""
    for part in predictions if isinstance(predictions, list) else [predictions]:
        finite = np.isfinite(part).reshape(len(part), -1)
        assert (finite == is_held_out[:, None]).all(), f"oof_prediction_ is {part}"


def _check_score(model: Any, call: Call) -> None:
    X, y = call.arguments["X"], call.arguments["y"]
    if not is_classifier(model) and n_samples(X) < 2:
        return  # R2 of a single sample is undefined
    score = model.score(X, y)
    assert isinstance(score, Real), f"score returns {score!r}"
    assert np.isfinite(score), f"score returns {score}"


def _check_pickled(model: Any, case: Case, answers: list[dict[str, Any]]) -> None:
    restored = pickle.loads(pickle.dumps(model))
    with _checked_warnings():
        _check_same_answers(answers, _answers(restored, case), "after pickling")


# Two outcomes


def _check_same_outcome(one: Outcome, other: Outcome) -> None:
    assert one.kind == other.kind, f"{one.kind}, then {other.kind}: {other.error}"
    assert str(one.error) == str(other.error), "another message with the same seed"
    _check_same_answers(one.answers, other.answers, "with the same seed")


def _check_same_answers(
    one: list[dict[str, Any]], other: list[dict[str, Any]], when: str
) -> None:
    """The answers are the same, bit for bit."""
    for of_X, others_of_X in zip(one, other, strict=True):
        assert of_X.keys() == others_of_X.keys(), f"other methods {when}"
        for method, values in of_X.items():
            same = fingerprint(values) == fingerprint(others_of_X[method])
            assert same, f"{method} is different {when}"
