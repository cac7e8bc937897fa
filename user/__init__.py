"""The user service: accounts, sessions and access tokens."""
