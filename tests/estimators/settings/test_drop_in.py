"""Code written for MLPClassifier and MLPRegressor runs after changing the import."""

import inspect
import re

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sklearn_bpnet import BPNetClassifier, BPNetRegressor

PAIRS = [
    pytest.param(BPNetClassifier, MLPClassifier, id="classifier"),
    pytest.param(BPNetRegressor, MLPRegressor, id="regressor"),
]
SOLVERS = ["lbfgs", "sgd", "adam"]

quietly = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
each_pair = pytest.mark.parametrize(("ours", "theirs"), PAIRS)
each_class = pytest.mark.parametrize("ours", [BPNetClassifier, BPNetRegressor])
each_solver = pytest.mark.parametrize("solver", SOLVERS)


def parameters(estimator):
    return inspect.signature(estimator).parameters


@each_pair
def test_every_parameter_exists_with_the_same_default(ours, theirs):
    assert not set(parameters(theirs)) - set(parameters(ours))
    differ = {
        name
        for name, theirs in parameters(theirs).items()
        if parameters(ours)[name].default != theirs.default
    }
    # alpha means something else here; the others were chosen on tables
    chosen = {"learning_rate", "learning_rate_init", "max_iter", "n_iter_no_change"}
    assert differ <= {"alpha", "hidden_layer_sizes", *chosen}


@each_class
def test_all_parameters_but_the_first_two_are_keyword_only(ours):
    *first, others = parameters(ours).values()
    first, others = list(parameters(ours).values())[:2], [*first[2:], others]
    assert [p.name for p in first] == ["hidden_layer_sizes", "activation"]
    assert {p.kind for p in first} == {inspect.Parameter.POSITIONAL_OR_KEYWORD}
    assert {p.kind for p in others} == {inspect.Parameter.KEYWORD_ONLY}


@each_class
def test_the_docstring_lists_every_parameter_in_the_order_of_the_signature(ours):
    docstring = inspect.getdoc(ours)
    section = docstring.split("Parameters\n----------\n")[1].split("Attributes\n")[0]
    documented = re.findall(r"^(\w+) : ", section, flags=re.MULTILINE)
    assert documented == list(parameters(ours))


@each_class
def test_the_docstring_names_the_default_of_every_parameter(ours):
    docstring = inspect.getdoc(ours).replace("\\\n", "").replace("\n", " ")
    for name, parameter in parameters(ours).items():
        stated = re.search(rf" {name} : .*?default=([^ ]+)", docstring).group(1)
        assert eval(stated) == parameter.default, name


def test_the_two_classes_share_their_defaults_except_the_loss():
    classifier, regressor = parameters(BPNetClassifier), parameters(BPNetRegressor)
    shared = set(classifier) & set(regressor)
    differ = {n for n in shared if classifier[n].default != regressor[n].default}
    assert differ == {"loss"}
    assert set(classifier) ^ set(regressor) == {
        "calibration",
        "class_weight",
        "target_encoding",
        "clip_predictions",
        "target_scaling",
    }


@each_pair
def test_every_public_method_exists_with_the_same_arguments(ours, theirs):
    def methods(estimator):
        return {
            name: list(inspect.signature(getattr(estimator, name)).parameters)
            for name in dir(estimator)
            if not name.startswith("_") and callable(getattr(estimator, name, None))
        }

    expected, actual = methods(theirs()), methods(ours())
    # scikit-learn got sample weights in 1.7
    for name in ("fit", "partial_fit"):
        if "sample_weight" not in expected[name]:
            expected[name].insert(2, "sample_weight")
            expected.pop("set_partial_fit_request", None)
    expected = {k: v for k, v in expected.items() if not k.startswith("set_")}
    # what is ours alone comes after, by keyword
    first = {k: actual.get(k, [])[: len(names)] for k, names in expected.items()}
    assert first == expected


def attributes(estimator):
    return {
        name: value
        for name, value in vars(estimator).items()
        if name.endswith("_") and not name.startswith("_")
    }


def shape_of(value):
    """The type of a fitted attribute, and the shapes and lengths it has."""
    if isinstance(value, list):
        return [getattr(item, "shape", ()) for item in value]
    if isinstance(value, np.ndarray):
        return value.shape
    if value is None or isinstance(value, str):
        return value
    return int if isinstance(value, (int, np.integer)) else float


@quietly
@each_pair
@each_solver
@pytest.mark.parametrize("hidden", [(), (3,), (4, 2)])
def test_every_fitted_attribute_exists_with_the_same_shape(
    ours, theirs, solver, hidden, iris
):
    X, y = iris
    # a start at which all rectifiers are 0 has no gradient, and ends training sooner
    kwargs = {"solver": solver, "max_iter": 4, "tol": 0, "random_state": 0}
    actual, expected = (
        attributes(estimator(hidden_layer_sizes=hidden, **kwargs).fit(X, y))
        for estimator in (ours, theirs)
    )
    # what does not apply is None there, and absent here
    assert {name for name in expected if name not in actual} == {
        name for name, value in expected.items() if value is None
    }
    # theirs counts no samples under L-BFGS
    for name in set(actual) & set(expected) - {"t_"}:
        assert shape_of(actual[name]) == shape_of(expected[name]), name
    assert len(actual["loss_curve_"]) == actual["n_iter_"] == 4
    assert actual["t_"] == 4 * len(y)


