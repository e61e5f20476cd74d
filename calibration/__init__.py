"""Checks of the posteriors: simulation-based calibration of every sampler, and coverage of every interval."""
