#!/bin/sh
# image.sh SERVICE REGISTRY [build | push]: prints the name of a service's image; with build or push, makes it, unless the registry
# has it. The tag is the last commit that changed what the image contains, so a service that did not change keeps its image.
set -eu
unset CDPATH
cd -- "$(dirname -- "$0")/.."
service=$1 registry=$2 action=${3:-name}

contents() { git "$@" -- "$service" chassis cli ':(glob)deploy/*.py' deploy/entrypoint.sh "requirements/$service.txt" Dockerfile .dockerignore; }
[ "$(git rev-parse --is-shallow-repository)" = false ] || { echo "This clone lacks the history: git fetch --unshallow" >&2; exit 1; }
image=$(echo "$registry" | tr '[:upper:]' '[:lower:]')/$(echo "$service" | tr _ -):$(contents log -1 --format=%h --abbrev=12)
echo "$image"
[ "$action" != name ] || exit 0

[ -z "$(contents status --porcelain)" ] || { echo "Commit the changes of $service first: its tag is a commit." >&2; exit 1; }
if docker buildx imagetools inspect "$image" >/dev/null 2>&1; then echo "The registry has it."; exit; fi
docker build --target prod --build-arg "SERVICE=$service" --build-arg "PORT=$(sed -n 's/^port = //p' "$service/service.toml")" --tag "$image" .
[ "$action" != push ] || docker push "$image"
