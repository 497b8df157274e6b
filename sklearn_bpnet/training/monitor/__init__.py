"""Between two epochs: validation, patience, the history and averaged weights."""
