"""Probabilities of three classes in a plane; a regression; counts."""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_blobs

from sklearn_bpnet import BPNetClassifier, BPNetRegressor

rng = np.random.default_rng(0)
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(10, 3))

X, y = make_blobs(150, centers=[[-2, 0], [2, 0], [0, 2]], random_state=0)
clf = BPNetClassifier((16,), solver="lbfgs", alpha=0.01, max_iter=500, random_state=0)
clf.fit(X, y)
x1, x2 = np.meshgrid(np.linspace(-5, 5, 80), np.linspace(-3, 5, 80))
P = clf.predict_proba(np.column_stack([x1.ravel(), x2.ravel()]))
left.imshow(P.reshape(80, 80, 3), origin="lower", extent=(-5, 5, -3, 5), alpha=0.5)
left.scatter(*X.T, c=np.eye(3)[y] * 0.8, s=8)
left.set(title="classes", xticks=[], yticks=[], aspect="auto")

x = rng.uniform(-3, 3, size=(120, 1))
grid = np.linspace(-3, 3, 200)[:, None]
line = {"solver": "lbfgs", "activation": "tanh", "max_iter": 2000, "random_state": 0}
t = np.sin(2 * x[:, 0]) + 0.2 * rng.normal(size=120)
middle.scatter(x, t, s=8, color="0.6")
middle.plot(grid, BPNetRegressor((20,), alpha=1e-3, **line).fit(x, t).predict(grid))
middle.set(title="a number", xlabel="x")

n = rng.poisson(np.exp(0.7 * x[:, 0]))
right.scatter(x, n, s=8, color="0.6")
reg = BPNetRegressor((5,), loss="poisson", alpha=0.01, **line).fit(x, n)
right.plot(grid, reg.predict(grid))
right.set(title='counts, loss="poisson"', xlabel="x")
