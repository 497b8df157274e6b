"""A table in blocks for the tests."""

import numpy as np

from sklearn_bpnet.training.block_table import BlockTable


class ArrayTable(BlockTable):
    """An array in blocks of given lengths, some of them perhaps empty."""

    def __init__(self, X, lengths, window_bytes=1):
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        super().__init__(offsets, X.shape[1], X.dtype, window_bytes)
        self.X, self.n_made = X, 0

    def make(self, k):
        self.n_made += 1
        return self.X[self.offsets[k] : self.offsets[k + 1]]
