"""Odd values: cells of X, class labels, weights, indicators; most are mistakes."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from fuzz.strategies_containers import pd, pl

# Cells that stand for a missing value
MISSING = {
    "NaN": float("nan"),
    "None": None,
    "np.float32 NaN": np.float32("nan"),
    "Decimal NaN": Decimal("nan"),
    "NaT": np.datetime64("NaT"),
}
if pd is not None:
    MISSING |= {"pd.NA": pd.NA, "pd.NaT": pd.NaT}

# Numbers that are no float; all are exact in float64
NUMBERS = {
    "int": 3,
    "float": 0.5,
    "bool": True,
    "np.int8": np.int8(-3),
    "np.uint64": np.uint64(2**63 + 2**12),
    "large int": 2**70,
    "Decimal": Decimal("1.25"),
    "Fraction": Fraction(3, 4),
    "longdouble": np.longdouble(2.5),
    "0-d array": np.array(1.5),
}

# Cells that are no real number
OTHERS = {
    "str": "a",
    "number as str": "1.5",
    "empty str": "",
    "bytes": b"a",
    "complex": 1 + 2j,
    "real complex": 1 + 0j,
    "date": date(2024, 2, 29),
    "datetime": datetime(2024, 2, 29, tzinfo=UTC),
    "datetime64": np.datetime64("2024-02-29"),
    "timedelta64": np.timedelta64(3, "D"),
    "list": [1.0],
    "tuple": (1.0, 2.0),
    "set": {1.0},
    "object": object,
    "inf": float("inf"),
    "int beyond float64": 10**400,
    "Decimal beyond float64": Decimal("1e400"),
}

# Arrays of (n, d) whose dtype is no real number, or whose values are extreme
ARRAYS = {
    "complex": lambda X: X + 1j,
    "complex without imaginary part": lambda X: X.astype(complex),
    "datetime64": lambda X: (X * 1e6).astype("int64").astype("datetime64[s]"),
    "timedelta64": lambda X: (X * 1e6).astype("int64").astype("timedelta64[ms]"),
    "str": lambda X: X.astype(str),
    "bytes": lambda X: X.astype("S"),
    "words": lambda X: np.where(X > 0, "yes", "no"),
    "structured": lambda X: np.zeros(len(X), dtype=[("a", float), ("b", int)]),
    "three dimensions": lambda X: X[:, :, None],
    "one dimension": lambda X: X[:, 0],
    "no samples": lambda X: X[:0],
    "no features": lambda X: X[:, :0],
    "ragged": lambda X: [[0.0] * (1 + i % 2) for i in range(len(X))],
    "uint64 beyond 2^63": lambda X: 2**63 + np.abs(X * 1e6).astype("uint64"),
    "int64 near its ends": lambda X: np.where(X > 0, 2**63 - 1, -(2**63)),
    "infinite": lambda X: np.where(X == X.max(), np.inf, X),
    "NaN": lambda X: np.where(X == X.max(), np.nan, X),
    "masked": lambda X: np.ma.masked_greater(X, np.median(X)),
    "1e200": lambda X: 1e200 * X,
    "1e300": lambda X: 1e300 * np.sign(X),
    "largest": lambda X: np.finfo(float).max * np.sign(X),
    "subnormal": lambda X: 5e-324 * np.rint(X),
    "1e-200": lambda X: 1e-200 * X,
    "1e39": lambda X: 1e39 * X,
    "float16": lambda X: (1e4 * X).astype(np.float16),
    "longdouble beyond float64": lambda X: X.astype(np.longdouble) * 10**300 * 10**300,
    "constant 1e308": lambda X: np.full_like(X, 1e308),
}
if pd is not None:
    ARRAYS |= {
        "pandas, strings": lambda X: pd.DataFrame(X, columns=_names(X)).astype(str),
        "pandas, dates": lambda X: pd.DataFrame(X, columns=_names(X)).assign(
            x0=pd.Timestamp("2024-02-29")
        ),
        "pandas, categories": lambda X: pd.DataFrame(X, columns=_names(X)).assign(
            x0=pd.Categorical(np.where(X[:, 0] > 0, "yes", "no"))
        ),
        "pandas, numeric categories": lambda X: pd.DataFrame(
            X, columns=_names(X)
        ).assign(x0=pd.Categorical(np.sign(X[:, 0]))),
        "pandas, nullable with NA": lambda X: pd.DataFrame(
            X, columns=_names(X), dtype="Float64"
        ).assign(x0=pd.array([pd.NA] * len(X), dtype="Int64")),
        "pandas, nullable booleans": lambda X: pd.DataFrame(X > 0, dtype="boolean"),
    }
if pl is not None:
    ARRAYS |= {
        "polars, strings": lambda X: pl.DataFrame(X.astype(str), schema=_names(X)),
        "polars, nulls": lambda X: pl.DataFrame(X, schema=_names(X)).with_columns(
            pl.lit(None).alias("x0")
        ),
        "polars, dates": lambda X: pl.DataFrame(X, schema=_names(X)).with_columns(
            pl.lit(date(2024, 2, 29)).alias("x0")
        ),
        "polars, integers": lambda X: pl.DataFrame(
            np.rint(X).astype(np.int32), schema=_names(X)
        ),
    }


def _names(X):
    return [f"x{i}" for i in range(X.shape[1])]


@st.composite
def objects(draw, X, kinds):
    """An object array with a few cells of the kinds."""
    cells = X.astype(object)
    for kind in draw(st.lists(st.sampled_from(sorted(kinds)), min_size=1, max_size=3)):
        row = draw(st.integers(0, len(X) - 1))
        cells[row, draw(st.integers(0, X.shape[1] - 1))] = kinds[kind]
    return cells


# Sets of labels in increasing order, that any classifier should learn
LABELS = {
    "0, 1": [0, 1],
    "0, 1, 2": [0, 1, 2],
    "negative": [-7, -1, 0],
    "large": [2**53, 2**53 + 1, 2**60],
    "uint64": np.array([1, 2**63, 2**64 - 1], dtype=np.uint64),
    "int8": np.array([-128, 0, 127], dtype=np.int8),
    "integral floats": [-1.0, 0.0, 5.0],
    "float32": np.array([1, 2], dtype=np.float32),
    "strings": ["a", "b", "c"],
    "digits": ["0", "1", "10"],
    "long strings": ["a" * 50, "b", "ä"],
    "empty string": ["", " "],
    "objects": np.array(["a", "b", "c"], dtype=object),
    "integer objects": np.array([1, 2, 5], dtype=object),
    "bytes": [b"a", b"b"],
    "booleans": [False, True],
    "one class": ["only"],
    "one number": [5],
}
# Labels that are a mistake, or that a classifier may reject
ODD_LABELS = {
    "continuous": [0.5, 1.25, 7.3],
    "mixed": np.array([1, "a"], dtype=object),
    "with None": np.array(["a", None], dtype=object),
    "with NaN": [0.0, float("nan")],
    "infinite": [0.0, float("inf")],
    "dates": np.array(["2024-02-28", "2024-02-29"], dtype="datetime64[D]"),
    "durations": np.array([1, 5], dtype="timedelta64[D]"),
    "complex": [1j, 2j],
    "Decimal": np.array([Decimal(1), Decimal(2)], dtype=object),
    "date objects": np.array([date(2024, 1, 1), date(2024, 1, 2)], dtype=object),
    "tuples": np.array([(1, 2), (3, 4), None], dtype=object)[:2],
    "0/1 and booleans": np.array([0, True, 2], dtype=object),
    "longdouble": np.array([1, 2], dtype=np.longdouble),
}

# Two values of label indicators
INDICATORS = {
    "0, 1": [0, 1],
    "booleans": [False, True],
    "floats": [0.0, 1.0],
    "uint8": np.array([0, 1], dtype=np.uint8),
    "objects": np.array([0, 1], dtype=object),
    "-1, 1": [-1, 1],
    "0, 2": [0, 2],
    "5, 7": [5, 7],
    "0, 255": np.array([0, 255], dtype=np.uint8),
    "-1.0, 0.0": [-1.0, 0.0],
    "0, 0.5": [0.0, 0.5],
    "0, NaN": [0.0, float("nan")],
    "strings": ["no", "yes"],
    "complex": [0, 1j],
    "dates": np.array(["2024-02-28", "2024-02-29"], dtype="datetime64[D]"),
    "0/1/2": [0, 1, 2],
}

# Weights of n samples that are a mistake, or extreme
ODD_WEIGHTS = {
    "a number": lambda w: 2.5,
    "zero": lambda w: 0.0,
    "zeros": lambda w: 0 * w,
    "negative": lambda w: -w,
    "one negative": lambda w: np.where(w == w.max(), -1e-300, w),
    "NaN": lambda w: np.where(w == w.max(), np.nan, w),
    "infinite": lambda w: np.where(w == w.max(), np.inf, w),
    "None": lambda w: np.where(w == w.max(), None, w),
    "objects": lambda w: w.astype(object),
    "Decimal": lambda w: np.array([Decimal(str(v)) for v in w]),
    "strings": lambda w: w.astype(str),
    "words": lambda w: np.where(w > 1, "much", "little"),
    "dates": lambda w: w.astype("int64").astype("datetime64[s]"),
    "complex": lambda w: w + 0j,
    "booleans": lambda w: w > np.median(w),
    "column": lambda w: w[:, None],
    "matrix": lambda w: np.column_stack([w, w]),
    "too short": lambda w: w[1:],
    "too long": lambda w: np.append(w, 1.0),
    "empty": lambda w: w[:0],
    "list": lambda w: w.tolist(),
    "masked": lambda w: np.ma.masked_greater(w, np.median(w)),
    "1e-300": lambda w: 1e-300 * w,
    "1e300": lambda w: 1e300 * w,
    "largest": lambda w: np.full_like(w, np.finfo(float).max),
    "1e-300 to 1e300": lambda w: np.logspace(-300, 300, len(w)),
    "subnormal": lambda w: np.full_like(w, 5e-324),
    "float16": lambda w: w.astype(np.float16),
    "longdouble": lambda w: w.astype(np.longdouble),
}
if pd is not None:
    ODD_WEIGHTS |= {
        "series": lambda w: pd.Series(w, index=np.arange(len(w))[::-1]),
        "nullable": lambda w: pd.Series(w, dtype="Float64"),
        "nullable with NA": lambda w: pd.array([pd.NA, *w[1:]], dtype="Float64"),
    }
