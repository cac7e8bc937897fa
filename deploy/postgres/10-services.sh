#!/usr/bin/env bash
# A role and a database for each service that keeps its data here; no role may open the database of another.
# Runs once, when the cluster is created. There is a file with the password of each role, named after it.
set -euo pipefail
shopt -s nullglob

for file in "$SECRETS_DIR"/*_service; do
  NAME=$(basename "$file") PASSWORD=$(<"$file") psql -X -q -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d postgres <<'SQL'
\getenv name NAME
\getenv password PASSWORD
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
done
