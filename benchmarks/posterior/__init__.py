"""The width, side by side with its peers: effective draws a second, at the same prior, judged by one referee."""
