"""What everything stands on, and nothing of the package.

From the bottom up: version, errors, listed, suggestions, arguments, namespace; files, progress, blas, threads;
jax_context, compilation_cache; moved.
"""
