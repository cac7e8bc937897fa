"""What the gateway sends to services, and what it reads of their answers; a file for each of them."""
