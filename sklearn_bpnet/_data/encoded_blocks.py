"""The matrix of a table that is larger than memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from sklearn_bpnet._data.table_columns import Levels
from sklearn_bpnet.training.block_table import BlockTable

if TYPE_CHECKING:
    from sklearn_bpnet._data.encoder import ColumnEncoder


class EncodedTable(BlockTable):
    """The matrix of a table in blocks, made block by block.

    Parameters
    ----------
    encoder : ColumnEncoder
        Encodes the blocks.
    table : BlockTable
        The table.
    levels, has_gaps
        As for `ColumnEncoder.encode`.
    """

    def __init__(
        self,
        encoder: ColumnEncoder,
        table: BlockTable,
        levels: Mapping[int, Levels],
        has_gaps: bool,
    ) -> None:
        dtype, window = encoder.dtype_of(table), table.window_bytes
        super().__init__(table.offsets, encoder.n_out, dtype, window)
        self.encoder, self.table, self.levels = encoder, table, levels
        self.has_gaps = has_gaps

    def make(self, k: int) -> NDArray[Any]:
        """The matrix of block ``k``."""
        matrix: NDArray[Any] = self.encoder.encode(
            self.table.make(k), self.levels, has_gaps=self.has_gaps
        )
        return matrix

    def release(self) -> None:
        """Give back the memory of the blocks that were read."""
        self.table.release()
