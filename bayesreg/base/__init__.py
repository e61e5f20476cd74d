"""What everything stands on, and nothing of the package: errors, arguments, float64, threads, BLAS, files."""
