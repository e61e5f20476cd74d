"""Files of columns as data.

From the bottom up: numeric, missing_texts, written_numbers, dates, pasted; dialect, packed, kinds, workbook,
plain_text; columns, csv, parquet, open_columns; doubtful_text; chosen_columns, stated_columns, text_rules, reading;
missing, levels, most_levels, offsets, target; table; faults, new_rows.
"""
