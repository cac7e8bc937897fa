#!/usr/bin/env bash
# A role and a database for each service that keeps its data here; no role may open the database of another.
# Runs once, when the cluster is created. The password of each role is in a file named after it.
set -euo pipefail

for name in user_service product_service order_service; do
  NAME=$name PASSWORD=$(<"$SECRETS_DIR/$name") psql -X -q -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d postgres <<'SQL'
\getenv name NAME
\getenv password PASSWORD
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
done
