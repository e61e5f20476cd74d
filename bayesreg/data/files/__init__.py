"""Files of columns as data.

From the bottom up: columns, kinds, doubtful_text; csv, parquet, open_columns; chosen_columns, missing, levels; table.
"""
