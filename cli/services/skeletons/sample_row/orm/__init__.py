"""The tables of their owner: generated models, and the values that the owner's client would fill in."""

from sample_row.orm import overrides as overrides  # no model is used without them
