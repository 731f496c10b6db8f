"""Reads. Each list starts from what the actor may see; a detail is None where there is nothing to see."""
