"""What a type checker must accept: every documented kind of argument and attribute."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet import (
    BPNetClassifier,
    BPNetRegressor,
    check_gradient,
    empirical_risk,
)
from sklearn_bpnet.callbacks import Callback, Checkpoint, LearningCurve, TimeLimit
from sklearn_bpnet.inspection import LearningRateDisplay, find_learning_rate
from sklearn_bpnet.net.activations import GELU, LeakyReLU
from sklearn_bpnet.net.blocks.embeddings import PBLD
from sklearn_bpnet.net.initializers import NormalBiases, Zeros
from sklearn_bpnet.net.losses import LogLoss, Quantile
from sklearn_bpnet.options import (
    Dropout,
    EarlyStopping,
    Initialization,
    MemberFolds,
    WeightDecay,
)
from sklearn_bpnet.recipes import RECIPES, recipe
from sklearn_bpnet.training.full_batch import LBFGS
from sklearn_bpnet.training.optimizers import SGD, Adam
from sklearn_bpnet.training.schedules import Cosine, Warmup

X: NDArray[np.float64] = np.random.default_rng(0).normal(size=(60, 3))
y: NDArray[np.int64] = (X[:, 0] > 0).astype(np.int64)
Function = Callable[[Any], Any]


def my_activation(Z: Any) -> Any:
    return np.arctan(Z)


def my_derivative(Z: Any) -> Any:
    return 1 / (1 + Z**2)


def my_scorer(estimator: Any, X: Any, y: Any) -> float:
    return 0.0


class Halves:
    """A splitter."""

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Any:
        half = len(X) // 2
        yield np.arange(half), np.arange(half, len(X))

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        return 1


# Constructors: the network
BPNetClassifier()
BPNetClassifier((32, 16), "gelu")
BPNetClassifier(32, GELU())
BPNetClassifier([32, 16], ["relu", LeakyReLU(0.2)])
BPNetClassifier(np.array([32, 16]), (my_activation, my_derivative))
BPNetClassifier((), activation=[(my_activation, my_derivative), "tanh"])
BPNetClassifier(output_activation="softmax")
BPNetClassifier(output_activation=GELU())
BPNetClassifier(initializer="he_normal")
BPNetClassifier(initializer=Zeros())
BPNetClassifier(initializer=Initialization("he_normal", NormalBiases(0.1), Zeros()))
BPNetClassifier(numeric_embedding="pbld", learned_input_scale=True)
BPNetClassifier(numeric_embedding=PBLD(8, 3))
BPNetClassifier(target_encoding="binary")
# loss and penalty
BPNetClassifier(loss="focal", class_weight="balanced")
BPNetClassifier(loss=LogLoss(label_smoothing=0.1), class_weight={0: 1, 1: 2.5})
BPNetClassifier(class_weight=[{0: 1, 1: 2}, {0: 1, 1: 3}])
BPNetRegressor(loss=Quantile((0.1, 0.9)))
BPNetRegressor(loss=(lambda Y, A: (A - Y) ** 2, lambda Y, A: 2 * (A - Y)))
BPNetClassifier(alpha="auto", l1_ratio=0.5, group_alpha=1)
BPNetClassifier(alpha=[0, 0.1])
BPNetClassifier(alpha=np.array([0.0, 0.1]))
BPNetClassifier(dropout=Dropout(0.5, input_noise=0.1))
BPNetClassifier(dropout=[0.5, 0.2])
BPNetClassifier(dropout=Dropout((0.5, 0.2), input_rate=0.1, schedule=Cosine()))
BPNetClassifier(dropout=Dropout(schedule=lambda t: 1 - t))
# optimisation
BPNetClassifier(solver="lbfgs", max_fun=100)
BPNetClassifier(solver=LBFGS())
BPNetClassifier(solver=Adam(beta_1=0.8))
BPNetClassifier(batch_size=32, momentum=0, nesterovs_momentum=False)
BPNetClassifier(batch_size="full", beta_1=0.8, beta_2=0.9, epsilon=1e-6)
BPNetClassifier(weight_decay=0.1, clip_norm=1, ema_decay=0.99, shuffle=False)
BPNetClassifier(weight_decay=WeightDecay(0.1, "flat_cosine"))
BPNetClassifier(learning_rate_factors=[0, 1])
BPNetClassifier(learning_rate_factors={"W": "ntk", "b": 0.1, "activation": [1, 2]})
# schedule
BPNetClassifier(learning_rate_init="auto", learning_rate="invscaling", power_t=0.3)
BPNetClassifier(learning_rate_init=0.01, learning_rate=Warmup("cosine"))
BPNetClassifier(learning_rate=lambda t: 1 - t)
# stopping and validation
BPNetClassifier(time_budget=10.5)
BPNetClassifier(max_iter=10, tol=0, n_iter_no_change="auto", early_stopping=True)
BPNetClassifier(n_iter_no_change=np.inf, early_stopping=EarlyStopping("last"))
BPNetClassifier(n_iter_no_change=5, validation_fraction=0.2, scoring="loss")
BPNetClassifier(validation_fraction=Halves(), scoring=my_scorer)
# data and scaling
BPNetClassifier(input_scaling="squash", dtype="float32")
BPNetClassifier(dtype="input")
BPNetClassifier(input_scaling=None, dtype=np.float64)
BPNetRegressor(target_scaling="standard", clip_predictions=True)
BPNetRegressor(target_scaling=None)
BPNetRegressor(target_scaling=(0, 1))
# ensemble and output
BPNetClassifier(n_members=4, n_jobs=2, calibration="temperature")
BPNetClassifier(n_members=4, member_folds=2)
BPNetClassifier(n_members=2, member_folds=Halves())
BPNetRegressor(n_members=2, member_folds=[([0, 1], [2, 3]), ([2, 3], [0, 1])])
BPNetRegressor(n_members=4, member_folds=MemberFolds(Halves(), refit=True))
BPNetClassifier(shared_members=8)
BPNetClassifier(record="saturation", verbose=True, warm_start=True, random_state=0)
BPNetClassifier(record=("saturation", "gradient_norm"), verbose=2)
BPNetClassifier(random_state=np.random.RandomState(0))

# Training
clf = BPNetClassifier((4,), max_iter=3, random_state=0).fit(X, y)
assert_type(clf, BPNetClassifier)
assert_type(clf.fit(X.tolist(), ["a", "b"] * 30, np.ones(60)), BPNetClassifier)
clf.fit(X, y, X_val=X, y_val=y, sample_weight_val=np.ones(60))
clf.fit(X, y, groups=y, coefs_init=clf.coefs_, intercepts_init=clf.intercepts_)
assert_type(clf.partial_fit(X, y, classes=[0, 1], X_val=X, y_val=y), BPNetClassifier)
clf.partial_fit(X, [["a", 1]] * 60, classes=[["a", "b"], [1, 2, 3]])
reg = BPNetRegressor((4,), max_iter=3).fit(X, X[:, 0]).partial_fit(X, X[:, 0])
assert_type(reg, BPNetRegressor)
assert_type(reg.set_params(dropout__rate=0.1), BPNetRegressor)
params: dict[str, Any] = reg.get_params(deep=False)
again = BPNetRegressor(**params)

# Predictions
labels: NDArray[Any] = clf.predict(X)
P: NDArray[np.float64] = clf.predict_proba(X)
log_P: NDArray[np.float64] = clf.predict_log_proba(X)
scores: NDArray[np.float64] = clf.decision_function(X)
accuracy: float = clf.score(X, y, sample_weight=np.ones(60))
r2: float = reg.score(X, X[:, 0])
predicted = reg.predict(X)
print(predicted.mean())
mean, std = BPNetRegressor((4,), n_members=2).fit(X, y).predict(X, return_std=True)
print(mean.mean(), std.mean())

# Fitted attributes
shapes: list[tuple[int, ...]] = [W.shape for W in clf.coefs_ + clf.intercepts_]
members: list[BPNetClassifier] = clf.estimators_
slopes = [w.mean() for w in clf.activation_weights_ if w is not None]
losses: list[float] = clf.loss_curve_ + clf.validation_loss_curve_
best: float = max(clf.validation_scores_) + clf.best_validation_score_
epochs: int = clf.best_epoch_ + clf.n_iter_ + clf.t_
smallest: float = clf.loss_ + clf.best_loss_ + clf.temperature_
sizes: int = clf.n_layers_ + clf.n_outputs_ + clf.n_features_in_
names: list[Any] = clf.feature_names_in_.tolist() + clf.classes_.tolist()
reason: str = clf.stop_reason_ + clf.out_activation_
rates = clf.history_["learning_rate"].tolist()
center = clf.input_mean_ / clf.input_scale_ + clf.input_clip_
learned = clf.embedding_weights_[0].mean() + clf.learned_input_scale_.mean()
learned += clf.member_scale_.mean()
embedded: list[int] = clf.embedded_features_.tolist()
norms = clf.feature_importances_.sum()
units = reg.target_mean_ * reg.target_scale_ + reg.target_min_ + reg.target_max_
width: float | list[float] = reg.n_outputs_

# Other ways to an estimator
nand = BPNetClassifier.from_weights([[[-2], [-2]]], [[3]], classes=["no", "yes"])
assert_type(nand, BPNetClassifier)
line = BPNetRegressor.from_weights([np.eye(3)], [np.zeros(3)], target_mean=[0.0] * 3)
assert_type(BPNetRegressor.from_recipe("realmlp-td", max_iter=3), BPNetRegressor)
settings: dict[str, Any] = recipe("lecture", "regression") | RECIPES["lecture"]
clf.save_checkpoint(Path("clf.ckpt"))
assert_type(BPNetClassifier.load_checkpoint("clf.ckpt"), BPNetClassifier)

# Callbacks, inspection, objective
clf.set_callbacks(Checkpoint("fit.ckpt", every=2), TimeLimit(60), LearningCurve())
callbacks: list[Callback] = [TimeLimit(1.5), Checkpoint(Path("fit.ckpt"))]
found: LearningRateDisplay = find_learning_rate(clf, X, y, n_steps=20, random_state=0)
suggested: float = found.plot().suggestion
J = empirical_risk(clf, X, y)
value, gradient = J.value_and_gradient(J.theta)
n_checked: int = check_gradient(reg, X, X[:, 0], gradient=gradient).n_checked
clf.set_fit_request(sample_weight=True, X_val=True).set_score_request(
    sample_weight=False
)
solver: SGD = SGD().with_params(momentum=0.5)


class Mine(BPNetClassifier):
    """A subclass of a user's."""

    def fit_twice(self, X: NDArray[Any], y: NDArray[Any]) -> "Mine":
        return self.fit(X, y).fit(X, y)


assert_type(Mine().fit(X, y), Mine)
