"""What may be handed in as y, and what predictions look like."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning

from sklearn_bpnet import BPNetClassifier, BPNetRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
each_solver = pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])

LABELS = {
    "str": ["yes", "no", "maybe"],
    "object": np.array(["yes", "no", "maybe"], dtype=object),
    "int": [3, -1, 70],
    "uint8": np.array([200, 0, 5], dtype=np.uint8),
    "float": [0.0, 2.0, -1.0],
    "bool": [True, False],
}


@pytest.mark.parametrize("kind", LABELS)
@each_solver
def test_labels_of_any_kind_train_as_their_codes(kind, solver, iris):
    X, y = iris
    labels = np.asarray(LABELS[kind])
    y = np.minimum(y, len(labels) - 1)
    codes = np.argsort(np.argsort(labels))[y]
    clf = BPNetClassifier((5,), solver=solver, max_iter=20, random_state=0)
    named, coded = clone(clf).fit(X, labels[y]), clone(clf).fit(X, codes)
    assert_array_equal(named.classes_, np.unique(labels))
    if kind != "object":  # strings, as for scikit-learn's MLP
        assert named.classes_.dtype == labels.dtype
    assert named.predict(X).dtype == named.classes_.dtype
    assert_array_equal(named.predict_proba(X), coded.predict_proba(X))
    assert_array_equal(named.predict(X), named.classes_[coded.predict(X)])
    assert named.score(X, labels[y]) == coded.score(X, codes)


@each_solver
@pytest.mark.parametrize("n_classes", [2, 3])
def test_class_labels_are_learnt(solver, n_classes, iris):
    X, y = iris
    y = np.minimum(y, n_classes - 1)
    clf = (
        BPNetClassifier((10,), solver=solver, learning_rate_init=0.01, random_state=0)
        if solver != "lbfgs"
        else BPNetClassifier((10,), solver=solver, random_state=0)
    )
    assert clf.fit(X, y).score(X, y) > 0.95


@each_solver
@pytest.mark.parametrize("as_matrix", [np.asarray, sparse.csr_matrix])
def test_label_indicators_are_learnt(solver, as_matrix, multilabel):
    X, Y = multilabel
    clf = BPNetClassifier((20,), solver=solver, random_state=0)
    clf.fit(X, as_matrix(Y))
    predicted = clf.predict(X)
    assert predicted.shape == Y.shape
    assert predicted.dtype.kind == "i"
    assert (predicted == Y).mean() > 0.85
    P = clf.predict_proba(X)
    assert_array_equal(predicted, P > 0.5)
    assert ((P > 0) & (P < 1)).all()
    assert_array_equal(clf.classes_, [0, 1, 2])


def test_label_indicators_are_one_binary_problem_each(multilabel):
    X, Y = multilabel
    clf = BPNetClassifier((), solver="lbfgs", alpha=0.1, tol=1e-9, max_iter=1000)
    together = clone(clf).fit(X, Y).predict_proba(X)
    for k in range(3):
        alone = clone(clf).fit(X, Y[:, k]).predict_proba(X)[:, 1]
        assert_allclose(together[:, k], alone, rtol=1e-5)


@each_solver
def test_several_outputs_are_learnt(solver, regression, rng):
    X, y = regression
    Y = np.c_[y, 100 * y + 3, X[:, 1]]
    reg = BPNetRegressor((20,), solver=solver, random_state=0)
    if solver != "lbfgs":
        reg.set_params(learning_rate_init=0.01)
    reg.fit(X, Y)
    assert reg.predict(X).shape == Y.shape
    assert reg.score(X, Y) > 0.95


def test_one_output_is_a_vector(regression):
    X, y = regression
    assert BPNetRegressor((3,), max_iter=2).fit(X, y).predict(X).shape == y.shape


@pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])
def test_a_column_vector_is_ravelled_with_a_warning(estimator, binary):
    X, y = binary
    model = estimator((3,), max_iter=5, random_state=0)
    expected = clone(model).fit(X, y).predict(X)
    with pytest.warns(DataConversionWarning, match="column-vector y was passed"):
        model.fit(X, y[:, None])
    assert_array_equal(model.predict(X), expected)


@pytest.mark.parametrize("dtype", [int, bool, np.float32])
def test_a_regressor_takes_targets_of_any_real_dtype(dtype, binary):
    X, y = binary
    reg = BPNetRegressor((3,), max_iter=5, random_state=0)
    expected = clone(reg).fit(X, y.astype(float)).predict(X)
    assert_array_equal(reg.fit(X, y.astype(dtype)).predict(X), expected)


def test_poisson_predicts_positive_numbers(regression, rng):
    X, y = regression
    counts = rng.poisson(np.exp(y))
    reg = BPNetRegressor((10,), loss="poisson", solver="lbfgs", random_state=0)
    predicted = reg.fit(X, counts).predict(X)
    assert (predicted > 0).all()
    assert_allclose(predicted.mean(), counts.mean(), rtol=0.01)
    assert not hasattr(reg, "target_mean_")


@each_solver
def test_a_constant_target_is_predicted(solver, regression):
    X, _ = regression
    reg = BPNetRegressor(
        (), solver=solver, initializer="zeros", random_state=0, max_iter=5
    )
    assert_allclose(reg.fit(X, np.full(len(X), 7e5)).predict(X), 7e5)


def probabilities_of(n_classes, iris, **kwargs):
    X, y = iris
    clf = BPNetClassifier((5,), max_iter=20, random_state=0, **kwargs)
    clf.fit(X, np.minimum(y, n_classes - 1))
    return clf, X


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("saturation", [1, 1e3, 1e30])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_probabilities_are_float64_and_sum_to_one(n_classes, saturation, dtype, iris):
    clf, X = probabilities_of(n_classes, iris, dtype=dtype)
    clf.coefs_[-1] *= saturation
    P = clf.predict_proba(X)
    assert P.dtype == np.float64
    assert P.shape == (len(X), n_classes)
    assert_allclose(P.sum(axis=1), 1, rtol=1e-12)
    assert_array_equal(clf.predict(X), P.argmax(axis=1))


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("saturation", [1, 1e3, 1e30])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_log_probabilities_are_finite_logs(n_classes, saturation, dtype, iris):
    clf, X = probabilities_of(n_classes, iris, dtype=dtype)
    clf.coefs_[-1] *= saturation
    log_P = clf.predict_log_proba(X)
    assert np.isfinite(log_P).all()
    assert_array_equal(log_P, np.log(clf.predict_proba(X)))


def test_log_probabilities_of_label_indicators_are_finite(multilabel):
    X, Y = multilabel
    clf = BPNetClassifier((5,), max_iter=5, random_state=0).fit(X, Y)
    clf.coefs_[-1] *= 1e6
    assert np.isfinite(clf.predict_log_proba(X)).all()
    assert np.isfinite(np.log1p(-clf.predict_proba(X))).all()


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("output_activation", ["identity", "relu", "tanh", "softplus"])
def test_outputs_that_are_no_probabilities_become_some(
    n_classes, output_activation, iris
):
    clf, X = probabilities_of(
        n_classes, iris, loss="squared_error", output_activation=output_activation
    )
    P = clf.predict_proba(X)
    assert ((P > 0) & (P <= 1)).all()
    assert_allclose(P.sum(axis=1), 1)
    assert np.isfinite(clf.predict_log_proba(X)).all()


SINGLE = {"int": 7, "str": "only", "bool": True, "object": "only"}


@each_solver
@pytest.mark.parametrize(
    ("kind", "early_stopping"), [(kind, kind in ("int", "str")) for kind in SINGLE]
)
def test_a_single_class_is_predicted_with_certainty(solver, kind, early_stopping, iris):
    X, _ = iris
    dtype = object if kind == "object" else None
    y = np.full(len(X), SINGLE[kind], dtype=dtype)
    clf = BPNetClassifier(
        solver=solver, early_stopping=early_stopping, random_state=0
    ).fit(X, y)
    assert_array_equal(clf.predict(X), y)
    assert clf.predict(X).dtype == clf.classes_.dtype
    assert_array_equal(clf.predict_proba(X), np.ones((len(X), 1)))
    assert_array_equal(clf.predict_log_proba(X), np.zeros((len(X), 1)))
    assert clf.score(X, y) == 1


def test_a_single_class_continues_in_partial_fit(iris):
    X, _ = iris
    clf = BPNetClassifier((3,), random_state=0)
    clf.partial_fit(X[:9], ["a"] * 9, classes=["a"]).partial_fit(X[9:20], ["a"] * 11)
    assert_array_equal(clf.predict_proba(X), np.ones((len(X), 1)))
    with pytest.raises(ValueError, match="`y` has classes not in"):
        clf.partial_fit(X[:2], ["a", "b"])


def test_a_single_class_takes_class_weights(iris):
    X, _ = iris
    y = np.ones(len(X), dtype=int)
    for class_weight in ("balanced", {1: 3.0}):
        clf = BPNetClassifier((3,), class_weight=class_weight).fit(X, y)
        assert_array_equal(clf.predict(X), y)


def test_softmax_over_two_classes_has_two_outputs(binary):
    X, y = binary
    clf = BPNetClassifier(
        (), output_activation="softmax", solver="lbfgs", alpha=0.1, tol=1e-9
    ).fit(X, y)
    assert clf.n_outputs_ == 2
    P = clf.predict_proba(X)
    assert_allclose(P.sum(axis=1), 1)
    # two mirrored weight vectors w share the penalty of one vector 2w in halves
    one = BPNetClassifier((), solver="lbfgs", alpha=0.05, tol=1e-9).fit(X, y)
    assert_allclose(P, one.predict_proba(X), rtol=1e-4)


@pytest.mark.parametrize("kind", LABELS)
def test_class_weights_go_by_the_labels_themselves(kind, iris):
    X, y = iris
    labels = np.unique(LABELS[kind])
    y = np.minimum(y, len(labels) - 1)
    factors = dict(zip(labels.tolist(), [1.0, 4.0, 0.5], strict=False))
    clf = BPNetClassifier((5,), class_weight=factors, max_iter=5, random_state=0)
    coded = clone(clf).set_params(class_weight=dict(enumerate(factors.values())))
    assert_array_equal(
        clf.fit(X, labels[y]).predict_proba(X), coded.fit(X, y).predict_proba(X)
    )


def test_class_weights_of_label_indicators_multiply(multilabel):
    X, Y = multilabel
    factors = [{0: 1, 1: 3}, {0: 2, 1: 1}, {0: 1, 1: 1}]
    clf = BPNetClassifier((5,), class_weight=factors, max_iter=5, random_state=0)
    weights = np.where(Y[:, 0], 3, 1) * np.where(Y[:, 1], 1, 2)
    by_row = clone(clf).set_params(class_weight=None).fit(X, Y, weights)
    assert_array_equal(clf.fit(X, Y).coefs_[0], by_row.coefs_[0])


@pytest.mark.parametrize("classes", [[2, 0, 1], ["c", "a", "b"]])
def test_classes_of_partial_fit_are_sorted(classes, iris):
    X, y = iris
    clf = BPNetClassifier((5,), random_state=0)
    clf.partial_fit(X, np.sort(classes)[y], classes=classes)
    assert_array_equal(clf.classes_, np.sort(classes))


@pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])
@each_solver
def test_a_single_sample_is_enough(estimator, solver, iris):
    X, y = iris[0][:1], iris[1][:1]
    assert_allclose(estimator((5,), solver=solver).fit(X, y).predict(X), y, atol=0.1)


COLUMNS = {
    "loss": "loss",
    "validation_loss": "val. loss",
    "validation_score": "val. score",
    "learning_rate": "learning rate",
    "seconds": "seconds",
}


def cells(line):
    """The cells of a row; two spaces or more lie between columns."""
    return re.split(r"\s{2,}", line.strip())


@each_solver
@pytest.mark.parametrize("early_stopping", [False, True])
def test_verbose_prints_every_epoch(solver, early_stopping, iris, capsys):
    clf = BPNetClassifier(
        (5,), solver=solver, early_stopping=early_stopping, max_iter=3, verbose=True
    ).fit(*iris)
    head, *rows, end = capsys.readouterr().out.splitlines()
    assert len(rows) == clf.n_iter_ == 3
    history = clf.history_
    names = [name for name in COLUMNS if not np.isnan(history.get(name, np.nan)).all()]
    is_stochastic = "learning_rate" in names
    assert cells(head) == [
        "Epoch" if is_stochastic else "Iteration",
        *[COLUMNS[name] for name in names],
    ]
    best = []
    for i, row in enumerate(rows, 1):
        number, *values = cells(row.removesuffix("  *"))
        assert number == f"{i}/3"
        expected = [history[name][i - 1] for name in names]
        assert_allclose([float(value) for value in values], expected, 1e-5, 5e-4)
        best += [i] if row.endswith("  *") else []
        assert len(row.removesuffix("  *")) == len(head)
    if early_stopping:
        assert best[-1:] == ([clf.best_epoch_] if clf.best_epoch_ else [])
    else:
        assert best[-1] == np.argmin(clf.loss_curve_) + 1
    assert end.startswith("Reached max_iter after 3 ")
    assert f"in {history['seconds'].sum():.3f} seconds. The weights are " in end
    if clf.best_epoch_:
        assert re.search(rf"those of (epoch|iteration) {clf.best_epoch_}\b", end)
    clf.set_params(verbose=False).fit(*iris)
    assert capsys.readouterr().out == ""


def test_a_number_prints_every_so_many_epochs(iris, capsys):
    BPNetClassifier((3,), max_iter=7, verbose=3).fit(*iris)
    _, *rows, end = capsys.readouterr().out.splitlines()
    assert [cells(row)[0] for row in rows] == ["3/7", "6/7"]
    assert "after 7 epochs" in end


def test_incremental_calls_continue_one_table(iris, capsys):
    clf = BPNetClassifier((3,), verbose=True)
    for _ in range(3):
        clf.partial_fit(*iris, classes=[0, 1, 2])
    _, *rows = capsys.readouterr().out.splitlines()
    assert [cells(row)[0] for row in rows] == ["1", "2", "3"]
    clf.partial_fit(*iris, X_val=iris[0], y_val=iris[1])
    head, row = capsys.readouterr().out.splitlines()
    assert "val. loss" in cells(head)
    assert len(cells(row.removesuffix("  *"))) == len(cells(head))


def test_a_warm_start_counts_from_one_and_says_whose_weights_are_kept(iris, capsys):
    clf = BPNetClassifier((3,), max_iter=2, warm_start=True, verbose=True)
    for _ in range(2):
        clf.fit(*iris)
        _, *rows, end = capsys.readouterr().out.splitlines()
        assert [cells(row)[0] for row in rows] == ["1/2", "2/2"]
        assert end.endswith("The weights are those of epoch 2.")


# What the output neurons mean


@pytest.mark.parametrize("loss", ["log_loss", "squared_error", "focal"])
@pytest.mark.parametrize(
    ("encoding", "n_outputs"), [("one-hot", 3), ("binary", 2), ("ordinal", 1)]
)
def test_every_encoding_learns_three_classes(encoding, n_outputs, loss, iris):
    X, y = iris
    clf = BPNetClassifier(
        (10,),
        loss=loss,
        target_encoding=encoding,
        solver="lbfgs",
        alpha=1e-5,
        max_iter=200,
        random_state=0,
    ).fit(X, np.array(["b", "c", "a"])[y])
    assert clf.n_outputs_ == n_outputs
    P = clf.predict_proba(X)
    assert P.shape == (len(X), 3)
    assert_allclose(P.sum(axis=1), 1)
    assert_array_equal(clf.predict(X), clf.classes_[P.argmax(axis=1)])
    assert_array_equal(clf.predict(X), clf.classes_[clf.decision_function(X).argmax(1)])
    # in the order of their names the classes are not in that of their features
    least = 0.9 if encoding == "ordinal" else 0.95
    assert clf.score(X, np.array(["b", "c", "a"])[y]) > least


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge", "perceptron"])
def test_a_binary_code_goes_with_yes_and_no(loss, iris):
    X, y = iris
    clf = BPNetClassifier(
        (10,),
        loss=loss,
        target_encoding="binary",
        learning_rate_init=0.01,
        random_state=0,
    ).fit(X, y)
    assert clf.n_outputs_ == 2
    assert clf.decision_function(X).shape == (150, 3)
    assert clf.score(X, y) > 0.9


def test_an_ordinal_squared_error_is_the_regression_on_the_classes_number(iris):
    X, y = iris
    clf = BPNetClassifier(
        (), loss="squared_error", target_encoding="ordinal", solver="lbfgs", alpha=0.01,
        input_scaling=None, tol=1e-10, random_state=0,
    ).fit(X, y)  # fmt: skip
    reg = BPNetRegressor(
        (),
        solver="lbfgs",
        alpha=0.01,
        input_scaling=None,
        target_scaling=None,
        tol=1e-10,
        random_state=0,
    ).fit(X, y / 2)
    assert clf.out_activation_ == "identity"
    assert_allclose(clf.coefs_[0], reg.coefs_[0], rtol=1e-5)
    nearest = np.clip(np.round(2 * reg.predict(X)), 0, 2)
    assert_array_equal(clf.predict(X), nearest)


@pytest.mark.parametrize("encoding", ["binary", "ordinal"])
def test_two_classes_have_one_neuron_in_every_encoding(encoding, iris):
    X, y = iris[0][iris[1] < 2], iris[1][iris[1] < 2]
    clf = BPNetClassifier((5,), max_iter=10, random_state=0)
    other = clone(clf).set_params(target_encoding=encoding).fit(X, y)
    assert_array_equal(other.predict_proba(X), clf.fit(X, y).predict_proba(X))


def test_an_ordinal_encoding_needs_a_loss_of_numbers(iris):
    with pytest.raises(ValueError, match="target_encoding='ordinal' needs a loss"):
        BPNetClassifier(loss="hinge", target_encoding="ordinal").fit(*iris)


# Scores


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    "loss",
    ["log_loss", "squared_error", "focal", "hinge", "squared_hinge", "perceptron"],
)
def test_the_decision_function_decides(loss, n_classes, iris):
    X, y = iris[0], np.minimum(iris[1], n_classes - 1)
    clf = BPNetClassifier((), loss=loss, learning_rate_init=0.01, random_state=0)
    scores = clf.fit(X, y).decision_function(X)
    assert scores.dtype == np.float64
    assert scores.shape == ((150,) if n_classes == 2 else (150, 3))
    decided = scores > 0 if n_classes == 2 else scores.argmax(axis=1)
    assert_array_equal(clf.predict(X), clf.classes_[decided.astype(int)])
    assert clf.score(X, y) > 0.8


def test_the_scores_of_a_log_loss_are_log_odds(iris):
    X, y = iris[0], np.minimum(iris[1], 1)
    clf = BPNetClassifier((5,), max_iter=30, random_state=0).fit(X, y)
    P = clf.predict_proba(X)
    assert_allclose(np.log(P[:, 1] / P[:, 0]), clf.decision_function(X), rtol=1e-6)


def test_the_scores_of_label_indicators_are_positive_where_predicted(multilabel):
    X, Y = multilabel
    for loss in ("log_loss", "hinge", "perceptron"):
        clf = BPNetClassifier((5,), loss=loss, max_iter=30, random_state=0).fit(X, Y)
        assert_array_equal(clf.predict(X), clf.decision_function(X) > 0)


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge", "perceptron"])
def test_a_margin_is_no_probability(loss, iris):
    clf = BPNetClassifier(loss=loss)
    for model in (clf, clf.fit(*iris)):
        assert not hasattr(model, "predict_proba")
        assert not hasattr(model, "predict_log_proba")
    with pytest.raises(AttributeError, match="predict_proba") as error:
        clf.predict_proba(iris[0])
    assert "Use decision_function" in str(error.value.__cause__)


def test_a_perceptron_stops_once_nothing_is_misclassified(iris):
    X, y = iris[0][iris[1] < 2], iris[1][iris[1] < 2]
    clf = BPNetClassifier(
        (), loss="perceptron", solver="sgd", momentum=0.0, batch_size=1, max_iter=1000,
        n_iter_no_change=np.inf, alpha=0.0, initializer="zeros", random_state=0,
    ).fit(X, y)  # fmt: skip
    assert clf.score(X, y) == 1
    assert clf.loss_curve_[-1] == 0
    assert clf.n_iter_ < 100
    assert clf.out_activation_ == "heaviside"
