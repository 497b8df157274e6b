"""Valid values of every constructor parameter, most of them taken from registries.

What a registry or a parameter's constraints list is drawn automatically, with the
hyper-parameters of the objects; a new parameter needs an entry in `PARAMETERS`.
"""

from dataclasses import is_dataclass
from inspect import signature

import numpy as np
from hypothesis import strategies as st
from sklearn.model_selection import KFold, ShuffleSplit, TimeSeriesSplit

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.blocks.embeddings import NUMERIC_EMBEDDINGS
from sklearn_bpnet.net.initializers import BIAS_INITIALIZERS, INITIALIZERS
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.options import (
    CategoricalEmbedding,
    Dropout,
    EarlyStopping,
    Initialization,
    MemberFolds,
    WeightDecay,
)
from sklearn_bpnet.training.full_batch import FULL_BATCH_SOLVERS
from sklearn_bpnet.training.monitor.patience import TIES
from sklearn_bpnet.training.optimizers import OPTIMIZERS
from sklearn_bpnet.training.schedules import SCHEDULES, Warmup, schedule_from

ESTIMATORS = {"classification": BPNetClassifier, "regression": BPNetRegressor}

# User-defined functions; they stand in a module, so that estimators can be pickled


@np.errstate(over="ignore")
def cube(Z):
    return Z**3 / 10


@np.errstate(over="ignore")
def cube_derivative(Z):
    return 3 * Z**2 / 10


def arctangent(Z):
    return np.arctan(Z)


def arctangent_derivative(Z):
    return 1 / (1 + Z**2)


@np.errstate(over="ignore")
def quartic(Y, A):
    return ((A - Y) ** 4).sum(axis=1)


@np.errstate(over="ignore")
def quartic_gradient(Y, A):
    return 4 * (A - Y) ** 3


def half_square(Y, A):
    return 0.5 * ((A - Y) ** 2).sum(axis=1)


def half_square_gradient(Y, A):
    return A - Y


def decay(progress):
    return 1 - progress


def negative_error(estimator, X, y, sample_weight=None):
    return -float(np.mean(np.asarray(estimator.predict(X) != y)))


FUNCTIONS = [(cube, cube_derivative), (arctangent, arctangent_derivative)]
LOSS_FUNCTIONS = [(quartic, quartic_gradient), (half_square, half_square_gradient)]


# Names and objects


def named(parameter, task="classification"):
    """The names that the constraints of a parameter allow."""
    constraints = ESTIMATORS[task]._parameter_constraints[parameter]
    options = [c.options for c in constraints if hasattr(c, "options")]
    names = {name for group in options for name in group if isinstance(name, str)}
    return st.sampled_from(sorted(names))


_OTHER_VALUES = {
    bool: [True, False],
    int: [1, 2, 3, 7],
    float: [0.0, 0.01, 0.3, 0.5, 0.9, 1.0, 1.5, 2.0, 10.0],
}


@st.composite
def variants(draw, registry):
    """An object of a registry with other hyper-parameters.

    A value that the object does not allow must raise a ValueError that names it.
    """
    instance = registry[draw(st.sampled_from(sorted(registry)))]
    for name, value in instance.get_params(deep=False).items():
        values = _OTHER_VALUES.get(type(value), ())
        if values and draw(st.booleans()):
            other = draw(st.sampled_from(values))
            try:
                instance = instance.with_params(**{name: other})
            except ValueError as error:
                assert name in str(error), str(error)  # noqa: PT017
    assert is_dataclass(instance)
    return instance


def one_of(registry):
    """A name of a registry, or one of its objects."""
    return st.sampled_from(sorted(registry)) | variants(registry)


# Values of several parameters

