"""Other packages' penalties; no other package knows their scalings.

In order: context, convention, row_parts, without_noise, table, translation.
"""
