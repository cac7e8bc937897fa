"""A service over a table that exists: what of it depends on the table is written here, once."""
