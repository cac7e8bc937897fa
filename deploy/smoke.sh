#!/usr/bin/env bash
# smoke.sh [python]: builds every image, starts both compose files in turn, sends requests, and leaves only the images behind.
# Ports 8001 to 8004, 18443 and 18080 must be free.
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
ask() { curl -ksS -o /dev/null -w '%{http_code}' "https://localhost:$HTTPS_PORT$1"; }
expect() { [[ $(ask "$1") == "$2" ]] || { echo "FAILED: $1 answers $(ask "$1"), not $2" >&2; exit 1; }; echo "ok  $2  $1"; }

echo "== development"
dev up --build --detach --wait --quiet-pull
dev run --rm cli demo
dev down -v -t 5

echo "== production"
"$python" -m deploy.make_secrets "$SECRETS"
mkdir "$SECRETS/edge"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost \
  -keyout "$SECRETS/edge/tls.key" -out "$SECRETS/edge/tls.crt" 2>/dev/null
chmod 444 "$SECRETS"/edge/*
prod up --build --detach --wait --quiet-pull --scale user-service=2
expect /api/v1/users/stats/count 200
# --- about product ---
expect /api/v1/products 200
# --- end about product ---
expect /api/v1/analytics/stats 401
expect /.well-known/jwks.json 200
# --- about order ---
expect /api/v1/orders 401
expect /api/v1/reservations/0197a6b2-0000-7000-8000-000000000000 404
# --- end about order ---
expect /metrics 404
docker images --format '{{.Repository}}\t{{.Size}}' --filter "reference=*/*:smoke"
echo "All is well."
