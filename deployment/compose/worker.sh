#!/bin/sh
# A worker of the pool `slurm`, once the flows it may be asked for are deployed as they are in this image.
set -eu
python manage.py deploy_flow --all
exec python manage.py prefectcli worker start --pool slurm --type process --with-healthcheck
