"""Rows that outgrow memory, reduced batch by batch: Parquet and CSV files, streams of Arrow data.

From the bottom up: spec; columns, batch; pipeline; parquet, csv, stream, dask.
"""
