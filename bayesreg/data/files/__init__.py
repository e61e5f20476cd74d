"""Files of columns as data: columns, kinds, doubtful_text; csv, parquet, levels; table."""
