"""The types of the schema with their queries, mutations and subscriptions; a file for each service behind them."""
