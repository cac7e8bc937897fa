#!/bin/sh
# ask_edge.sh URL [option of curl]...: sends requests to the edge of a deployment; exits 1 at the first unexpected answer.
set -eu
url=${1%/}
shift
for expected in \
  '200 /api/v1/users/stats/count' \
  '200 /api/v1/products' \
  '401 /api/v1/analytics/stats' \
  '200 /.well-known/jwks.json' \
  '401 /api/v1/orders' \
  '404 /api/v1/reservations/0197a6b2-0000-7000-8000-000000000000' \
  '404 /metrics'; do
  status=$(curl -sS --max-time 30 -o /dev/null -w '%{http_code}' "$@" "$url${expected#* }")
  [ "$status" = "${expected% *}" ] || { echo "FAILED: ${expected#* } answers $status, not ${expected% *}" >&2; exit 1; }
  echo "ok  $expected"
done
