"""A shop under fire: real processes take orders while they are killed, and afterwards everything must agree."""
