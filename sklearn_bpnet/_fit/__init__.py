"""One call of fit: its start, training of networks and ensembles, and the result."""
