#!/usr/bin/env bash
# A role and a database for each service that keeps its data here; no role may open the database of another.
# Runs once, when the cluster is created. There is a file with the password of each role, named after it; a service whose
# database has an owner of its own has a second one, such as content_owner.
set -euo pipefail
here=$(dirname -- "${BASH_SOURCE[0]}")
cd -- "$SECRETS_DIR"

as_superuser() { psql -X -q -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d postgres "$@"; }

for name in *; do
  if [ "$name" = root ] || [ -f "${name%_owner}" ] && [ "$name" != "${name%_owner}" ]; then continue; fi
  if [ -f "${name}_owner" ]; then
    NAME=$name SCHEMA=$name PASSWORD=$(<"$name") OWNER=${name}_owner OWNER_PASSWORD=$(<"${name}_owner") \
      as_superuser -f "$here/reflected.psql"
    continue
  fi
  NAME=$name PASSWORD=$(<"$name") as_superuser <<'SQL'
\getenv name NAME
\getenv password PASSWORD
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
done
