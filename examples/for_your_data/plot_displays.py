"""
Looking at a trained network
============================

Three displays show what a fit did and what came out of it: the learning curves, the
weights of a layer, and the whole network. They take a fitted estimator, a pipeline that
ends with one, or a search.
"""

# %%
# Learning curves
# ---------------
# The loss on the training and on the validation samples, the validation score and the
# learning rate per epoch. A line marks the epoch whose weights are kept.

from sklearn.datasets import load_digits, load_iris

from sklearn_bpnet import BPNetClassifier
from sklearn_bpnet.inspection import (
    NetworkDisplay,
    TrainingCurveDisplay,
    WeightsDisplay,
)

X, y = load_digits(return_X_y=True)
clf = BPNetClassifier((16,), early_stopping=True, random_state=0).fit(X, y)
TrainingCurveDisplay.from_estimator(clf)

# %%
# Weights of a layer
# ------------------
# The features are the pixels of images of 8 x 8, and so are the weights that lead to
# each of the 16 units. Red pixels raise the unit's input, blue ones lower it.

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

# sphinx_gallery_thumbnail_number = 4
