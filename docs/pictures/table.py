"""Five rows of a table, and the numbers that the network reads in their place."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sklearn_bpnet import BPNetClassifier

X = pd.DataFrame({
    "city": ["Oslo", "Rome", None, "Bern", "Oslo"],
    "age": [31.0, np.nan, 54.0, 47.0, 38.0],
    "member": [True, False, False, True, False],
})  # fmt: skip
clf = BPNetClassifier((2,), max_iter=1, random_state=0).fit(X, [0, 1, 1, 0, 1])
names = clf.get_network_input_names()
mean = X["age"].mean()
cells = pd.DataFrame({"age": X["age"].fillna(mean) - mean, "member": X["member"]})
cells["age"] /= np.sqrt((cells["age"] ** 2).mean())
cells["missingindicator_age"] = X["age"].isna()
for name in names[3:]:
    level = name.removeprefix("city_")
    cells[name] = X["city"].isna() if level == "missing" else X["city"] == level
cells = cells[names].astype(float)

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 2.6), width_ratios=[2, 5])
left.table(X.fillna("").values, colLabels=X.columns, loc="center").scale(1, 1.7)
left.set_axis_off()
right.imshow(cells, cmap="coolwarm", vmin=-2, vmax=2, aspect="auto")
for (i, j), value in np.ndenumerate(cells):
    right.text(j, i, f"{value:.1f}" if j == 0 else f"{value:.0f}", ha="center")
right.set_xticks(range(len(names)), names, rotation=20, ha="left", fontsize=8)
right.xaxis.tick_top()
right.set_yticks([])
right.tick_params(length=0)
