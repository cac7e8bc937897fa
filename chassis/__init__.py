"""What every service stands on (the "microservice chassis" pattern). It knows no service."""
