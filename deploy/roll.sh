#!/bin/sh
# Replaces the replicas of services by new ones with the current images, without a failed request:
#   deploy/roll.sh user-service order-service
# It starts as many new replicas beside the old ones; when they are ready, the old ones drain and stop.
set -eu
unset CDPATH
cd -- "$(dirname -- "$0")/.."
for service in "$@"; do
  old=$(docker compose -f docker-compose.prod.yml ps --quiet "$service")
  count=$(echo "$old" | wc -l)
  docker compose -f docker-compose.prod.yml up --detach --wait --no-deps --no-recreate --scale "$service=$((2 * count))" "$service"
  for one in $old; do  # one by one: the edge resolves names once a second, and tries another replica until then
    docker stop "$one"
    docker rm "$one"
  done
done
