#!/usr/bin/env bash
# smoke.sh [python]: builds every image, starts both compose files in turn, sends requests, and leaves only the images behind.
# The ports of the services (8000 and so on), 18443 and 18080 must be free.
set -euo pipefail
unset CDPATH
cd -- "$(dirname -- "$0")/.."
python=${1:-python3}

if ! { docker version && docker compose version; } >/dev/null 2>&1; then
  echo "No container engine here (docker version fails, or Compose v2 is missing): nothing was built or tested." >&2
  exit 1
fi

export SECRETS HTTPS_PORT=${HTTPS_PORT:-18443} HTTP_PORT=${HTTP_PORT:-18080} TAG=smoke
SECRETS=$(mktemp -d)
dev() { docker compose -p smoke-dev "$@"; }
prod() { docker compose -p smoke -f docker-compose.prod.yml "$@"; }
trap 'dev down -v --remove-orphans -t 5; prod down -v --remove-orphans -t 5; rm -rf "$SECRETS"' EXIT

echo "== development"
dev up --build --detach --wait --quiet-pull --scale user-service=2
dev run --rm cli demo
dev down -v -t 5

echo "== production"
"$python" -m deploy.make_secrets --self-signed "$SECRETS"
prod build
for schema in */schema/schema.sql; do  # what another team would do first
  if [ -f "$schema" ]; then
    name=${schema%%/*}
    prod run --rm "${name//_/-}-migrate" python -m cli db upgrade --foreign-tables "$name"
  fi
done
prod up --detach --wait --quiet-pull --scale user-service=2
deploy/ask_edge.sh "https://localhost:$HTTPS_PORT" --insecure
docker images --format '{{.Repository}}\t{{.Size}}' --filter "reference=*/*:smoke"
echo "All is well."
