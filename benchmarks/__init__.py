"""Speed, memory and quality, side by side with the neighbours."""
