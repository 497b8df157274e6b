"""
Embeddings of categories and of numbers
=======================================

A column with many categories is given to the network as a learned vector per category.
After training these vectors say which categories are alike. Numbers can be embedded,
too, for targets that oscillate along a feature.
"""

# %%
# Categories: a map that is learned
# ----------------------------------
# Sixty towns lie in a country, and rent depends on where. The table has the name of the
# town only: no coordinates.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.decomposition import PCA

from sklearn_bpnet import BPNetRegressor
from sklearn_bpnet.net.blocks.embeddings import PBLD

rng = np.random.default_rng(0)
places = rng.uniform(-1, 1, size=(60, 2))
names = np.array([f"town {i:02d}" for i in range(60)])
town = rng.integers(60, size=6000)
flats = pd.DataFrame({
    "town": names[town],
    "size": rng.uniform(20, 120, size=6000),
    "floor": rng.integers(0, 9, size=6000),
})  # fmt: skip
east, north = places[town].T
rent = flats["size"] * (10 + 4 * east) + 30 * flats["floor"] * north
rent += rng.normal(0, 40, size=6000)

reg = BPNetRegressor((64,), categorical_embedding=2, random_state=0).fit(flats, rent)
print(*reg.get_network_input_names())
print(f"R squared: {reg.score(flats, rent):.3f}")

# %%
# Every town has two numbers, ``categorical_embeddings_``. They are turned such that the
# first is the direction of the largest variance, and compared with the places.

vectors = PCA(2).fit_transform(reg.categorical_embeddings_[0][: len(names)])
figure, axes = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
red, blue = (places.T + 1) / 2
colors = np.column_stack([red, np.full(60, 0.35), blue])
for ax, points, title in zip(
    axes, (places, vectors), ("The country", "What the network learned"), strict=True
):
    ax.scatter(*points.T, c=colors, s=70, edgecolors="white")
    ax.set(title=title, xticks=[], yticks=[])
figure.suptitle("Towns with the same colour are neighbours")

# %%
# Numbers: functions that oscillate
# ---------------------------------
# Networks learn slow changes first, and fast ones hardly. A numeric embedding gives
# every number to the network as periodic functions of it, whose frequencies are
# learned. They start with about one wave per standard deviation here, ten times as many
# as with ``numeric_embedding="pbld"``.

x = rng.uniform(-3, 3, size=(1500, 1))
y = np.sin(12 * x[:, 0]) * np.exp(-(x[:, 0] ** 2) / 3) + 0.1 * rng.normal(size=1500)
line = np.linspace(-3, 3, 500)[:, None]
figure, axes = plt.subplots(1, 2, figsize=(10, 3.4), sharey=True, layout="constrained")
for ax, embedding in zip(axes, (None, PBLD(deviation=1.0)), strict=True):
    reg = BPNetRegressor(
        (64, 64), numeric_embedding=embedding, max_iter=60, random_state=0
    ).fit(x, y)
    ax.scatter(x, y, s=4, color="0.7")
    ax.plot(line, reg.predict(line), color="C1")
    name = "PBLD" if embedding else None
    ax.set(title=f"numeric_embedding={name}: R² = {reg.score(x, y):.2f}")
plt.show()
