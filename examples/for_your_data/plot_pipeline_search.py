"""
Pipelines and hyper-parameter search
====================================

The estimators are steps of a pipeline and candidates of a search like any other of
scikit-learn. A random search over the learning rate, the penalty and the size of the
network shows which of them matters.
"""

# %%
# A pipeline
# ----------
# Digits of 64 pixels, their principal components, and a network. Nothing has to be
# scaled in between: the network does it.

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import loguniform
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import RandomizedSearchCV, train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_bpnet import BPNetClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, train_size=600, stratify=y, random_state=0
)
pipeline = make_pipeline(
    PCA(30, random_state=0), BPNetClassifier(max_iter=20, random_state=0)
)

# %%
# A random search
# ---------------
# The learning rate is annealed to zero within ``max_iter`` epochs, so that 20 epochs
# are a complete training, and enough to compare candidates.

search = RandomizedSearchCV(
    pipeline,
    {
        "bpnetclassifier__hidden_layer_sizes": [(20,), (100,), (100, 100)],
        "bpnetclassifier__learning_rate_init": loguniform(1e-4, 1.0),
        "bpnetclassifier__alpha": loguniform(1e-5, 1.0),
    },
    n_iter=40,
    cv=3,
    random_state=0,
)
search.fit(X_train, y_train)
print(f"best cross-validated accuracy: {search.best_score_:.3f}")
print(f"accuracy on the test digits:   {search.score(X_test, y_test):.3f}")
for name, value in search.best_params_.items():
    print(name, value if isinstance(value, tuple) else f"{value:.2g}")

# %%
# What mattered
# -------------
# Every point is a candidate. The learning rate decides; within a factor of ten around
# the best, the others hardly matter. Only a large penalty is bad as well.

results = search.cv_results_
rate = results["param_bpnetclassifier__learning_rate_init"].astype(float)
alpha = results["param_bpnetclassifier__alpha"].astype(float)
sizes = results["param_bpnetclassifier__hidden_layer_sizes"]

figure, ax = plt.subplots(figsize=(8, 4.2), layout="constrained")
for size, marker in zip([(20,), (100,), (100, 100)], "osD", strict=True):
    of_size = np.array([value == size for value in sizes])
    points = ax.scatter(
        rate[of_size],
        results["mean_test_score"][of_size],
        c=np.log10(alpha[of_size]),
        cmap="viridis",
        vmin=-5,
        vmax=0,
        marker=marker,
        s=55,
        edgecolors="white",
        label=f"hidden_layer_sizes={size}",
    )
figure.colorbar(points, label="log10 of alpha")
ax.set(
    xscale="log",
    xlabel="learning_rate_init",
    ylabel="Accuracy in cross-validation",
    title="40 candidates of a random search",
)
ax.legend(loc="lower center")
plt.show()
