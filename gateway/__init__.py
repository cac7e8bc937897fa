"""The gateway service: people's own gateways."""
