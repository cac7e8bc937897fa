"""GraphQL over HTTP (docs/decisions/0037-graphql-over-http.md)."""
