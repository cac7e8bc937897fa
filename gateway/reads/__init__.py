"""Reads of many things at once, by their ids."""
