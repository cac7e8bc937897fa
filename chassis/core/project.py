# Rendered from pyproject.toml (bin/cli render, 52145e07): edit that instead
"""The project's name."""

NAME = "sealed-services"
