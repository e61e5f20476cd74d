"""The width: posterior draws, and what follows from them."""
