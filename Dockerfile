# One file for every service:
#   docker build --target prod --build-arg SERVICE=user --build-arg PORT=8002 -t user .
# Target dev expects the code in mounted folders; there SERVICE may name several services, for jobs that use all of them.
ARG PYTHON=python:3.11-slim-bookworm

# hadolint ignore=DL3006
FROM ${PYTHON} AS base
ARG SERVICE
ARG PORT=8000
RUN useradd --system --uid 10001 --no-create-home --home-dir /tmp app
ENV PATH=/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    SERVICE=${SERVICE} \
    PORT=${PORT}
WORKDIR /app
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=120s --retries=3 CMD ["python", "-I", "-S", "/app/deploy/healthcheck.py"]
ENTRYPOINT ["/app/deploy/entrypoint.sh"]

# hadolint ignore=DL3006
FROM ${PYTHON} AS venv
ARG SERVICE
WORKDIR /requirements
COPY requirements/bootstrap.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore --require-hashes -r bootstrap.txt
COPY requirements/*.txt ./
ENV UV_CACHE_DIR=/var/cache/uv
# hadolint ignore=SC2046
RUN --mount=type=cache,target=/var/cache/uv \
    uv venv -q /venv \
    && uv pip sync -q --python /venv/bin/python --link-mode copy --compile-bytecode --require-hashes \
       $(printf '%s.txt ' ${SERVICE})

FROM base AS dev
# The code is mounted read-only; compiled code halves every reload.
ENV PYTHONPYCACHEPREFIX=/tmp/pycache \
    HOME=/tmp
COPY --from=venv /venv /venv
COPY deploy ./deploy
ENTRYPOINT ["/app/deploy/as_owner.sh", "/app/deploy/entrypoint.sh"]
CMD ["sh", "-c", "exec uvicorn $SERVICE.main:build --factory --host 0.0.0.0 --port $PORT --http chassis.web.http_protocol:LimitedProtocol --ws none --no-server-header --no-access-log --reload --reload-dir $SERVICE --reload-dir chassis --timeout-graceful-shutdown 1"]

FROM base AS prod
ARG SERVICE
ENV ENVIRONMENT=production \
    PYTHONDONTWRITEBYTECODE=1 \
    PROMETHEUS_MULTIPROC_DIR=/tmp/prometheus
COPY --from=venv /venv /venv
COPY deploy/*.py deploy/entrypoint.sh ./deploy/
COPY cli ./cli
COPY chassis ./chassis
COPY ${SERVICE} ./${SERVICE}
RUN python -m compileall -q .
USER 10001
EXPOSE ${PORT}
CMD ["gunicorn", "-c", "deploy/gunicorn.conf.py"]
