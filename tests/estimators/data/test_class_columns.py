"""Several columns of class labels in y: one network, a softmax for every column."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, ShuffleSplit, cross_val_score
from sklearn.multioutput import MultiOutputClassifier
from sklearn.utils import get_tags
from sklearn.utils.class_weight import compute_sample_weight

from sklearn_bpnet import BPNetClassifier, check_gradient, config_context
from sklearn_bpnet.net.losses import FocalLoss, LogLoss

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

COLOURS = np.array(["blue", "green", "red"])
SIZES = np.array([1, 2, 5, 9])


@pytest.fixture
def table(rng):
    """Features, and three columns of classes: strings, two strings, integers."""
    X = rng.normal(size=(240, 4))
    noisy = X + 0.5 * rng.normal(size=X.shape)
    colour = COLOURS[(noisy[:, 0] > 0).astype(int) + (noisy[:, 1] > 0.5)]
    sold = np.where(noisy[:, 2] > 0.3, "yes", "no")
    size = SIZES[np.digitize(noisy[:, 3], [-1, 0, 1])]
    Y = np.column_stack([a.astype(object) for a in (colour, sold, size)])
    return X, Y


def linear(**parameters):
    defaults = {"solver": "lbfgs", "alpha": 0.01, "tol": 1e-9, "max_iter": 3000}
    return BPNetClassifier((), **(defaults | parameters))


def small(**parameters):
    defaults = {"max_iter": 5, "random_state": 0}
    return BPNetClassifier((6,), **(defaults | parameters))


def column(Y, j):
    """A column as it would be given alone."""
    return np.array(Y[:, j].tolist())


# The model


def test_without_hidden_layer_columns_are_logistic_regressions(table):
    X, Y = table
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    clf = linear().fit(X, Y)
    logistic = LogisticRegression(C=1 / (0.01 * len(X)), tol=1e-10, max_iter=10_000)
    for j, P in enumerate(clf.predict_proba(X)):
        alone = clone(logistic).fit(Z, column(Y, j))
        assert_array_equal(clf.classes_[j], alone.classes_)
        assert_allclose(P, alone.predict_proba(Z), atol=1e-6)


PARAMETERS = [
    {},
    {"loss": "squared_error"},
    {"loss": LogLoss(label_smoothing=0.1)},
    {"loss": FocalLoss(gamma=1.0), "alpha": 0.1},
    {"loss": "squared_hinge"},
    {"output_activation": "softmax"},
    {"output_activation": "sigmoid"},
    {"target_encoding": "binary"},
    {"target_encoding": "ordinal", "loss": "squared_error"},
]


@pytest.mark.parametrize("parameters", PARAMETERS, ids=str)
def test_without_hidden_layer_columns_are_independent(parameters, table):
    X, Y = table
    clf = linear(**parameters).fit(X, Y)
    alone = [clone(clf).fit(X, column(Y, j)) for j in range(3)]
    assert clf.n_outputs_ == sum(one.n_outputs_ for one in alone)
    assert clf.out_activation_ == [one.out_activation_ for one in alone]
    for j, one in enumerate(alone):
        assert_allclose(
            clf.decision_function(X)[j], one.decision_function(X), atol=0.02
        )
        if hasattr(clf, "predict_proba"):
            assert_allclose(clf.predict_proba(X)[j], one.predict_proba(X), atol=2e-4)
            logs = clf.predict_log_proba(X)[j]
            assert_allclose(logs, np.log(clf.predict_proba(X)[j]))


@pytest.mark.parametrize(
    "loss", ["log_loss", "focal", "squared_error", "squared_hinge"]
)
def test_the_gradient_is_that_of_the_risk(loss, table):
    X, Y = table
    clf = BPNetClassifier((5,), activation="tanh", loss=loss, random_state=0)
    assert check_gradient(clf, X[:40], Y[:40]).n_checked == 25 + 6 * 8
    assert check_gradient(clf.set_params(max_iter=2).fit(X, Y), X[:40], Y[:40])


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("loss", ["log_loss", "focal", "squared_error", "hinge"])
def test_columns_are_learnt_by_one_network(solver, loss, table):
    X, Y = table
    Y[:, 2] = COLOURS[np.digitize(X[:, 3], [-0.5, 0.5])]  # without noise
    clf = BPNetClassifier((20,), solver=solver, loss=loss, random_state=0)
    if solver != "lbfgs":
        clf.set_params(learning_rate_init=0.02)
    predicted = clf.fit(X, Y).predict(X)
    assert len(clf.coefs_) == 2
    assert ((predicted == Y).mean(axis=0) > [0.7, 0.75, 0.9]).all()


def test_a_column_of_one_class_changes_nothing(table):
    X, Y = table
    alone = small().fit(X, column(Y, 0))
    for with_constants in (
        np.c_[Y[:, :1], np.full((len(X), 2), "same", dtype=object)],
        np.c_[np.full((len(X), 1), 7, dtype=object), Y[:, :1]],
    ):
        j = int(with_constants[0, 0] == 7)
        clf = small().fit(X, with_constants)
        assert clf.n_outputs_ == 3
        assert clf.out_activation_ == "softmax"
        assert_array_equal(clf.predict_proba(X)[j], alone.predict_proba(X))
        assert_array_equal(clf.predict(X)[:, j], alone.predict(X))
        assert_array_equal(clf.predict_proba(X)[1 - j], np.ones((len(X), 1)))
        assert_array_equal(clf.predict(X)[:, 1 - j], with_constants[:, 1 - j])


def test_columns_of_one_class_each_are_predicted_with_certainty(table):
    X, _ = table
    Y = np.tile(np.array(["a", "b"]), (len(X), 1))
    for n_members in (1, 2):
        clf = small(n_members=n_members, early_stopping=True).fit(X, Y)
        assert_array_equal(clf.predict(X), Y)
        for P, S in zip(clf.predict_proba(X), clf.decision_function(X), strict=True):
            assert_array_equal(P, np.ones((len(X), 1)))
            assert_array_equal(S, np.zeros(len(X)))
        assert clf.score(X, Y) == 1


# What is learned and predicted has the form of a random forest's


@pytest.mark.parametrize("kind", ["str", "int", "uint8", "float", "object"])
def test_labels_have_the_form_of_a_random_forests(kind, table):
    X, Y = table
    if kind == "object":
        Y = Y[:, :2]
    elif kind == "str":
        Y = Y.astype(str)
    else:
        Y = np.column_stack([Y[:, 2], Y[:, 2] % 3, np.arange(len(X)) % 2]).astype(kind)
    clf = small().fit(X, Y)
    forest = RandomForestClassifier(5, random_state=0).fit(X, Y)
    assert isinstance(clf.classes_, list)
    assert clf.n_classes_ == forest.n_classes_
    for mine, other in zip(clf.classes_, forest.classes_, strict=True):
        assert_array_equal(mine, other)
        assert mine.dtype == other.dtype
    predicted, expected = clf.predict(X), forest.predict(X)
    assert predicted.shape == expected.shape
    assert predicted.dtype == expected.dtype
    for name in ("predict_proba", "predict_log_proba"):
        mine = getattr(clf, name)(X)
        with np.errstate(divide="ignore"):
            other = getattr(forest, name)(X)
        assert isinstance(mine, list)
        assert [P.shape for P in mine] == [P.shape for P in other]
    for P, S, classes, labels in zip(
        clf.predict_proba(X),
        clf.decision_function(X),
        clf.classes_,
        predicted.T,
        strict=True,
    ):
        assert_allclose(P.sum(axis=1), 1)
        assert_array_equal(classes[P.argmax(axis=1)], labels)
        assert S.shape == ((len(X),) if len(classes) == 2 else P.shape)


def test_the_score_is_that_of_a_network_per_column(table):
    X, Y = table
    clf = linear().fit(X, Y)
    assert clf.score(X, Y) == (clf.predict(X) == Y).all(axis=1).mean()
    text = Y.astype(str)
    several = MultiOutputClassifier(linear()).fit(X, text)
    assert clone(clf).fit(X, text).score(X, text) == several.score(X, text)
    weights = np.arange(len(X)) * 1e300
    right = (clf.predict(X) == Y).all(axis=1)
    expected = np.average(right, weights=np.arange(len(X)))
    assert_allclose(clf.score(X, Y, weights), expected)
    with pytest.raises(ValueError, match="y must have the 3 columns"):
        clf.score(X, Y[:, :2])


def test_tags_and_n_classes(table):
    X, Y = table
    tags = get_tags(BPNetClassifier())
    assert tags.classifier_tags.multi_class
    assert tags.classifier_tags.multi_label
    assert small().fit(X, Y[:, 0].astype(str)).n_classes_ == 3
    assert not hasattr(small().fit(X, X > 0), "n_classes_")


# Label indicators or columns of classes


@pytest.mark.parametrize("dtype", [int, bool, float, np.uint8])
def test_zeros_and_ones_remain_label_indicators(dtype, table):
    X, _ = table
    clf = small().fit(X, (X[:, :2] > 0).astype(dtype))
    assert_array_equal(clf.classes_, [0, 1])
    assert clf.out_activation_ == "logistic"


def test_zeros_and_ones_are_classes_where_classes_are_given_by_column(table):
    X, _ = table
    Y = (X[:, :2] > 0).astype(int)
    clf = small().partial_fit(X, Y, classes=[[0, 1], [0, 1, 2]])
    assert clf.n_classes_ == [2, 3]
    assert clf.partial_fit(X, Y).predict(X).shape == Y.shape
    assert_array_equal(clf.classes_[1], [0, 1, 2])
    assert clf.fit(X, Y).out_activation_ == "logistic"  # a new start


def test_a_call_that_continues_keeps_the_kind_of_the_targets(table):
    X, Y = table
    indicators = (X[:, :3] > 0).astype(int)
    clf = small(warm_start=True).fit(X, Y)
    with pytest.raises(ValueError, match=r"Column 0 of y: .* same classes"):
        clf.fit(X, indicators)
    with pytest.raises(ValueError, match=r"Columns of class labels.* do not mix"):
        clf.fit(X, Y[:, 0].astype(str))
    clf = small(warm_start=True).fit(X, indicators)
    with pytest.raises(ValueError, match="not label indicators, 0 and 1"):
        clf.fit(X, Y)
    clf = small(warm_start=True).fit(X, indicators[:, 0])
    with pytest.raises(ValueError, match="do not mix between calls"):
        clf.fit(X, Y)
    for given in (Y, indicators):
        clf = small().fit(X, given)
        other = indicators + (given is indicators)
        with pytest.raises(ValueError, match=r"not label indicators|y_val has classes"):
            small().fit(X, given, X_val=X, y_val=other)
        assert clf.score(X, given) >= 0


def test_a_sparse_y_holds_label_indicators(table):
    X, _ = table
    Y = np.digitize(X[:, :2], [-0.5, 0.5])
    with pytest.raises(ValueError, match=r"values \[0, 1, 2\].*dense array for class"):
        small().fit(X, sparse.csr_array(Y))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda Y: np.c_[Y[:, :2], Y[:, 2] + 0.5],
            "Column 2 of y holds real numbers, such as",
        ),
        (lambda Y: np.c_[Y[:, :2], Y[:, ::2].sum(axis=1, keepdims=True)], None),
        (lambda Y: Y[:, :0], "y: Found array with 0 feature"),
        (lambda Y: np.c_[Y, np.full((len(Y), 1), object())], "Column 3 of y.*unknown"),
        (lambda Y: Y.reshape(-1, 3, 1), "dim"),
    ],
)
def test_columns_without_class_labels_are_named(change, message, table):
    X, Y = table
    if message is None:
        Y[::2, 0] = 3
        message, wrong = "Column 0 of y: y mixes labels of the types", Y
    else:
        wrong = change(Y)
    with pytest.raises(ValueError, match=message):
        small().fit(X, wrong)


# Weights


def test_class_weights_multiply_over_the_columns(table):
    X, Y = table
    factors = [{"red": 3, "blue": 1, "green": 2}, {"no": 0.5}, {9: 4.0, "none": 2}]
    factors[2] |= {1: 1, 2: 1, 5: 1}  # a key that y lacks is ignored, as for one column
    clf = small(class_weight=factors).fit(X, Y)
    weights = np.prod(
        [
            [one.get(label, 1) for label in y]
            for one, y in zip(factors, Y.T, strict=True)
        ],
        axis=0,
    )
    assert_allclose(clf.coefs_[0], small().fit(X, Y, weights).coefs_[0], rtol=1e-5)


def test_balanced_weights_are_those_of_scikit_learn(table):
    X, Y = table
    Y = np.unique(Y.astype(str), return_inverse=True)[1].reshape(Y.shape)
    weights = compute_sample_weight("balanced", Y)
    balanced = linear(class_weight="balanced").fit(X, Y)
    weighted = linear().fit(X, Y, weights)
    for P, expected in zip(
        balanced.predict_proba(X), weighted.predict_proba(X), strict=True
    ):
        assert_allclose(P, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({"red": 2}, "3 columns of class labels is a list with one dictionary"),
        ([{"red": 2}], "1 dictionaries, but there are 3 columns of class labels"),
        ([{}, {"maybe": 2}, {}], r"class_weight\[1\] has the keys \['maybe'\]"),
        ([{}, {"no": -1}, {}], r"class_weight\[1\] must be at least 0"),
    ],
)
def test_wrong_class_weights_are_named(class_weight, message, table):
    X, Y = table
    with pytest.raises(ValueError, match=message):
        small(class_weight=class_weight).fit(X, Y)


def test_a_sample_of_weight_two_is_two_samples(table):
    X, Y = table
    weights = np.arange(len(X)) % 3
    clf = linear().fit(X, Y, weights)
    repeated = linear().fit(
        np.repeat(X, weights, axis=0), np.repeat(Y, weights, axis=0)
    )
    for P, expected in zip(
        clf.predict_proba(X), repeated.predict_proba(X), strict=True
    ):
        assert_allclose(P, expected, atol=1e-6)


# Validation


def test_early_stopping_is_stratified_by_combinations_of_classes(rng):
    X = rng.normal(size=(400, 3))
    codes = rng.permutation(np.repeat([0, 1, 2, 3], [200, 100, 80, 20]))
    Y = np.column_stack([COLOURS[codes // 2], np.array(["no", "yes"])[codes % 2]])
    held_out = []

    def scoring(estimator, X, y):
        held_out.append(y)
        return 0.0

    small(early_stopping=True, scoring=scoring).fit(X, Y)
    _, counts = np.unique(held_out[0], axis=0, return_counts=True)
    assert sorted(counts) == [2, 8, 10, 20]


def test_rare_combinations_are_not_all_held_out(rng):
    X = rng.normal(size=(100, 3))
    Y = np.column_stack([np.arange(100) // 2, np.arange(100) % 50])
    sizes = []

    def scoring(estimator, X, y):
        sizes.append(len(y))
        return 0.0

    small(early_stopping=True, scoring=scoring).fit(X, Y + 3)
    assert sizes[0] == 10


def test_a_sample_of_weight_zero_is_absent_from_the_split(table):
    X, Y = table
    weights = (np.arange(len(X)) % 4 > 0).astype(float)
    clf = small(early_stopping=True).fit(X, Y, weights)
    there = weights > 0
    alone = small(early_stopping=True).fit(X[there], Y[there])
    assert_array_equal(clf.predict_proba(X)[0], alone.predict_proba(X)[0])
    assert clf.validation_scores_ == alone.validation_scores_


def test_the_validation_score_is_the_score(table):
    X, Y = table
    X_val, Y_val = X[200:], Y[200:]
    weights = np.arange(40)
    for n_members in (1, 2):
        clf = small(n_members=n_members).fit(
            X[:200], Y[:200], X_val=X_val, y_val=Y_val, sample_weight_val=weights
        )
        for one in getattr(clf, "estimators_", [clf]):
            score = one.score(X_val, Y_val, weights)
            assert_allclose(one.validation_scores_[-1], score)
            terms = [
                log_loss(list(y), P, sample_weight=weights, labels=classes)
                for y, P, classes in zip(
                    Y_val.T, one.predict_proba(X_val), one.classes_, strict=True
                )
            ]
            loss = one.validation_loss_curve_[-1]
            assert_allclose(loss, sum(terms), rtol=1e-4)


def test_scorers_during_training(table):
    X, Y = table
    expected = small(early_stopping=True).fit(X, Y).validation_scores_
    assert small(early_stopping=True, scoring="accuracy").fit(X, Y)

    def scorer(estimator, X, y):
        return (estimator.predict(X) == y).all(axis=1).mean()

    clf = small(early_stopping=True, scoring=scorer).fit(X, Y)
    assert_allclose(clf.validation_scores_, expected)
    assert not hasattr(
        small(early_stopping=True, scoring="loss").fit(X, Y), "validation_scores_"
    )
    with pytest.raises(ValueError, match="scoring='roc_auc_ovr' cannot score"):
        small(early_stopping=True, scoring="roc_auc_ovr").fit(X, Y)


def test_a_scorer_that_fails_names_classes_that_the_samples_lack(table):
    X, Y = table
    lacks = Y[:, 0] != "red"

    def scorer(estimator, X, y):
        raise ValueError("no")

    with pytest.raises(ValueError, match="lack class 'red' in column 0"):
        small(early_stopping=True, scoring=scorer).fit(
            X, Y, X_val=X[lacks], y_val=Y[lacks]
        )


def test_unknown_classes_of_the_validation_samples_are_named(table):
    X, Y = table
    Y_val = Y.copy()
    Y_val[0, 1] = "maybe"
    with pytest.raises(ValueError, match=r"Column 1 of y_val: y_val has classes that"):
        small().fit(X, Y, X_val=X, y_val=Y_val)
    with pytest.raises(ValueError, match="y_val must have the 3 columns of y"):
        small().fit(X, Y, X_val=X, y_val=Y_val[:, :2])


@pytest.mark.parametrize("n_members", [1, 2])
def test_one_temperature_minimises_the_loss_of_all_columns(n_members, table):
    X, Y = table
    clf = BPNetClassifier(
        (30,), calibration="temperature", n_members=n_members, alpha=0.0,
        learning_rate_init=0.05, random_state=0,
    ).fit(X[:120], Y[:120], X_val=X[120:], y_val=Y[120:])  # fmt: skip
    assert clf.temperature_ > 1.2  # overfitted

    def total(clf):
        return sum(
            log_loss(list(y), P, labels=classes)
            for y, P, classes in zip(
                Y[120:].T, clf.predict_proba(X[120:]), clf.classes_, strict=True
            )
        )

    calibrated = total(clf)
    predicted = clf.predict(X)
    clf._fitted.temperature = None
    assert calibrated < total(clf)
    assert_array_equal(clf.predict(X), predicted)
    with pytest.raises(ValueError, match="needs logits, which"):
        clone(clf).set_params(loss="hinge").fit(X, Y, X_val=X, y_val=Y)


def test_an_ensemble_averages_the_probabilities_of_every_column(table):
    X, Y = table
    clf = small(n_members=3).fit(X, Y)
    members = [one.predict_proba(X) for one in clf.estimators_]
    for j, P in enumerate(clf.predict_proba(X)):
        assert_allclose(P, np.mean([of_member[j] for of_member in members], axis=0))
        assert_array_equal(clf.predict(X)[:, j], clf.classes_[j][P.argmax(axis=1)])
    assert clf.predict(X).dtype == object


# Continuing


def test_partial_fit_continues_and_knows_all_classes(table):
    X, Y = table
    classes = [COLOURS, ["yes", "no"], SIZES.tolist()]
    clf = small().partial_fit(X[:3], Y[:3], classes=classes)
    assert [one.tolist() for one in clf.classes_] == [
        ["blue", "green", "red"], ["no", "yes"], [1, 2, 5, 9]
    ]  # fmt: skip
    for start in range(3, 240, 79):
        clf.partial_fit(X[start : start + 79], Y[start : start + 79])
    clf.partial_fit(X, Y, classes=classes)
    assert clf.t_ == 480
    with pytest.raises(ValueError, match="not the same as on last call"):
        clf.partial_fit(X, Y, classes=[*classes[:2], [1, 2]])
    with pytest.raises(ValueError, match="not the same as on last call"):
        clf.partial_fit(X, Y, classes=COLOURS)
    with pytest.raises(ValueError, match="y has 2 columns, but in the previous calls"):
        clf.partial_fit(X, Y[:, :2])
    Y[0, 1] = "maybe"
    with pytest.raises(ValueError, match="Column 1 of y: `y` has classes not in"):
        clf.partial_fit(X, Y)


def test_partial_fit_needs_the_classes_of_every_column(table):
    X, Y = table
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        small().partial_fit(X, Y)
    with pytest.raises(ValueError, match=r"Use 1 where .* a list with the classes of"):
        small().partial_fit(X, Y, classes=COLOURS)
    with pytest.raises(ValueError, match="y has 3 columns, but classes has 2 lists"):
        small().partial_fit(X, Y, classes=[COLOURS, ["no", "yes"]])
    with pytest.raises(ValueError, match=r"do not mix with other .* shape \(240,\)"):
        small().partial_fit(X, Y[:, 0].astype(str), classes=[COLOURS])


def test_warm_start_continues_bit_for_bit(table):
    X, Y = table
    whole = small(max_iter=6, learning_rate="constant").fit(X, Y)
    parts = small(max_iter=3, learning_rate="constant", warm_start=True)
    parts.fit(X, Y).fit(X, Y)
    assert_array_equal(parts.coefs_[1], whole.coefs_[1])
    Y = Y.copy()
    Y[Y[:, 0] == "red", 0] = "blue"
    with pytest.raises(ValueError, match=r"Column 0 of y: .* the same classes"):
        parts.fit(X, Y)


@pytest.mark.parametrize("parameters", [{}, {"n_members": 2}], ids=str)
def test_a_checkpoint_predicts_and_continues(parameters, table, tmp_path):
    X, Y = table
    for targets in (Y, Y.astype(str)):
        clf = small(warm_start=True, early_stopping=True, **parameters).fit(X, targets)
        clf.save_checkpoint(tmp_path / "clf.ckpt")
        loaded = BPNetClassifier.load_checkpoint(tmp_path / "clf.ckpt")
        for mine, other in zip(clf.classes_, loaded.classes_, strict=True):
            assert_array_equal(mine, other)
            assert mine.dtype == other.dtype
        assert loaded.out_activation_ == clf.out_activation_
        assert_array_equal(loaded.predict(X), clf.predict(X))
        assert loaded.predict(X).dtype == clf.predict(X).dtype
        for one in (clf, loaded):
            one.fit(X, targets)
        assert_array_equal(loaded.predict_proba(X)[2], clf.predict_proba(X)[2])


def test_given_weights(table):
    X, Y = table
    clf = linear().fit(X, Y)
    given = BPNetClassifier.from_weights(
        clf.coefs_,
        clf.intercepts_,
        classes=[column(Y[:, [j]], 0) for j in ()]
        or [c.tolist() for c in clf.classes_],
        input_mean=clf.input_mean_,
        input_scale=clf.input_scale_,
    )
    assert_array_equal(given.predict(X), clf.predict(X))
    assert_array_equal(given.predict_proba(X)[2], clf.predict_proba(X)[2])
    given.partial_fit(X, Y)
    with pytest.raises(ValueError, match="classes of 2 columns need 4 outputs"):
        BPNetClassifier.from_weights(
            clf.coefs_, clf.intercepts_, classes=[COLOURS, ["no", "yes"]]
        )


# Beside scikit-learn


def test_searches_and_cross_validation(table):
    X, Y = table
    scores = cross_val_score(linear(tol=1e-4), X, Y, cv=ShuffleSplit(2, random_state=0))
    assert (scores > 0.1).all()
    search = GridSearchCV(linear(tol=1e-4), {"alpha": [1e-3, 1e-1]}, cv=2)
    # scikit-learn's choice of a splitter cannot read columns of several kinds
    assert search.fit(X, Y.astype(str)).predict(X).shape == Y.shape


def test_lists_of_lists_keep_the_types_of_their_cells(table):
    X, Y = table
    clf = small().fit(X, Y.tolist())
    assert [one.dtype.kind for one in clf.classes_] == ["O", "O", "i"]
    assert_array_equal(clf.predict(X), small().fit(X, Y).predict(X))
    assert clf.score(X, Y.tolist()) == clf.score(X, Y)


@pytest.mark.parametrize("loss", ["log_loss", LogLoss(label_smoothing=0.1)], ids=str)
def test_compiled_epochs_are_those_of_numpy(loss, table):
    pytest.importorskip("numba")
    X, Y = table
    clf = small(loss=loss, dtype="float64", max_iter=3, dropout=0.1)
    with config_context(compiled=True):
        compiled = clone(clf).fit(X, Y)
    with config_context(compiled=False):
        reference = clone(clf).fit(X, Y)
    assert_allclose(compiled.coefs_[1], reference.coefs_[1], rtol=1e-9)
    assert_allclose(compiled.loss_curve_, reference.loss_curve_, rtol=1e-9)
