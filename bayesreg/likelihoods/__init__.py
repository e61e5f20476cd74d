"""What a row tells of its linear predictor."""
