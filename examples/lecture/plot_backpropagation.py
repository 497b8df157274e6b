r"""
The four equations on a network of 2, 3 and 2 units
===================================================

Backpropagation by hand, in the column vectors of the lecture for one sample, then in
matrix form for a whole batch. Both are compared with the package.
"""

# %%
# One sample, as a column vector
# ------------------------------
# Row j, column k of a weight matrix is the connection from unit k to unit j. All units
# are sigmoids, and the loss is quadratic.

import matplotlib.pyplot as plt
import numpy as np

from sklearn_bpnet import BPNetClassifier, empirical_risk

w1 = np.array([[0.1, 0.2], [-0.3, 0.4], [0.5, -0.6]])
b1 = np.array([[0.01], [-0.02], [0.03]])
w2 = np.array([[0.7, -0.8, 0.9], [-1.0, 1.1, 1.2]])
b2 = np.array([[0.04], [-0.05]])
x, y = np.array([[1.0], [2.0]]), np.array([[1.0], [0.0]])


def sigma(z):
    """The sigmoid."""
    return 1 / (1 + np.exp(-z))


a1 = sigma(w1 @ x + b1)
a2 = sigma(w2 @ a1 + b2)

d2 = (a2 - y) * a2 * (1 - a2)  # equation 1
d1 = (w2.T @ d2) * a1 * (1 - a1)  # equation 2
db1, db2 = d1, d2  # equation 3
dw1, dw2 = d1 @ x.T, d2 @ a1.T  # equation 4

# %%
# The same with the package. Its matrices are the transposes of the lecture's, and
# samples and deltas are rows. With two labels there are two outputs, whose targets are
# 1 and 0.

network = BPNetClassifier.from_weights(
    [w1.T, w2.T],
    [b1[:, 0], b2[:, 0]],
    activation="sigmoid",
    loss="squared_error",
    alpha=0,
    multilabel=True,
)
J = empirical_risk(network, x.T, y.T.astype(int))
_, layers, gradient = J.backpropagate(J.theta)
pairs = {
    "delta of layer 1": (d1, layers[0].D.T),
    "delta of layer 2": (d2, layers[1].D.T),
    "dL/dw of layer 1": (dw1, gradient.arrays[0][0].T),
    "dL/dw of layer 2": (dw2, gradient.arrays[1][0].T),
}
for name, (by_hand, by_package) in pairs.items():
    print(name, by_hand.ravel().round(5), "equal:", np.allclose(by_hand, by_package))

# %%
# A batch, as a matrix
# --------------------
# The second question of the homework: the equations in batch form. The loss is a mean,
# so the deltas are divided by the number of samples once, at the output, and the sums
# over the samples in equations 3 and 4 are matrix multiplications.

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(6, 2)), rng.integers(2, size=(6, 2))
W1, W2 = w1.T, w2.T

A1 = sigma(X @ W1 + b1.T)
A2 = sigma(A1 @ W2 + b2.T)
D2 = (A2 - Y) * A2 * (1 - A2) / len(X)
D1 = (D2 @ W2.T) * A1 * (1 - A1)
dW1 = X.T @ D1

one_by_one = np.zeros_like(w1)
for x_n, y_n in zip(X[:, :, None], Y[:, :, None], strict=True):
    a1_n = sigma(w1 @ x_n + b1)
    a2_n = sigma(w2 @ a1_n + b2)
    d2_n = (a2_n - y_n) * a2_n * (1 - a2_n)
    d1_n = (w2.T @ d2_n) * a1_n * (1 - a1_n)
    one_by_one += d1_n @ x_n.T / len(X)

J = empirical_risk(network, X, Y)
_, _, gradient = J.backpropagate(J.theta)
print("batch equals one by one:", np.allclose(dW1.T, one_by_one))
print("batch equals the package:", np.allclose(dW1, gradient.arrays[0][0]))

# %%
# Activations are computed from the input to the output, deltas in the reverse
# direction. The color of a connection is its weight on the left, and the derivative
# with respect to that weight on the right.


def draw(ax, values, connections, title):
    """The network, its units' values, and a color for every connection."""
    places = [
        [(layer, (len(v) - 1) / 2 - i) for i in range(len(v))]
        for layer, v in enumerate(values)
    ]
    largest = max(np.abs(c).max() for c in connections)
    cmap = plt.get_cmap("coolwarm")
    for layer, matrix in enumerate(connections):
        for (j, k), value in np.ndenumerate(matrix):
            ends = np.array([places[layer][k], places[layer + 1][j]])
            color = cmap(0.5 + 0.5 * value / largest)
            ax.plot(*ends.T, color=color, linewidth=3, zorder=0)
    for points, numbers in zip(places, values, strict=True):
        ax.scatter(*np.array(points).T, s=2600, c="white", edgecolors="0.3")
        for point, number in zip(points, np.ravel(numbers), strict=True):
            text = number if isinstance(number, str) else f"{number:.3g}"
            ax.text(*point, text, ha="center", va="center")
    ax.set(title=title, xlim=(-0.4, 2.4), ylim=(-1.5, 1.5))
    ax.axis("off")


figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.5), layout="constrained")
draw(left, [x, a1, a2], [w1, w2], "Forward: activations a, weights w")
names = [["$x_1$"], ["$x_2$"]]
draw(right, [names, d1, d2], [dw1, dw2], "Backward: deltas, derivatives dL/dw")
plt.show()
