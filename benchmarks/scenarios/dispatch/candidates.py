"""All candidates."""

from benchmarks.scenarios.dispatch import chassis_service, grpc_service
from benchmarks.scenarios.dispatch import fastapi_service as bare_fastapi
from benchmarks.scenarios.dispatch.candidate import Candidate

CANDIDATES = {
    candidate.key: candidate
    for candidate in (
        Candidate("a", "dispatcher, sealed", chassis_service.serve, chassis_service.connect_sealed),
        Candidate("b", "dispatcher, plain", chassis_service.serve, chassis_service.connect_plain),
        Candidate("c", "gRPC, mutual TLS", grpc_service.serve_mtls, grpc_service.connect_mtls),
        Candidate("d", "gRPC, plaintext", grpc_service.serve_plain, grpc_service.connect_plain),
        Candidate("e", "httpx, plain", bare_fastapi.serve, bare_fastapi.connect_plain),
        Candidate("f", "httpx, Fernet by hand", bare_fastapi.serve, bare_fastapi.connect_encrypted),
    )
}
"""By the letter that figures and options use."""
