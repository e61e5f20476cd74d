"""Other packages' penalties, the only place that knows another scaling: context, convention, table, translation."""
