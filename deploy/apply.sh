#!/bin/sh
# apply.sh OVERLAY REGISTRY URL: deploys this commit to Kubernetes: migrates, replaces the services whose images (image.sh) are
# other ones now, then the service that fronts them, then the edge, and sends requests to the edge at URL. An earlier commit that
# is deployed again is the way back.
set -eu
unset CDPATH
cd -- "$(dirname -- "$0")/.."
overlay=$1 registry=$2 url=$3

namespace=$(sed -n 's/^namespace: //p' "deploy/kubernetes/overlays/$overlay/kustomization.yaml")
set --
front=
for declaration in */service.toml; do
  image=$(deploy/image.sh "${declaration%/*}" "$registry")
  set -- "$@" -e "s#\( image:\) .*/$(basename "${image%:*}")[:@].*#\1 $image#"
  if grep -qx "front = true" "$declaration"; then front=$(basename "${image%:*}"); fi
done
manifest=$(mktemp)
trap 'rm "$manifest"' EXIT
sed "$@" "deploy/kubernetes/rendered/$overlay.yaml" >"$manifest"

component=app.kubernetes.io/component
migrations=$component=migration
kubectl delete job --namespace "$namespace" --selector "$migrations" --ignore-not-found
kubectl apply --filename "$manifest" --selector "$component notin (service, edge)"
kubectl wait job --namespace "$namespace" --selector "$migrations" --for=condition=complete --timeout=15m
# From the inside out: what sends requests on may expect the routes of this version.
for layer in "$component=service,app.kubernetes.io/name!=$front" "$component=service" "$component=edge"; do
  kubectl apply --filename "$manifest" --selector "$layer"
  kubectl rollout status deployment --namespace "$namespace" --selector "$layer" --timeout=10m
done
deploy/ask_edge.sh "$url"
