"""Texts of errors and warnings: the parameter, the value in force, and the remedy."""

import inspect
import re
import warnings
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from importlib.util import find_spec

import numpy as np
import pytest
from scipy import sparse

from sklearn_bpnet import BPNetClassifier, BPNetRegressor, check_gradient
from sklearn_bpnet.inspection import find_learning_rate
from sklearn_bpnet.net.activations import ELU, LeakyReLU, ReLU
from sklearn_bpnet.net.blocks.embeddings import PBLD
from sklearn_bpnet.net.losses import Huber, LogLoss
from sklearn_bpnet.options import Dropout, EarlyStopping, WeightDecay
from sklearn_bpnet.training.full_batch import LBFGS
from sklearn_bpnet.training.optimizers import SGD, Adam, AdamW
from sklearn_bpnet.training.schedules import Cosine, Schedule

each_class = pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])


def short(value):
    return repr(value)[:16]


def messages_of(model, X, y):
    """The texts of the warnings of a fit."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    return [str(warning.message) for warning in caught]


# Parameters without effect


@each_class
@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (
            {"solver": "lbfgs", "batch_size": 16, "learning_rate": "constant"},
            "batch_size=16, learning_rate='constant' has no effect with solver='lbfgs'",
        ),
        (
            {"solver": "lbfgs", "batch_size": 16, "validation_fraction": 0.2},
            "batch_size=16 has no effect with solver='lbfgs'; validation_fraction=0.2 "
            "has no effect with early_stopping=False",
        ),
        (
            {"solver": "lbfgs", "n_iter_no_change": 5},
            "n_iter_no_change=5 has no effect with solver='lbfgs', "
            "early_stopping=False",
        ),
        (
            {"solver": "sgd", "beta_1": 0.5},
            "beta_1=0.5 has no effect with solver='sgd'",
        ),
        (
            {"solver": "gd", "shuffle": False},
            "shuffle=False has no effect with solver='gd'",
        ),
        (
            {"power_t": 0.2, "learning_rate": "cosine"},
            "power_t=0.2 has no effect with learning_rate='cosine'",
        ),
        (
            {"hidden_layer_sizes": (), "dropout": 0.2},
            "dropout=0.2 has no effect with hidden_layer_sizes=()",
        ),
        (
            {"solver": Adam(), "beta_2": 0.5},
            f"beta_2=0.5 has no effect with solver={Adam()!r}",
        ),
        (
            {"solver": AdamW(), "weight_decay": 0.5},
            f"weight_decay=0.5 has no effect with solver={AdamW()!r}",
        ),
        ({"n_jobs": 2}, "n_jobs=2 has no effect with n_members=1"),
    ],
    ids=str,
)
def test_words_a_warning_names_the_cause_and_repeats_nothing(
    estimator, parameters, expected, iris
):
    model = estimator(max_iter=3, **{"hidden_layer_sizes": (3,), **parameters})
    [message] = [m for m in messages_of(model, *iris) if "no effect" in m]
    assert message == f"{expected}. Leave it at its default."


# The value in force; no advice to do what the estimator does


def diverging(estimator, **parameters):
    common = {"output_activation": "identity", "loss": "squared_error"}
    return estimator(
        (5,), "identity", random_state=0, **common, **{"max_iter": 50, **parameters}
    )


@each_class
def test_words_after_divergence_the_values_in_force_are_named(estimator, iris):
    model = diverging(estimator, solver="sgd", learning_rate_init=50.0)
    [message] = messages_of(model, *iris)
    assert "lower learning_rate_init=50.0" in message
    alpha = model.plan_["alpha"]
    assert f"raise alpha (alpha='auto' is {alpha:.2g} here)" in message
    assert "scale the data" not in message  # as they are


@each_class
def test_words_a_given_alpha_and_unscaled_data_are_named(estimator, iris):
    model = diverging(
        estimator, solver="sgd", learning_rate_init=50.0, alpha=1e-3, input_scaling=None
    )
    [message] = messages_of(model, *iris)
    assert "raise alpha=0.001 or scale the data (instead of input_scaling=None)" in (
        message
    )


def test_words_unscaled_targets_are_named(iris):
    X, y = iris
    reg = diverging(
        BPNetRegressor, solver="sgd", learning_rate_init=50.0, target_scaling=None
    )
    [message] = messages_of(reg, X, y)
    assert "scale the data (instead of target_scaling=None)" in message


@each_class
@pytest.mark.parametrize("n_members", [1, 2])
def test_words_without_a_finite_step_the_values_in_force_are_named(
    estimator, n_members, iris
):
    X, y = iris
    model = diverging(
        estimator, input_scaling=None, dtype="float32", n_members=n_members
    )
    with pytest.raises(ValueError, match="non-finite parameter weights") as caught:
        model.fit(X * 1e37, y)
    message = str(caught.value)
    assert "lower learning_rate_init (learning_rate_init='auto' is 0.008 here)" in (
        message
    )
    assert "scale the data (instead of input_scaling=None)" in message


@each_class
@pytest.mark.parametrize("solver", ["lbfgs", "cg", LBFGS()])
def test_words_a_full_batch_solver_at_its_limit_names_what_is_open(
    estimator, solver, iris
):
    [message] = messages_of(estimator((5,), solver=solver, max_iter=2), *iris)
    assert "failed to converge after 2 iterations" in message
    assert message.endswith("Increase max_iter=2 or raise tol=0.0001.")
    model = estimator((5,), solver=solver, max_iter=2, input_scaling=None)
    [message] = messages_of(model, *iris)
    assert "scale the data (instead of input_scaling=None)" in message


@each_class
def test_words_a_limit_of_evaluations_is_named_with_its_value(estimator, iris):
    [message] = messages_of(estimator((5,), solver="lbfgs", max_fun=3), *iris)
    assert "Raise max_fun=3" in message


@each_class
def test_words_an_optimizer_at_its_limit_names_a_remedy(estimator, iris):
    model = estimator((5,), learning_rate="constant", max_iter=2)
    [message] = messages_of(model, *iris)
    assert "Maximum iterations (2) reached" in message
    assert "Increase max_iter=2" in message


# Every parameter of the constructors


def parameters(estimator):
    return list(inspect.signature(estimator).parameters)


EVERY = [(e, name) for e in (BPNetClassifier, BPNetRegressor) for name in parameters(e)]
each_parameter = pytest.mark.parametrize(("estimator", "name"), EVERY)
BOOLEANS = {
    "learned_input_scale",
    "nesterovs_momentum",
    "shuffle",
    "early_stopping",
    "clip_predictions",
    "verbose",
    "warm_start",
}
# so that the parameter has an effect
NEEDED = {
    "momentum": {"solver": "sgd"},
    "nesterovs_momentum": {"solver": "sgd"},
    "max_fun": {"solver": "lbfgs"},
    "power_t": {"learning_rate": "invscaling"},
    "validation_fraction": {"early_stopping": True},
    "scoring": {"early_stopping": True},
}


def make(estimator, **parameters):
    return estimator(**{"hidden_layer_sizes": (3,), "max_iter": 2, **parameters})


def error_of(model, X, y, **arguments):
    """The text of the ValueError or TypeError that fit raises."""
    with pytest.raises((ValueError, TypeError)) as caught:
        model.fit(X, y, **arguments)
    return str(caught.value)


@each_parameter
@pytest.mark.parametrize(
    "value",
    ["10", "1e-3", np.nan, -np.inf, -3.5, 1j, Decimal("0.1"), Fraction(1, 2), b"adam",
     object(), 10**400, np.datetime64("2020"), {1: np.nan}, np.array([np.nan]), ["10"]],
    ids=short,
)  # fmt: skip
def test_words_a_value_of_no_meaning_is_an_error_that_names_it(
    estimator, name, value, iris
):
    if name == "verbose" and isinstance(value, int):
        return  # a level, as high as it may be
    model = make(estimator, **{**NEEDED.get(name, {}), name: value})
    message = error_of(model, *iris)
    assert name in message or (name == "activation" and "activation" in message)
    assert (
        "must" in message
        or "Unknown" in message
        or "unknown" in message
        or (name in {"activation", "class_weight", "learning_rate_factors"})
    )


@each_parameter
@pytest.mark.parametrize("value", [True, False, np.True_], ids=repr)
def test_words_a_boolean_is_no_number(estimator, name, value, iris):
    model = make(estimator, **{**NEEDED.get(name, {}), name: value})
    if name in BOOLEANS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(*iris)
        return
    message = error_of(model, *iris)
    assert name in message
    assert f"{value!r}" in message


@each_class
@pytest.mark.parametrize(
    "parameters",
    [
        {"alpha": [0.1, True]},
        {"alpha": ["0.1", "0.2"]},
        {"alpha": [0.1, None]},
        {"alpha": np.array([1j, 0])},
        {"alpha": np.ma.masked},
        {"dropout": np.array(0.5)},
        {"dropout": [True]},
        {"hidden_layer_sizes": [True]},
        {"hidden_layer_sizes": [3, [4]]},
        {"hidden_layer_sizes": {3: 1}},
        {"learning_rate_factors": [True, 1]},
        {"learning_rate_factors": {"W": True}},
        {"learning_rate_factors": {"b": "0.1"}},
        {"n_jobs": 0},
        {"n_jobs": 1.0},
        {"record": [True]},
        {"loss": (1, 2)},
        {"output_activation": ("relu",)},
    ],
    ids=str,
)
def test_words_entries_are_checked_as_single_values_are(estimator, parameters, iris):
    [name] = parameters
    assert name in error_of(make(estimator, **parameters), *iris)


@each_class
def test_words_numbers_of_numpy_are_numbers(estimator, iris):
    values = {
        "alpha": np.float32(0.5),
        "power_t": np.int64(3),
        "learning_rate": "invscaling",
        "learning_rate_init": np.float16(0.5),
        "batch_size": np.uint8(20),
        "max_iter": np.int32(3),
        "shuffle": np.False_,
        "n_iter_no_change": np.float32(np.inf),
        "random_state": np.int64(3),
    }
    plain = {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in values.items()
    }
    found, expected = (estimator((3,), **p).fit(*iris) for p in (values, plain))
    for W, W_expected in zip(found.coefs_, expected.coefs_, strict=True):
        assert np.array_equal(W, W_expected)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Adam(beta_1=True), "beta_1 must be a number; got True"),
        (lambda: Adam(beta_1="0.9"), "beta_1 must be a number; got '0.9'"),
        (lambda: Adam(epsilon=np.inf), "epsilon must be finite; got inf"),
        (lambda: Adam(beta_2=np.nan), r"beta_2 must lie in \[0, 1\); got nan"),
        (lambda: LBFGS(max_fun=2.5), "max_fun must be a whole number; got 2.5"),
        (lambda: SGD(nesterov="no"), "nesterov must be True or False; got 'no'"),
        (lambda: LeakyReLU(None), "negative_slope must be a number; got None"),
        (lambda: ELU(1j), "alpha must be a number; got 1j"),
        (lambda: Huber(10**400), "delta must be finite; got 1000"),
        (
            lambda: LogLoss(label_smoothing="0.1"),
            "label_smoothing must be a number; got '0.1'",
        ),
        (
            lambda: PBLD(deviation=np.True_),
            r"deviation must be a number; got (np\.)?True",
        ),
        (lambda: Cosine(final=[0.1]), r"final must be a number; got \[0.1\]"),
        (lambda: WeightDecay(np.inf), "rate must be at least 0, or None; got inf"),
        (lambda: Dropout(np.array(0.5)), r"rate must be .*; got array\(0.5\)"),
    ],
)
def test_words_hyper_parameters_are_checked_alike(build, message):
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize("value", [True, "0.9", np.nan, np.inf, None], ids=repr)
def test_words_user_defined_objects_are_checked_alike(value):
    @dataclass(frozen=True)
    class Halving(Schedule):
        every: int = 2
        start: float = 1.0

        def factor(self, time):
            return self.start / 2 ** (time.epoch // self.every)

    @dataclass(frozen=True)
    class Checked(Halving):
        def __post_init__(self):
            if not self.start <= 1:
                raise ValueError("start must be at most 1")

    for cls in (Halving, Checked):
        for name in ("every", "start"):
            with pytest.raises(ValueError, match=f"{name} must "):
                cls(**{name: value})
    with pytest.raises(ValueError, match="start must be at most 1"):
        Checked(start=2.0)


@pytest.mark.parametrize("value", [True, "3", np.nan, None, 1j, 10**400], ids=short)
def test_words_numbers_of_functions_and_callbacks_are_checked_alike(value, iris):
    clf = BPNetClassifier((3,))
    for name in ("lowest", "highest", "n_steps"):
        if name == "n_steps" and isinstance(value, int) and value > 1:
            continue
        with pytest.raises(ValueError, match=f"{name}.* must "):
            find_learning_rate(clf, *iris, **{name: value})
    if value is not None and value != 10**400:
        with pytest.raises(ValueError, match="n_per_array must be"):
            check_gradient(clf, *iris, n_per_array=value)
    if find_spec("sklearn.callback") is not None and value != 10**400:
        from sklearn_bpnet import callbacks

        with pytest.raises(ValueError, match="seconds must be"):
            callbacks.TimeLimit(value)
        with pytest.raises(ValueError, match="interval must be"):
            callbacks.LearningCurve(interval=value)
        with pytest.raises(ValueError, match="every must be"):
            callbacks.Checkpoint("a.ckpt", every=value)


def test_words_partial_fit_of_a_full_batch_solver_names_a_remedy(iris):
    with pytest.raises(AttributeError) as caught:
        BPNetClassifier(solver="lbfgs").partial_fit(*iris)
    assert "Use another solver, such as 'adam'" in str(caught.value.__cause__)


# Names


@each_class
@pytest.mark.parametrize(
    ("parameters", "meant"),
    [
        ({"activation": "thanh"}, "tanh"),
        ({"activation": "ReLU"}, "relu"),
        ({"activation": ["rely"]}, "relu"),
        ({"output_activation": "softmx"}, "softmax"),
        ({"loss": "squared_eror"}, "squared_error"),
        ({"solver": "L-BFGS"}, "lbfgs"),
        ({"solver": "Adam"}, "adam"),
        ({"learning_rate": "cosin"}, "cosine"),
        ({"dropout__schedule": "flatcosine"}, "flat_cosine"),
        ({"initializer": "heuniform"}, "he_uniform"),
        ({"initializer__biases": "normals"}, "normal"),
        ({"numeric_embedding": "pbdl"}, "pbld"),
        ({"scoring": "accurracy"}, "accuracy"),
        ({"scoring": "R2"}, "r2"),
        ({"record": "gradient norm"}, "gradient_norm"),
        ({"record": ["gradientnorm"]}, "gradient_norm"),
        ({"learning_rate_factors": {"w": 1}}, "W"),
        ({"learning_rate_factors": {"embeddings": 1}}, "embedding"),
        ({"input_scaling": "standardise"}, "standard"),
        ({"dtype": "float23"}, "float32"),
        ({"batch_size": "ful"}, "full"),
        ({"early_stopping__ties": "frist"}, "first"),
    ],
    ids=str,
)
def test_words_an_unknown_name_is_answered_with_the_most_similar(
    estimator, parameters, meant, iris
):
    if "early_stopping__ties" in parameters:
        parameters = {"early_stopping": EarlyStopping(), **parameters}
    with pytest.raises((ValueError, TypeError)) as caught:
        make(estimator).set_params(**parameters).fit(*iris)
    assert f"Did you mean {meant!r}?" in str(caught.value)


def test_words_without_a_similar_name_there_is_no_question(iris):
    assert "Did you mean" not in error_of(make(BPNetRegressor, loss="xyzzy"), *iris)


@each_class
@pytest.mark.parametrize(
    ("name", "value"),
    [("activation", ReLU), ("solver", Adam), ("learning_rate_init", Adam)],
)
def test_words_a_class_is_answered_with_an_instance(estimator, name, value, iris):
    message = error_of(make(estimator, **{name: value}), *iris)
    assert f"Did you mean an instance, {value.__name__}()?" in message


@each_class
@pytest.mark.parametrize(
    "name",
    ["activation", "output_activation", "loss", "solver", "learning_rate", "scoring",
     "initializer", "dtype", "record", "batch_size", "input_scaling"],
)  # fmt: skip
def test_words_the_choices_are_sorted(estimator, name, iris):
    message = error_of(make(estimator, **{name: "xyzzy"}), *iris)
    choices = re.search(r"among \{(.*?)\}", message)[1].split(", ")
    assert choices == sorted(choices)
    assert len(choices) > 1


@each_class
@pytest.mark.parametrize(
    ("parameters", "parts"),
    [
        ({"alpa": 1}, ["'alpa'", "Did you mean 'alpha'?"]),
        ({"solvr__beta_1": 1}, ["'solvr'", "Did you mean 'solver'?"]),
        ({"solver__beta1": 1}, ["'beta1'", "Did you mean 'beta_1'?"]),
        ({"dropout__input_rat": 1}, ["'input_rat'", "Did you mean 'input_rate'?"]),
        ({"tol__x": 1}, ["tol__x cannot be set", "tol=0.0001 has no hyper-parameters"]),
    ],
    ids=str,
)
def test_words_an_unknown_parameter_of_set_params(estimator, parameters, parts):
    with pytest.raises(ValueError, match="Invalid parameter") as caught:
        estimator().set_params(**parameters)
    for part in parts:
        assert part in str(caught.value)


@each_class
def test_words_an_unknown_recipe(estimator):
    with pytest.raises(ValueError, match="Unknown recipe 'lectures'") as caught:
        estimator.from_recipe("lectures")
    assert "Did you mean 'lecture'?" in str(caught.value)
    with pytest.raises(ValueError, match="Unknown recipe 3"):
        estimator.from_recipe(3)


# Arguments


@each_class
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(
    ("argument", "hint"),
    [
        ("eval_set", "Use the arguments X_val and y_val"),
        ("validation_data", "Use the arguments X_val and y_val"),
        ("sample_weights", "Did you mean 'sample_weight'?"),
        ("X_valid", "Did you mean 'X_val'?"),
        ("batch_size", "It is a parameter of the constructor: Mine(batch_size=...)"),
        ("epochs", "Use the parameter max_iter"),
        ("xyzzy", "The arguments are 'X', 'X_val'"),
    ],
)
def test_words_an_unknown_argument_names_the_class(
    estimator, method, argument, hint, iris
):
    class Mine(estimator):
        pass

    start = f"Mine.{method}() got an unexpected keyword argument {argument!r}. "
    with pytest.raises(TypeError) as caught:
        getattr(Mine((3,)), method)(*iris, **{argument: 1})
    assert str(caught.value).startswith(start)
    assert hint in str(caught.value)


@each_class
def test_words_wrong_arguments_name_the_class(estimator, iris):
    name, (X, y) = estimator.__name__, iris
    for arguments in ((X,), (X, y, None, None, None)):
        for method in ("fit", "partial_fit"):
            with pytest.raises(TypeError, match=rf"^{name}\.{method}\(\): "):
                getattr(estimator((3,)), method)(*arguments)
    with pytest.raises(TypeError, match="Did you mean 'hidden_layer_sizes'") as caught:
        estimator(hidden_layer_size=3)
    assert str(caught.value).startswith(f"{name}.__init__() got an unexpected keyword")


@each_class
@pytest.mark.parametrize("method", ["__init__", "fit", "partial_fit"])
def test_words_signatures_stay_as_they_are(estimator, method):
    names = inspect.signature(getattr(estimator, method)).parameters
    assert "self" in names
    assert not {"args", "kwargs"} & set(names)


# Given weights, complex numbers

WEIGHTS = [np.ones((4, 3)), np.ones((3, 1))]
COMPLEX = "Complex data not supported"
BIASES = [np.zeros(3), np.zeros(1)]


@pytest.mark.parametrize("name", ["coefs_init", "intercepts_init"])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, "{} must be a list with an array for every layer"),
        ("ab", "{} must be a list with an array for every layer"),
        ({0: 1, 1: 2}, "{} must be a list with an array for every layer"),
        (np.array(3.0), "{} must be a list with an array for every layer"),
        ((x for x in WEIGHTS), "{} must be a list with an array for every layer"),
        ([None, None], "{}[0] must be an array of real numbers; got None"),
        (["1", "2"], "{}[0] must be an array of real numbers; got the dtype <U1"),
        ([True, True], "{}[0] must be an array of real numbers; got the dtype bool"),
        ([1j, 1j], "{}[0] must be an array of real numbers; got the dtype complex128"),
        ([[[1, 2], [3]], 1], "{}[0] must be an array of real numbers; got [[1, 2]"),
        ([sparse.csr_array(np.ones((4, 3))), 1], "{}[0] is sparse"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_words_weights_that_are_no_arrays_are_named(name, value, expected, iris):
    message = error_of(make(BPNetRegressor), *iris, **{name: value})
    assert message.startswith(expected.format(name))
    given = {"coefs": WEIGHTS, "intercepts": BIASES}
    short = name.removesuffix("_init")
    if not inspect.isgenerator(value):
        with pytest.raises(ValueError, match=r"must be|is sparse") as caught:
            BPNetRegressor.from_weights(**{**given, short: value})
        assert str(caught.value).startswith(expected.format(short))


def test_words_a_weight_beyond_float32_is_named(iris):
    message = error_of(
        make(BPNetRegressor, dtype="float32"),
        *iris,
        coefs_init=[WEIGHTS[0] * 1e300, WEIGHTS[1]],
    )
    assert message.startswith(
        "coefs_init[0] holds 1e+300, which is infinite in float32"
    )


@each_class
def test_words_complex_data_are_named(estimator, iris):
    X, y = iris
    Z = X + 1j
    for data in (Z, sparse.csr_array(Z), Z.tolist()):
        assert error_of(make(estimator), data, y).startswith(
            f"{COMPLEX}: X is complex. "
        )
    assert error_of(make(estimator), X, y + 1j).startswith(f"{COMPLEX}: y is complex. ")
    message = error_of(make(estimator), X, y, X_val=Z, y_val=y)
    assert message.startswith(f"{COMPLEX}: X_val is complex. ")
    message = error_of(make(estimator), X, y, X_val=X, y_val=y + 1j)
    assert message.startswith(f"{COMPLEX}: y_val is complex. ")
    message = error_of(make(estimator), X, y, sample_weight=y + 1j)
    assert message.startswith("sample_weight is complex. ")
    with pytest.raises(ValueError, match=f"{COMPLEX}: X is complex"):
        make(estimator).fit(X, y).predict(Z)


# scikit-learn's positional arguments


@each_class
def test_f40_the_second_positional_argument_is_the_activation(estimator, iris):
    model = estimator((5,), "tanh", max_iter=2, random_state=0)
    named = estimator(
        hidden_layer_sizes=(5,), activation="tanh", max_iter=2, random_state=0
    )
    assert model.get_params() == named.get_params()
    assert np.array_equal(model.fit(*iris).coefs_[0], named.fit(*iris).coefs_[0])
    with pytest.raises(TypeError, match="too many positional arguments"):
        estimator((5,), "tanh", "softmax")
