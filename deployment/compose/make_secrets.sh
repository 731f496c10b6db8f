#!/bin/sh
# Writes .env, what docker-compose.yaml asks for: fresh secrets, made once, readable by us alone.
set -eu
cd "$(dirname "$0")/../.."
if [ -s .env ] || [ -n "${EMG_WEB__SECRET_KEY:-}" ]; then exit 0; fi # or given by the environment
umask 077
word() { python3 -c 'import secrets; print(secrets.token_urlsafe(32))'; }
for name in EMG_WEB__SECRET_KEY EMG_WEBIN__JWT_SECRET_KEY DATABASE_PASSWORD SIGNING_KEY ENA_PASSWORD ADMIN_PASSWORD; do
  echo "$name=$(word)"
done > .env.part
mv .env.part .env
echo "Made .env: secrets of the composed stack, and the admin's password."
