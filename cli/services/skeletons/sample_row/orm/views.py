"""
The views of schema ``public``, which is not ours. Generated: never edit this file.

`make view-models SERVICE=sample_row` writes it from sample_row/schema/schema.sql, or from the database that DATABASE_URL names.
"""
