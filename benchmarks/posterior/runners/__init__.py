"""One script for each peer; it imports nothing of this project, so that any environment can run it."""
