"""One HTML page of a fit."""
