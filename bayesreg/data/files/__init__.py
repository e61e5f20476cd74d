"""Files of columns as data.

From the bottom up: numeric, alike, missing_texts, written_numbers, dates, pasted; dialect, packed, kinds, workbook,
plain_text; columns, shape_faults, csv, parquet, open_columns; chosen_columns, stated_columns, text_rules,
reading; most_levels, questions; doubtful_text, second_header, word_questions, level_questions, missing, open_questions;
levels, last_row, offsets, target; table; faults, new_rows.
"""