rates = st.sampled_from([0.0, 0.1, 0.5, 0.9])
activations = one_of(ACTIVATIONS) | st.sampled_from(FUNCTIONS)
schedules = st.one_of(
    one_of(SCHEDULES),
    st.just(decay),
    st.builds(Warmup, st.sampled_from(sorted(SCHEDULES)), st.sampled_from([1, 2, 0.5])),
)
# dropout and weight decay have no schedules that follow plateaus
inner_schedules = schedules.filter(lambda s: not schedule_from(s).follows_plateaus)
hidden_sizes = st.sampled_from(
    [(3,), (), (1,), 2, (4, 2), [3, 3], (2, 3, 2), np.array([2, 4])]
)


def per_layer(values, n_layers):
    """One value for all layers, or a list, tuple or array of one for each."""
    several = st.lists(values, min_size=n_layers, max_size=n_layers)
    return values | several | several.map(tuple) | several.map(np.array)


def _activation(n_hidden):
    lists = st.lists(activations, min_size=n_hidden, max_size=n_hidden)
    return activations | (lists if n_hidden else st.nothing())


def _dropout(n_hidden):
    rate = per_layer(rates, n_hidden)
    return rate | st.builds(
        Dropout, rate, rates, inner_schedules, st.sampled_from([0, 0.1, 2.0])
    )


def _rate_factors(n_hidden):
    factors = st.sampled_from([0, 0.1, 1, 2.0])
    of_weights = per_layer(factors | st.just("ntk"), n_hidden + 1)
    keys = {
        "W": of_weights,
        "b": per_layer(factors, n_hidden + 1),
        "activation": factors,
        "input_scale": factors,
        "embedding": factors,
    }
    return per_layer(factors, n_hidden + 1).filter(
        lambda value: np.ndim(value) > 0
    ) | st.fixed_dictionaries({}, optional=keys)


losses_of = {
    task: {name: loss for name, loss in LOSSES.items() if task in loss.tasks}
    for task in ESTIMATORS
}
positive = st.sampled_from([1e-3, 0.1, 1.0, 10.0])
switches = st.booleans()
numpy_switches = st.sampled_from([True, False, np.True_, np.False_])
splitters = st.sampled_from(
    [KFold(2), TimeSeriesSplit(2), ShuffleSplit(1, random_state=0)]
)
bounds = st.sampled_from([(0, 1), (-1e3, 1e3), [0.0, 100.0], (-1e30, 1e30)])

