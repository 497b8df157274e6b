"""Training on a cluster of Dask: the extra ``dask``."""

from sklearn_bpnet.dask._estimators import DaskBPNetClassifier, DaskBPNetRegressor

__all__ = ["DaskBPNetClassifier", "DaskBPNetRegressor"]
