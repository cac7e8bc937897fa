"""The catalogue, its prices and its stock."""
