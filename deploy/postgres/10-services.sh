#!/usr/bin/env bash
# Roles and a database for each service that keeps its data here; no role may open the database of another. The image runs it once,
# when the cluster is created; run it again after adding a service. There is a file with the password of each role, named after
# it: one for a service, and a second one, such as content_owner, if its database has another owner.
set -euo pipefail
here=$(dirname -- "${BASH_SOURCE[0]}")
cd -- "$SECRETS_DIR"

for name in *; do
  case $name in
    root) continue ;;
    *_owner) [ ! -f "${name%_owner}" ] || continue ;;
  esac
  export NAME=$name PASSWORD SCHEMA=$name OWNER=${name}_owner OWNER_PASSWORD=
  PASSWORD=$(<"$name")
  script=service.psql
  if [ -f "$OWNER" ]; then
    OWNER_PASSWORD=$(<"$OWNER")
    script=reflected.psql
  fi
  psql -X -q -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d postgres -f "$here/$script"
done
