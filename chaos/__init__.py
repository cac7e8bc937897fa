"""A shop under faults: real processes take orders while they are killed, and afterwards all databases must agree."""
