"""What the gateway stores of the services' answers."""
