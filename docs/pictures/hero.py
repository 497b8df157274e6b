"""The picture of the start page: a network learns three interleaved spirals."""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_bpnet import BPNetClassifier

COLORS = np.array([[61, 111, 217], [240, 140, 46], [46, 160, 110]]) / 255

rng = np.random.default_rng(0)
turn = np.sqrt(rng.uniform(0.02, 1, size=600))
y = np.arange(600) % 3
angle = 5.6 * turn + 2 * np.pi * y / 3
X = turn[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
X += 0.03 * rng.normal(size=X.shape)

side = np.linspace(-1.15, 1.15, 220)
grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)

figure, axes = plt.subplots(1, 3, figsize=(12, 4.2))
clf = BPNetClassifier(
    (64, 64), activation="gelu", learning_rate_init=0.004, random_state=0
)
epochs = 0
for ax, until in zip(axes, (3, 15, 150), strict=True):
    while epochs < until:
        clf.partial_fit(X, y, classes=[0, 1, 2])
        epochs += 1
    P = clf.predict_proba(grid)
    shades = 1 - (1 - P @ COLORS) * 0.75
    ax.imshow(
        shades.reshape(220, 220, 3), extent=(-1.15, 1.15) * 2, origin="lower",
        interpolation="bilinear",
    )  # fmt: skip
    ax.scatter(*X.T, c=COLORS[y], s=14, edgecolors="white", linewidths=0.4)
    ax.set_title(f"epoch {until}: {clf.score(X, y):.0%} correct", fontsize=13)
    ax.set_axis_off()
