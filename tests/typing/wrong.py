"""What a type checker must report: every line marked with ``# wrong``, and no other."""

import numpy as np

from sklearn_bpnet import BPNetClassifier, BPNetRegressor, check_gradient
from sklearn_bpnet.callbacks import Checkpoint, TimeLimit
from sklearn_bpnet.inspection import find_learning_rate
from sklearn_bpnet.net.activations import GELU
from sklearn_bpnet.options import Dropout, EarlyStopping, Initialization, WeightDecay

X = np.zeros((60, 3))
y = np.zeros(60, dtype=int)
clf = BPNetClassifier()
reg = BPNetRegressor()

# names of attributes
print(clf.coef_)  # wrong
print(clf.n_iters_)  # wrong
print(reg.classes_)  # wrong
print(clf.target_mean_)  # wrong
print(reg.temperature_)  # wrong
print(clf.history)  # wrong
print(clf.dropout_schedule)  # wrong
print(clf.fit(X, y).validation_score_)  # wrong

# types of attributes
n: str = clf.n_iter_  # wrong
scores: dict[str, float] = clf.validation_scores_  # wrong
t: str = clf.temperature_  # wrong
members: list[BPNetRegressor] = clf.estimators_  # wrong

# names of arguments
BPNetClassifier(hidden_layers=(3,))  # wrong
BPNetClassifier(dropout_schedule="cosine")  # wrong
BPNetClassifier(ties="last")  # wrong
BPNetClassifier(bias_initializer="zeros")  # wrong
BPNetRegressor(target_range=(0, 1))  # wrong
BPNetRegressor(class_weight="balanced")  # wrong
BPNetClassifier(target_scaling="auto")  # wrong
BPNetClassifier((3,), "relu", "log_loss")  # wrong
clf.fit(X, y, sample_weights=y)  # wrong
clf.fit(X, y, X_valid=X)  # wrong
reg.partial_fit(X, y, classes=[0, 1])  # wrong
clf.predict(X, return_std=True)  # wrong

# types of arguments
BPNetClassifier(hidden_layer_sizes="100")  # wrong
BPNetClassifier(hidden_layer_sizes=2.5)  # wrong
BPNetClassifier(activation=3)  # wrong
BPNetClassifier(activation=GELU)  # wrong
BPNetClassifier(initializer=GELU())  # wrong
BPNetClassifier(learned_input_scale="yes")  # wrong
BPNetClassifier(target_encoding="one hot")  # wrong
BPNetClassifier(loss=0)  # wrong
BPNetClassifier(class_weight="even")  # wrong
BPNetClassifier(alpha="much")  # wrong
BPNetClassifier(dropout="much")  # wrong
BPNetClassifier(dropout=None)  # wrong
BPNetClassifier(solver=None)  # wrong
BPNetClassifier(batch_size="all")  # wrong
BPNetClassifier(batch_size=0.5)  # wrong
BPNetClassifier(weight_decay="0.1")  # wrong
BPNetClassifier(learning_rate=0.01)  # wrong
BPNetClassifier(learning_rate_init="high")  # wrong
BPNetClassifier(max_iter=1e3)  # wrong
BPNetClassifier(time_budget="1 h")  # wrong
BPNetClassifier(early_stopping="yes")  # wrong
BPNetClassifier(early_stopping=Dropout())  # wrong
BPNetClassifier(scoring=1.0)  # wrong
BPNetClassifier(input_scaling="minmax")  # wrong
BPNetRegressor(target_scaling=(0, 1, 2))  # wrong
BPNetClassifier(dtype="float16")  # wrong
BPNetClassifier(n_members=2.5)  # wrong
BPNetClassifier(n_members=2, member_folds="all")  # wrong
BPNetClassifier(shared_members=2.5)  # wrong
BPNetClassifier(calibration="platt")  # wrong
BPNetClassifier(random_state="zero")  # wrong
clf.fit(None, y)  # wrong
clf.fit(X)  # wrong
clf.predict()  # wrong
BPNetClassifier.load_checkpoint(3)  # wrong

# options
Dropout(rate="much")  # wrong
Dropout(0.1, rates=0.2)  # wrong
WeightDecay("0.1")  # wrong
EarlyStopping("random")  # wrong
EarlyStopping(tie="last")  # wrong
Initialization(bias="zeros")  # wrong

# functions and callbacks
check_gradient(clf, X, y, tolerance=1e-3)  # wrong
check_gradient("clf", X, y)  # wrong
find_learning_rate(clf, X, y, steps=20)  # wrong
Checkpoint("fit.ckpt", every="2")  # wrong
TimeLimit("60")  # wrong
