"""An image of a digit, and three ways to say which it is."""

import matplotlib.pyplot as plt
import numpy as np
from diagrams import BLUE, GREEN, ORANGE
from sklearn.datasets import load_digits

digits = load_digits()
image = digits.images[np.flatnonzero(digits.target == 6)[1]]
figure, axes = plt.subplots(1, 4, figsize=(11, 2.9), width_ratios=(1, 0.7, 0.9, 1.6))
axes[0].imshow(image, cmap="gray_r")
axes[0].set_title("a six")
axes[0].set_axis_off()
outputs = [
    ("1 output: a number", [6], ["$\\hat y$"], ORANGE, 9),
    ("4 outputs: binary", [0, 1, 1, 0], ["8", "4", "2", "1"], GREEN, 1),
    ("10 outputs: one each", np.eye(10)[6], list("0123456789"), BLUE, 1),
]
for ax, (title, values, names, color, top) in zip(axes[1:], outputs, strict=True):
    ax.bar(range(len(values)), values, color=color, width=0.7)
    ax.set(title=title, ylim=(0, top), xlim=(-0.8, len(values) - 0.2), yticks=[0, top])
    ax.set_xticks(range(len(values)), names)
    ax.spines[["top", "right"]].set_visible(False)
