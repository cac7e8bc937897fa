"""The common base of all services (the "microservice chassis" pattern). It depends on no service."""
