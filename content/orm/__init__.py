"""The tables of the web site's repository: generated models, and the values that its own client would fill in."""

from content.orm import overrides as overrides  # no model is used without them
