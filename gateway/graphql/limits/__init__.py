"""Limits of a document, checked before validation: validation compares the fields of a selection in pairs."""
