#!/bin/sh
# Exports the path of every mounted secret as NAME_FILE, which settings and the command line read; secrets themselves stay out of the environment.
set -eu
for folder in ${SECRETS_DIR:-/run/secrets}; do  # unquoted: jobs for several services name several folders
  for file in "$folder"/*; do
    [ ! -f "$file" ] || export "$(basename "$file")_FILE=$file"
  done
done
exec "$@"
