"""The models of :mod:`benchmarks.tabular`, each with the data as it wants them.

This package's estimators and HistGradientBoosting get the data frame: categories as
pandas' "category", missing numbers as NaN. The others get strings one-hot encoded and
medians for missing numbers; a pipeline scales them where the name says so, and for the
linear models.
"""

from __future__ import annotations

import importlib.util
import re
from ast import literal_eval

from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.tables import one_hot
from sklearn_bpnet import BPNetClassifier, BPNetRegressor, options
from sklearn_bpnet.net import activations, losses
from sklearn_bpnet.training import optimizers, schedules

OURS = {"classification": BPNetClassifier, "regression": BPNetRegressor}
USUAL = ["bpnet", "boosting", "mlp, scaled", "linear"]
# what the worst tables are compared with
SIMPLE = ["boosting", "linear"]


def _scaled(model):
    """Return a regressor with scaled features and a scaled target."""
    return TransformedTargetRegressor(
        make_pipeline(StandardScaler(), model), transformer=StandardScaler()
    )


_OTHERS = {
    "classification": {
        "mlp, raw": lambda seed: MLPClassifier(random_state=seed),
        "mlp, scaled": lambda seed: make_pipeline(
            StandardScaler(), MLPClassifier(random_state=seed)
        ),
        "boosting": lambda seed: HistGradientBoostingClassifier(
            categorical_features="from_dtype", random_state=seed
        ),
        "linear": lambda seed: make_pipeline(
            StandardScaler(), LogisticRegression(max_iter=1000)
        ),
    },
    "regression": {
        "mlp, raw": lambda seed: MLPRegressor(random_state=seed),
        "mlp, scaled": lambda seed: _scaled(MLPRegressor(random_state=seed)),
        "boosting": lambda seed: HistGradientBoostingRegressor(
            categorical_features="from_dtype", random_state=seed
        ),
        "linear": lambda seed: make_pipeline(StandardScaler(), RidgeCV()),
    },
}


def is_ours(name):
    """Whether a model is one of this package, not another one of the list."""
    return name not in _OTHERS["regression"] and name != "RealMLP-TD-S"


def parsed(text):
    """Return name and parameters of ``"name: a=1; b=2"``, or of ``"a=1; b=2"``.

    Values are Python literals, calls of this package's classes such as
    ``LogLoss(label_smoothing=0.1)``, or words, which stand for themselves.
    """
    name, colon, rest = text.partition(":")
    if not colon or "=" in name:
        name, rest = text, text
    settings = {}
    for part in filter(str.strip, rest.split(";")):
        key, equals, value = part.partition("=")
        if not equals:
            raise ValueError(f"{part.strip()!r} of {text!r} is not of the form a=1")
        settings[key.strip()] = _evaluated(value.strip())
    return name.strip(), settings


def _evaluated(text):
    """Return the value that a text stands for."""
    try:
        return literal_eval(text)
    except (SyntaxError, ValueError):
        if not re.fullmatch(r"[A-Z]\w*\(.*\)", text):
            return text
    known: dict = {}
    for module in (schedules, optimizers, activations, losses, options):
        known |= vars(module)
    return eval(text, known)


def build(name, task, seed, settings=None):
    """Return an unfitted model.

    Parameters
    ----------
    name : str
        "bpnet" for the defaults, one of the others, or a recipe.
    task : {"classification", "regression"}
    seed : int
    settings : dict, default=None
        Parameters of one of ours, "recipe" among them. One that only the estimator of
        the other task has is left out.
    """
    if settings is None and name in _OTHERS[task]:
        return _OTHERS[task][name](seed)
    if name == "RealMLP-TD-S":
        import pytabkit

        kind = "Classifier" if task == "classification" else "Regressor"
        realmlp = getattr(pytabkit, f"RealMLP_TD_S_{kind}")
        return realmlp(random_state=seed, device="cpu", n_threads=1)
    cls, settings = OURS[task], dict(settings or {})
    recipe = settings.pop("recipe", None)
    if not settings and recipe is None and name != "bpnet":
        recipe = name
    known = {other: set(of().get_params()) for other, of in OURS.items()}
    if unknown := set(settings) - set.union(*known.values()):
        raise ValueError(f"{name}: no estimator has {', '.join(sorted(unknown))}")
    settings = {k: v for k, v in settings.items() if k in known[task]}
    settings = {"random_state": seed, **settings}
    if recipe is None:
        return cls(**settings)
    return cls.from_recipe(recipe, **settings)


def is_available(name):
    """Whether the package that a model needs is installed."""
    return name != "RealMLP-TD-S" or importlib.util.find_spec("pytabkit") is not None


def prepared(name, X_train, X_test):
    """Return the features as the model wants them."""
    if is_ours(name) or name == "boosting":
        return X_train, X_test
    if name == "RealMLP-TD-S":  # takes categories, but no NaN
        return tuple(
            X.fillna(X_train.median(numeric_only=True)) for X in _full(X_train, X_test)
        )
    transform = one_hot(X_train)
    return transform.fit_transform(X_train), transform.transform(X_test)


def _full(*frames):
    """Return the frames with a category in place of missing ones."""
    for X in frames:
        words = X.select_dtypes("category").columns
        texts = X[words].astype(object).fillna("missing").astype("category")
        yield X.assign(**{str(c): texts[c] for c in words})


def warmed_up(model, X, y):
    """Fit a copy for one epoch, which compiles, and return the model."""
    if isinstance(model, tuple(OURS.values())):
        clone(model).set_params(max_iter=1).fit(X, y)
    return model
