"""The metadata of this authorization server (RFC 8414)."""

from pydantic import BaseModel, Field


class Metadata(BaseModel):
    """
    The metadata of the authorization server (RFC 8414).

    The introspection endpoint is not in it: it is not for clients, and takes sealed requests of linked services only.
    """

    issuer: str = Field(description="The `iss` of every access token.", examples=["https://api.example.org"])
    token_endpoint: str
    revocation_endpoint: str
    jwks_uri: str
    response_types_supported: list[str] = Field([], description="None: there is no authorization endpoint.")
    grant_types_supported: list[str] = ["password", "refresh_token"]
    token_endpoint_auth_methods_supported: list[str] = ["none"]
    revocation_endpoint_auth_methods_supported: list[str] = ["none"]


def describe_server(address: str) -> Metadata:
    """
    Return the metadata.

    Args:
        address: The public address of this service, which is also the issuer.
    """
    return Metadata(
        issuer=address,
        token_endpoint=f"{address}/api/v1/users/login",
        revocation_endpoint=f"{address}/api/v1/users/revoke",
        jwks_uri=f"{address}/.well-known/jwks.json",
    )
