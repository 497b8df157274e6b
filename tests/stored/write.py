"""Write the files of `test_stored`, by hand, in a version that is not released yet.

``python tests/stored/write.py`` writes what this version saves into a folder of its
name, with the inputs and the predictions beside. Later versions read all folders, so
those of released versions stay as they are.
"""

import json
from pathlib import Path
from zipfile import ZIP_DEFLATED

import joblib
import numpy as np

import sklearn_bpnet
from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.training.optimizers import Adam

FILES = Path(__file__).parent / "files"


def table():
    """A frame with gaps and categories, and two targets."""
    import pandas as pd

    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "size": np.round(rng.normal(size=60), 3),
            "age": rng.integers(0, 9, 60).astype(float),
            "town": rng.choice(list("abcdefgh"), 60),
        }
    )
    X.loc[::7, "size"] = np.nan
    kinds = rng.choice(["no", "yes", "maybe"], 60)
    return X, kinds, X["age"].to_numpy() + rng.normal(size=60)


def models():
    """Two small models that together use most of what a file can hold."""
    X, kinds, numbers = table()
    common = {"hidden_layer_sizes": (3,), "max_iter": 3, "random_state": 0}
    classifier = BPNetClassifier(
        categorical_embedding=2, solver=Adam(0.8), dropout=0.1, dtype="float64",
        input_scaling="quantile", calibration="temperature", early_stopping=True,
        **common,
    )  # fmt: skip
    regressor = BPNetRegressor(
        n_members=2, numeric_embedding="pwl", loss="huber", dtype="float64", **common
    )
    return {
        "classifier": (classifier.fit(X, kinds), X),
        "regressor": (regressor.fit(X, numbers), X),
    }


def main():
    """Write the files of this version."""
    import skops.io

    from sklearn_bpnet.onnx import to_onnx

    folder = FILES / sklearn_bpnet.__version__
    folder.mkdir(parents=True, exist_ok=True)
    for name, (model, X) in models().items():
        joblib.dump(model, folder / f"{name}.joblib", compress=3)
        skops.io.dump(model, folder / f"{name}.skops", compression=ZIP_DEFLATED)
        model.save_checkpoint(folder / f"{name}.ckpt")
        exported = to_onnx(model, X, target_opset=17)  # of runtimes since 2022
        (folder / f"{name}.onnx").write_bytes(exported.SerializeToString())
        method = getattr(model, "predict_proba", model.predict)
        rows = X.head(12)
        beside = {
            "X": rows.astype(object).where(rows.notna(), None).to_dict("list"),
            "predictions": method(rows).tolist(),
        }
        (folder / f"{name}.json").write_text(json.dumps(beside))


if __name__ == "__main__":
    main()
