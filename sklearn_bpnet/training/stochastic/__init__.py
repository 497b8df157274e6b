"""Training by mini-batches: epochs, in NumPy or compiled, and their threads."""
