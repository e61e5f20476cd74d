"""What is made of draws: predictions, rows left out, sensitivity, draws from the prior, a table."""
