#!/bin/sh
# Gives every mounted secret as NAME_FILE, which settings and the command line read; no secret enters the environment.
set -eu
for folder in ${SECRETS_DIR:-/run/secrets}; do  # unquoted: jobs for several services name several folders
  for file in "$folder"/*; do
    [ ! -f "$file" ] || export "$(basename "$file")_FILE=$file"
  done
done
exec "$@"
