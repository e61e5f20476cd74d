"""Every package's penalty as a reading of the canonical one: the only place that knows another scaling."""
