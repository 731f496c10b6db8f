#!/bin/sh
# What a new installation needs once; each line may be repeated. Whoever starts us repeats us until all is done.
set -eu
umask 077
mkdir -p "$EMG_CLUSTER__SECRETS_ROOT"
printf dcc_metagenome > "$EMG_CLUSTER__SECRETS_ROOT/ENA_USERNAME" # jobs that fetch private reads get both as files
printf %s "$EMG_WEBIN__DCC_PASSWORD" > "$EMG_CLUSTER__SECRETS_ROOT/ENA_PASSWORD"
python manage.py migrate --no-input
python manage.py createsuperuser --no-input --username admin --email admin@example.org || echo "There is an admin."
