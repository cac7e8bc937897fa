#!/bin/sh
# apply.sh OVERLAY REGISTRY URL: deploys this commit to Kubernetes: migrates, replaces the services whose images (image.sh) are
# other ones now, and sends requests to the edge at URL. An earlier commit that is deployed again is the way back.
set -eu
unset CDPATH
cd -- "$(dirname -- "$0")/.."
overlay=$1 registry=$2 url=$3

namespace=$(sed -n 's/^namespace: //p' "deploy/kubernetes/overlays/$overlay/kustomization.yaml")
set --
for declaration in */service.toml; do
  image=$(deploy/image.sh "${declaration%/*}" "$registry")
  set -- "$@" -e "s#\( image:\) .*/$(basename "${image%:*}")[:@].*#\1 $image#"
done
manifest=$(mktemp)
trap 'rm "$manifest"' EXIT
sed "$@" "deploy/kubernetes/rendered/$overlay.yaml" >"$manifest"

migrations=app.kubernetes.io/component=migration
kubectl delete job --namespace "$namespace" --selector "$migrations" --ignore-not-found
kubectl apply --filename "$manifest" --selector 'app.kubernetes.io/component!=service'  # all but the services
kubectl wait job --namespace "$namespace" --selector "$migrations" --for=condition=complete --timeout=15m
kubectl apply --filename "$manifest"
kubectl rollout status deployment --namespace "$namespace" --timeout=10m
deploy/ask_edge.sh "$url"
