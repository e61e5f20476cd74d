"""Tools that every other package may import; they import none of them.

From the bottom up: version, errors, listed, quotes, suggestions, arguments, namespace, shown; files, memory, progress,
blas, threads; jax_context, loops, compilation_cache; moved.
"""
