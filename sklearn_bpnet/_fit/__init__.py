"""One call of fit: start, one network's training, ensembles, what is left at the end."""
