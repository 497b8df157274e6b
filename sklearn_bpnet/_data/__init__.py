"""The table: samples, their task, the validation split, statistics of columns."""
