"""The model under scikit-learn's contract."""
