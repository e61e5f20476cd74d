"""Pictures; each takes an axes and returns it."""
