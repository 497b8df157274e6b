r"""
The perceptron, XOR, and a better representation
================================================

The perceptron is a single neuron with a step activation. Its learning rule changes the
weights for every misclassified sample,

.. math:: \theta \leftarrow \theta + \alpha \sum_{x_n \in M} y_n x_n ,

and stops if there is none. Here the rule is a loss, ``loss="perceptron"``, of a network
without hidden layers, minimised by SGD with batches of one sample.
"""

# %%
# Linearly separable classes
# --------------------------
# The convergence theorem bounds the number of corrections by :math:`(R / \gamma)^2`,
# where R is the largest norm of a sample and :math:`\gamma` the margin of any
# separating line.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklearn_bpnet import BPNetClassifier, BPNetRegressor

RULE = {
    "loss": "perceptron",
    "solver": "sgd",
    "momentum": 0.0,
    "learning_rate": "constant",
    "learning_rate_init": 1.0,
    "batch_size": 1,
    "alpha": 0.0,
    "initializer": "zeros",
    "input_scaling": None,
    "n_iter_no_change": np.inf,
    "random_state": 0,
}
rng = np.random.default_rng(3)
X = rng.uniform(-1, 1, size=(80, 2))
distances = np.column_stack([X, np.ones(80)]) @ [0.8, -0.6, 0.1]
X, distances = X[abs(distances) > 0.08], distances[abs(distances) > 0.08]
y = (distances > 0).astype(int)

perceptron = BPNetClassifier((), max_iter=1000, **RULE).fit(X, y)
longest = np.linalg.norm(np.column_stack([X, np.ones(len(X))]), axis=1).max()
margin = abs(distances).min() / np.linalg.norm([0.8, -0.6, 0.1])
print(
    f"Training converged after {perceptron.n_iter_} epochs, the last without a "
    f"correction.\nThe bound is {(longest / margin) ** 2:.0f} corrections."
)

# %%
# XOR
# ---
# XOR is not linearly separable. The perceptron does not converge, and in the
# least-squares solution, the same network with the quadratic loss, all weights are 0
# and the output is constant, 0.5.

X_xor = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y_xor = np.array([0, 1, 1, 0])

with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    endless = BPNetClassifier((), max_iter=1000, **RULE).fit(X_xor, y_xor)
print(
    f"Perceptron on XOR: {endless.stop_reason_}, accuracy {endless.score(X_xor, y_xor)}"
)

least_squares = BPNetRegressor(
    (), solver="lbfgs", alpha=0, input_scaling=None, target_scaling=None
).fit(X_xor, y_xor)
print("Least squares on XOR:", least_squares.predict(X_xor).round(6))

# %%
# A better representation
# -----------------------
# A hidden layer of two rectifiers, :math:`h = \max(0, Wx + b)` with :math:`W =
# \binom{1\ 1}{1\ 1}` and :math:`b = \binom{0}{-1}`, maps the four points to linearly
# separable ones: :math:`h_1 - 2 h_2 > 1/2` for class 1.

W, b = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([0.0, -1.0])
H = np.maximum(X_xor @ W + b, 0)
by_hand = BPNetClassifier.from_weights(
    [W, [[1.0], [-2.0]]], [b, [-0.5]], activation="relu", output_activation="heaviside"
)
print("The slide's weights on XOR:", by_hand.predict(X_xor))

# %%
# Such a representation can be learned: from random initial weights, a network with
# eight rectifiers nearly always finds one.

solved = 0
for seed in range(100):
    clf = BPNetClassifier((8,), solver="lbfgs", max_iter=500, random_state=seed)
    solved += clf.fit(X_xor, y_xor).score(X_xor, y_xor) == 1
print(f"Eight hidden units: XOR solved from {solved} of 100 random starts")

# %%
# The four networks.


def draw(ax, decide, points, labels, title, limits):
    """Plot the predicted class in the plane, and the points."""
    grid = np.stack(np.meshgrid(*[np.linspace(*limits, 300)] * 2), axis=-1)
    decision = decide(grid.reshape(-1, 2)).reshape(300, 300)
    colors = {"cmap": "coolwarm", "vmin": 0, "vmax": 1}
    ax.pcolormesh(grid[..., 0], grid[..., 1], decision, alpha=0.35, **colors)
    ax.scatter(*points.T, c=labels, s=60, edgecolors="black", **colors)
    ax.set(title=title, aspect="equal", xlim=limits, ylim=limits)


figure, axes = plt.subplots(1, 4, figsize=(15, 4), layout="constrained")
draw(axes[0], perceptron.predict, X, y, "Perceptron, separable classes", (-1.1, 1.1))
axes[0].set(xlabel="$x_1$", ylabel="$x_2$")
plane = (-0.5, 1.5)
draw(
    axes[1], least_squares.predict, X_xor, y_xor, "Least squares: 0.5 everywhere", plane
)
draw(axes[2], by_hand.predict, X_xor, y_xor, "A hidden layer of two rectifiers", plane)
for ax in axes[1:3]:
    ax.set(xlabel="$x_1$", ylabel="$x_2$")


def line(points):
    """Return the decision of the output neuron."""
    return points @ [1, -2] > 0.5


draw(axes[3], line, H, y_xor, "The same, seen by the output neuron", (-0.5, 2.5))
axes[3].annotate("(0, 1) and (1, 0)", (1, 0), (0.9, -0.35))
axes[3].set(xlabel="$h_1$", ylabel="$h_2$")
plt.show()