# Every parameter: a strategy, or a function of the number of hidden layers or the task
PARAMETERS = {
    "activation": _activation,
    "output_activation": st.just("auto") | activations,
    "initializer": st.one_of(
        one_of(INITIALIZERS),
        st.builds(
            Initialization,
            one_of(INITIALIZERS),
            one_of(BIAS_INITIALIZERS),
            st.none() | one_of(INITIALIZERS),
        ),
    ),
    "numeric_embedding": st.none() | one_of(NUMERIC_EMBEDDINGS),
    "learned_input_scale": switches,
    "target_encoding": named("target_encoding"),
    "alpha": lambda n_hidden: (
        per_layer(st.sampled_from([0, 1e-5, 0.1, 1.0, 100.0]), n_hidden + 1)
        | st.just("auto")
    ),
    "l1_ratio": st.sampled_from([0, 0.5, 1.0]),
    "group_alpha": st.sampled_from([0, 1e-3, 1.0]),
    "dropout": _dropout,
    "solver": st.sampled_from(sorted(OPTIMIZERS))
    | one_of({**OPTIMIZERS, **FULL_BATCH_SOLVERS}),
    "batch_size": named("batch_size") | st.sampled_from([1, 2, 5, np.int64(7), 1000]),
    "momentum": st.sampled_from([0, 0.5, 0.9, 1.0]),
    "nesterovs_momentum": switches,
    "beta_1": rates,
    "beta_2": st.sampled_from([0, 0.5, 0.9, 0.9999]),
    "epsilon": st.sampled_from([1e-8, 1e-3, 1.0, np.float32(1e-5)]),
    "weight_decay": st.sampled_from([0, 0.01, 1.0])
    | st.builds(WeightDecay, st.sampled_from([None, 0, 0.1]), inner_schedules),
    "clip_norm": st.sampled_from([None, 1e-3, 1, 100.0]),
    "learning_rate_factors": _rate_factors,
    "ema_decay": st.sampled_from([None, 0, 0.5, 0.99]),
    "shuffle": numpy_switches,
    "max_fun": st.sampled_from([1, 5, 100]),
    "learning_rate_init": st.sampled_from(["auto", 1e-5, 0.01, 1.0, 100.0]),
    "learning_rate": st.just("auto") | schedules,
    "power_t": st.sampled_from([0, 0.5, 2]),
    "max_iter": st.sampled_from([1, 2, 7, np.int32(4)]),
    "time_budget": st.sampled_from([None, None, None, 100, 1e3]),
    "tol": st.sampled_from([0, 1e-4, 1.0, 1e3]),
    "n_iter_no_change": st.sampled_from(["auto", 1, 2, float("inf")]),
    "early_stopping": switches
    | st.builds(EarlyStopping, st.sampled_from(sorted(TIES)), st.booleans()),
    "validation_fraction": st.sampled_from([0, 0.1, 0.3, 0.9]) | splitters,
    "scoring": st.sampled_from([None, "loss", negative_error])
    | st.sampled_from(["accuracy", "r2", "neg_log_loss", "neg_mean_squared_error"])
    | named("scoring"),
    "categorical_features": st.sampled_from(["from_dtype", None, [0], [True, False]]),
    "max_categories": st.none() | st.integers(2, 9),
    "categorical_embedding": st.sampled_from(
        ["auto", None, 3, CategoricalEmbedding(2, min_categories=3)]
    ),
    "input_scaling": st.none() | named("input_scaling"),
    "target_scaling": st.none() | named("target_scaling", "regression") | bounds,
    "clip_predictions": switches,
    "dtype": named("dtype") | st.sampled_from([np.float32, np.float64]),
    "n_members": st.sampled_from([1, 2, 3]),
    "member_folds": st.sampled_from([None, 2, 3, MemberFolds(2, refit=True), KFold(2)]),
    "shared_members": st.sampled_from([None, 1, 3]),
    "n_jobs": st.sampled_from([None, 1]),
    "calibration": st.none() | named("calibration"),
    "record": st.just(()) | named("record") | st.lists(named("record"), max_size=2),
    "verbose": switches,
    "warm_start": switches,
}
# drawn for every case, see `estimators`
ALWAYS = {"hidden_layer_sizes", "loss", "class_weight", "max_iter", "random_state"}


@st.composite
def estimators(draw, task):
    """An estimator with a few, some or nearly all parameters drawn."""
    cls = ESTIMATORS[task]
    sizes = draw(hidden_sizes)
    n_hidden = np.size(sizes)
    parameters = {
        "hidden_layer_sizes": sizes,
        "max_iter": 3,
        "random_state": draw(st.integers(0, 3)),
    }
    default = signature(cls).parameters["loss"].default
    parameters["loss"] = draw(
        st.just(default) | one_of(losses_of[task]) | st.sampled_from(LOSS_FUNCTIONS)
    )
    if task == "classification":
        parameters["class_weight"] = draw(st.sampled_from([None, None, "balanced"]))
    names = sorted(set(signature(cls).parameters) & set(PARAMETERS))
    k = draw(st.sampled_from([1, 3, 6, 10, 20]))
    drawn = st.lists(st.sampled_from(names), min_size=k, max_size=k, unique=True)
    for name in draw(drawn):
        values = PARAMETERS[name]
        values = values(n_hidden) if callable(values) else values
        parameters[name] = draw(values)
    if parameters.get("member_folds") is not None and draw(st.booleans()):
        parameters["n_members"] = 3 if parameters["member_folds"] == 3 else 2
    return cls(**parameters)
