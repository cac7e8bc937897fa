#!/bin/sh
# Development: runs a command as the owner of the mounted code, so that the logs and migrations that it writes are theirs, not root's.
# Where the engine runs as this person (rootless, Docker Desktop), the owner is root here, and root here is this person.
set -eu
uid=$(stat -c %u /app/chassis) gid=$(stat -c %g /app/chassis)
[ -z "${LOG_DIR:-}" ] || chown "$uid:$gid" "$LOG_DIR"  # the engine creates a missing folder as root
exec setpriv --reuid "$uid" --regid "$gid" --clear-groups "$@"
