"""The sample row service: rows of a table that another team owns."""
