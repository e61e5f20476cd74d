"""How the rows are held: as rows, or as mergeable sufficient statistics."""
