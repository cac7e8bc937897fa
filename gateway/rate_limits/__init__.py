"""Rate limits: how often a person, or an address without a login, may call (docs/decisions/0039-rate-limits.md)."""
