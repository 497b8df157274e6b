"""One call of fit: its start, one network's training, ensembles, what they leave."""
