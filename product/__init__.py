"""The product service: the catalogue, its prices and its stock."""
