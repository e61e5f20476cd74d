"""Pictures of results; each function takes an axes and returns it."""
