"""Other packages' penalties; no other package knows their scalings: context, convention, table, translation."""
