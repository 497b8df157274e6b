"""The lecture as NumPy: activations, losses, penalties, the network and its risk."""
