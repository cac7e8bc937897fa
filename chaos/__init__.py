"""The services under faults: real processes are killed under load, and afterwards all databases must agree."""
