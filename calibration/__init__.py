"""Are the posteriors right? Simulation-based calibration of every sampler, and coverage of every interval."""
