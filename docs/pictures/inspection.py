"""The derivative of a regression with respect to a feature, and the true one."""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_bpnet import BPNetRegressor

rng = np.random.default_rng(0)
X = rng.normal([0, 50, 0], [1, 10, 1], size=(600, 3))
y = 3 * np.sin(X[:, 0]) + 0.2 * X[:, 1]
reg = BPNetRegressor((32, 8), activation="tanh", max_iter=50, random_state=0).fit(X, y)
G = reg.input_gradient(X)
x = np.linspace(-3, 3, 200)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3), width_ratios=[2, 1])
left.scatter(X[:, 0], G[:, 0], s=8, label="input_gradient(X)[:, 0]")
left.plot(x, 3 * np.cos(x), color="0.3", label="3 cos $x_0$")
left.set(xlabel="$x_0$", ylabel="derivative", xlim=(-3, 3), ylim=(-4, 4))
left.legend()
size = np.abs(G).mean(axis=0) * X.std(axis=0)
right.barh(["$x_0$", "$x_1$", "$x_2$"], size)
right.set(xlabel="mean |derivative|\ntimes standard deviation")
right.invert_yaxis()
