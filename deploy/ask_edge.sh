#!/usr/bin/env bash
# ask_edge.sh URL [option of curl]...: sends requests to the edge of a deployment; exits 1 at the first unexpected answer.
set -eo pipefail  # not -u: an empty array is unset in the bash of macOS
url=${1:?the address of the edge}
options=("${@:2}")
expect() {
  local status
  status=$(curl -sS --max-time 30 -o /dev/null -w '%{http_code}' "${options[@]}" "${url%/}$1")
  [[ $status == "$2" ]] || { echo "FAILED: $1 answers $status, not $2" >&2; exit 1; }
  echo "ok  $2  $1"
}

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
# --- about gateway ---
expect /bff/v1/overview 401
expect '/graphql?query=%7B__typename%7D' 403
# --- end about gateway ---
expect /metrics 404
