"""The analytics service: stores events and answers queries about them."""
