"""Rows that outgrow memory, read batch by batch: Parquet and CSV files, streams of Arrow data.

From the bottom up: spec; columns, batch; pipeline; parquet, csv, stream, dask; survey, blocks, arrow_copy.
"""
