"""Orders, as pages show them: with the products of their lines."""
