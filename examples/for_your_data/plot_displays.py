"""
Looking at a trained network
============================

Displays show what a fit did and what came out of it: the learning curves, the gradients
of the layers, the activations, the weights of a layer, and the whole network. They take
a fitted estimator, a pipeline that ends with one, or a search.
"""

# %%
# Learning curves
# ---------------
# The loss on the training and on the validation samples, the validation score and the
# learning rate per epoch. A line marks the epoch whose weights are kept.

from sklearn.datasets import load_digits, load_iris

from sklearn_bpnet import BPNetClassifier
from sklearn_bpnet.inspection import (
    ActivationDisplay,
    GradientDisplay,
    NetworkDisplay,
    TrainingCurveDisplay,
    WeightsDisplay,
)

X, y = load_digits(return_X_y=True)
clf = BPNetClassifier((16,), early_stopping=True, random_state=0).fit(X, y)
TrainingCurveDisplay.from_estimator(clf)

# %%
# Gradients and activations
# -------------------------
# Six layers of logistic units: the gradient of the first layer is smaller than that of
# the output by orders of magnitude, and so the first layer hardly learns.

deep = BPNetClassifier(
    (32,) * 6, activation="logistic", solver="sgd", learning_rate_init=0.1,
    max_iter=15, record="gradient_norm", random_state=0,
).fit(X, y)  # fmt: skip
GradientDisplay.from_estimator(deep)

# %%
# Rectifiers that no sample activates have no gradient at all, and stay as they are.
# Here a learning rate that is too large has made many of them.

dead = BPNetClassifier(
    (64, 32), activation="relu", learning_rate_init=0.1, max_iter=15, random_state=0
).fit(X, y)
ActivationDisplay.from_estimator(dead, X)

# %%
# Weights of a layer
# ------------------
# The features are the pixels of images of 8 x 8, and so are the weights that lead to
# each of the 16 units. Yellow pixels raise the unit's input, blue ones lower it; the
# colours grow lighter with the weight, so that a copy without colours shows the same.

WeightsDisplay.from_estimator(clf, layer=1, image_shape=(8, 8))

# %%
# Those of the output are a matrix with a row per hidden unit and a column per class.

WeightsDisplay.from_estimator(clf, layer=-1)

# %%
# The network
# -----------
# Solid blue lines are positive weights, dashed red ones negative. The features of a
# data frame give the inputs their names.

X, y = load_iris(return_X_y=True, as_frame=True)
names = load_iris().target_names
small = BPNetClassifier((5,), random_state=0).fit(X, names[y])
NetworkDisplay.from_estimator(small)

# sphinx_gallery_thumbnail_number = 6