@quietly
@each_pair
def test_every_fitted_attribute_of_early_stopping_exists(ours, theirs, iris):
    kwargs = {"early_stopping": True, "max_iter": 3}
    actual, expected = (
        attributes(estimator(hidden_layer_sizes=(3,), **kwargs).fit(*iris))
        for estimator in (ours, theirs)
    )
    assert set(expected) - set(actual) == {"best_loss_"}
    assert expected["best_loss_"] is None
    assert isinstance(actual["best_validation_score_"], float)
    assert len(actual["validation_scores_"]) == 3


@quietly
@each_pair
def test_feature_names_are_learnt(ours, theirs, iris):
    pd = pytest.importorskip("pandas")
    X, y = iris
    X = pd.DataFrame(X, columns=list("abcd"))
    actual, expected = (
        estimator(hidden_layer_sizes=(3,), max_iter=2).fit(X, y)
        for estimator in (ours, theirs)
    )
    assert list(actual.feature_names_in_) == list(expected.feature_names_in_)


@quietly
@pytest.mark.parametrize(
    ("target", "name"),
    [
        pytest.param(lambda y: np.minimum(y, 1), "logistic", id="binary"),
        pytest.param(lambda y: y, "softmax", id="multiclass"),
        pytest.param(lambda y: np.eye(3, dtype=int)[y], "logistic", id="multilabel"),
    ],
)
def test_output_activation_of_a_classifier_has_their_name(target, name, iris):
    X, y = iris
    ours, theirs = (
        estimator((2,), max_iter=2).fit(X, target(y))
        for estimator in (BPNetClassifier, MLPClassifier)
    )
    assert ours.out_activation_ == theirs.out_activation_ == name
    assert ours.n_outputs_ == theirs.n_outputs_
    assert list(ours.classes_) == list(theirs.classes_)


@quietly
@pytest.mark.parametrize(
    ("loss", "name"), [("squared_error", "identity"), ("poisson", "exp")]
)
def test_output_activation_of_a_regressor_has_their_name(loss, name, iris):
    X, y = iris
    assert BPNetRegressor((2,), loss=loss, max_iter=2).fit(X, y).out_activation_ == name
    if "loss" in parameters(MLPRegressor):  # from scikit-learn 1.7 on
        theirs = MLPRegressor(hidden_layer_sizes=(2,), loss=loss, max_iter=2)
        assert theirs.fit(X, y).out_activation_ == name


@each_pair
@each_solver
def test_reaching_max_iter_is_a_convergence_warning(ours, theirs, solver, iris):
    for estimator in (ours, theirs):
        model = estimator(
            hidden_layer_sizes=(3,), solver=solver, max_iter=1, random_state=0
        )
        if solver != "lbfgs":
            model.set_params(learning_rate="constant")
        with pytest.warns(ConvergenceWarning):
            model.fit(*iris)


@each_class
def test_a_learning_rate_that_came_down_to_its_end_needs_no_warning(ours, iris):
    ours(hidden_layer_sizes=(3,), max_iter=3, tol=0).fit(*iris)


@quietly
@each_pair
def test_a_batch_larger_than_the_data_is_a_user_warning(ours, theirs, iris):
    for estimator in (ours, theirs):
        with pytest.warns(UserWarning, match="going to be clipped"):
            estimator(hidden_layer_sizes=(3,), batch_size=151, max_iter=1).fit(*iris)


@each_class
def test_partial_fit_does_not_exist_under_lbfgs(ours):
    assert hasattr(ours(), "partial_fit")
    assert not hasattr(ours(solver="lbfgs"), "partial_fit")
    with pytest.raises(AttributeError, match="has no attribute 'partial_fit'"):
        ours(solver="lbfgs").partial_fit  # noqa: B018 (asking raises)


def error_of(action):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (compared by the caller)
        action()
    return str(caught.value)


def test_partial_fit_without_classes_is_the_same_error(iris):
    ours, theirs = (
        error_of(lambda e=estimator: e().partial_fit(*iris))
        for estimator in (BPNetClassifier, MLPClassifier)
    )
    assert ours == theirs


def test_partial_fit_with_other_classes_is_the_same_error(iris):
    def go_on(estimator):
        estimator.partial_fit(*iris, classes=[0, 1, 2])
        return error_of(lambda: estimator.partial_fit(*iris, classes=[0, 1]))

    assert go_on(BPNetClassifier()) == go_on(MLPClassifier())


@pytest.mark.parametrize("first", [True, False], ids=["first call", "later call"])
def test_labels_beyond_classes_are_the_same_error(first, iris):
    X, y = iris

    def see_a_new_class(estimator):
        if first:
            return error_of(lambda: estimator.partial_fit(X, y, classes=[0, 1]))
        estimator.partial_fit(X[y < 2], y[y < 2], classes=[0, 1])
        return error_of(lambda: estimator.partial_fit(X, y))

    ours = see_a_new_class(BPNetClassifier())
    assert "`y` has classes not in `self.classes_`" in ours
    assert ours == see_a_new_class(MLPClassifier())


@quietly
def test_other_classes_at_a_warm_start_are_the_same_error(iris):
    X, y = iris

    def start_again(estimator):
        estimator.fit(X, y)
        return error_of(lambda: estimator.fit(X, np.minimum(y, 1)))

    kwargs = {"warm_start": True, "max_iter": 2}
    ours = start_again(BPNetClassifier(**kwargs))
    assert "warm_start can only be used where `y` has the same classes" in ours
    assert ours == start_again(MLPClassifier(**kwargs))


@quietly
@each_pair
def test_params_round_trip_and_clone(ours, theirs):
    params = theirs().get_params()
    model = clone(ours().set_params(**params))
    assert {name: model.get_params()[name] for name in params} == params
