"""One typed tree of settings, ``EMG_CONFIG``; a variable is ``EMG_<GROUP>__<KEY>`` such as ``EMG_ENA__STANDIN_URL``."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX, SEPARATOR = "EMG_", "__"


class Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Web(Group):
    """Django itself. Outside ``debug`` the secret key has no default."""

    secret_key: SecretStr | None = None
    debug: bool = False
    allowed_hosts: list[str] = ["127.0.0.1", "localhost"]
    csrf_trusted_origins: list[str] = []


class Database(Group):
    host: str = "127.0.0.1"
    port: int = 5432
    name: str = "emg"
    user: str = "emg"
    password: SecretStr = SecretStr("")
    conn_max_age_seconds: int = 60


class ServiceUrls(Group):
    api_prefixes: list[str] = Field(["api/v2/"], min_length=1)
    site_url: str = "http://127.0.0.1:8000"
    prefect_ui_url: str = "http://127.0.0.1:4200"
    transfer_services_url_root: str = "http://127.0.0.1:8000/results/"


class Rate(Group):
    """At most ``calls`` in any window of ``seconds``, of one address and in one process."""

    calls: int = Field(ge=1)
    seconds: int = Field(60, ge=1)


class RateLimits(Group):
    """By kind of request (``spec/api-v2.md`` §2). Plain reading has none: clients take a 429 for a missing page."""

    read: Rate | None = None
    search: Rate | None = Rate(calls=300)
    export: Rate | None = Rate(calls=60)
    write: Rate | None = Rate(calls=120)


class Api(Group):
    """``spec/api-v2.md`` §2, §4. ``cors_origins``: pages there may send credentials and write.

    ``trusted_proxies``: only these may say for whom they forward.
    """

    cors_origins: list[str] = []
    rate_limits: RateLimits = RateLimits()
    trusted_proxies: list[IPvAnyNetwork] = []
    change_horizon_seconds: int = Field(900, ge=0)
    statement_timeout_seconds: float = Field(5, gt=0)
    export_timeout_seconds: float = Field(600, gt=0)


class Downloads(Group):
    """How files of the private area are fetched (``spec/api-v2.md`` §9). Without a key they have no address.

    ``signing_keys``: key id → secret; new links are signed with the first, links of all are good.
    """

    signature: Literal["v1", "v2"] = "v2"
    signing_keys: dict[str, SecretStr] = {}
    private_data_url_root: str = "http://127.0.0.1:8000/private-data/"


class Distribution(Group):
    latest_studies_feed_count: int = Field(20, ge=1)
    permalink_root: str = "https://www.ebi.ac.uk/metagenomics/studies/"


class EuropePmc(Group):
    """Where papers and their annotations come from (``spec/api-v2.md`` §7.9)."""

    articles_endpoint: str = "https://www.ebi.ac.uk/europepmc/webservices/rest/search"
    annotations_endpoint: str = "https://www.ebi.ac.uk/europepmc/annotations_api/annotationsByArticleIds"
    annotations_provider: str = "Metagenomics"
    connect_seconds: float = 2
    read_seconds: float = 5


class Ena(Group):
    """``spec/ena.md`` §14. ``standin_url`` replaces the three addresses and marks them as not ENA."""

    portal_api: str = "https://www.ebi.ac.uk/ena/portal/api"
    browser_api: str = "https://www.ebi.ac.uk/ena/browser/api"
    browser_view_url_prefix: str = "https://www.ebi.ac.uk/ena/browser/view"
    standin_url: str | None = None
    data_portals: list[str] = Field(["ena", "metagenome"], min_length=1)
    requests_per_second: int = Field(10, ge=1, le=10)
    connect_seconds: float = 5
    read_seconds: float = 60
    call_seconds: float = 600
    max_attempts: int = Field(5, ge=1)
    slice_rows: int = Field(50_000, ge=1)
    strike_hours: float = 24
    strike_hours_positive: float = 1
    child_absence_percent: float = Field(20, ge=0, le=100)
    pass_absence_percent: float = Field(2, ge=0, le=100)
    cursor_overlap_days: int = Field(3, ge=0)
    control_study: str = "PRJEB51728"
    user_agent_contact: str = "https://www.ebi.ac.uk/metagenomics"


class Webin(Group):
    """Accounts at ENA (``spec/ena.md`` §13) and the tokens for those who sign in with theirs (``spec/api-v2.md`` §3.1).

    ``emg_webin_account``: our own, whose token carries ``is_admin``. ``auth_endpoint`` is known to older
    installations and never asked: its answer holds no proof that it was Webin that answered; the token endpoint's does.
    ``webin_cli_retries``: while ENA's services do not answer it.
    """

    dcc_account: str = "dcc_metagenome"
    dcc_password: SecretStr | None = None
    emg_webin_account: str = ""
    submitting_center_name: str = "EMG"
    broker_prefix: str = "mg-"
    auth_endpoint: str = "https://www.ebi.ac.uk/ena/submit/webin/auth"
    token_endpoint: str = "https://www.ebi.ac.uk/ena/submit/webin/auth/token"  # noqa: S105 (an address)
    account_details_endpoint: str = "https://www.ebi.ac.uk/ena/submit/webin/auth/admin/submission-account"
    account_endpoint_enabled: bool = False
    drop_box_url: str = "https://www.ebi.ac.uk/ena/submit/drop-box/submit/"
    drop_box_test_url: str = "https://wwwdev.ebi.ac.uk/ena/submit/drop-box/submit/"
    webin_cli_jar: Path | None = None
    webin_cli_retries: int = Field(6, ge=0)
    webin_cli_retry_delay_seconds: int = Field(60, ge=0)
    jwt_secret_key: SecretStr | None = None
    jwt_expiration_minutes: int = Field(1440, ge=1)
    jwt_refresh_expiration_hours: int = Field(24, ge=1)


class Slurm(Group):
    """Names kept from the present production system (``spec/cluster-jobs.md`` §12)."""

    default_workdir: Path = Path("/nonexistent/set-EMG_SLURM__DEFAULT_WORKDIR")
    default_nextflow_workdir: Path = Path("/nonexistent/set-EMG_SLURM__DEFAULT_NEXTFLOW_WORKDIR")
    pipelines_root_dir: Path = Path("/nonexistent/set-EMG_SLURM__PIPELINES_ROOT_DIR")
    ftp_results_dir: Path = Path("/nonexistent/set-EMG_SLURM__FTP_RESULTS_DIR")
    private_results_dir: Path = Path("/nonexistent/set-EMG_SLURM__PRIVATE_RESULTS_DIR")
    user: str = ""
    incomplete_job_limit: int = 100
    default_seconds_between_job_checks: float = 10
    default_flow_suspend_awaiting_input_timeout_secs: int = 172800
    job_log_tail_lines: int = 200
    datamover_partition: str = ""


class Times(Group):
    """Seconds of the job protocol. Only tests change them."""

    lease: float = 90
    submit_timeout: float = 60
    marker_grace: float = 120
    childless: float = 30
    linger: float = 15
    settle: float = 10
    beat: float = 60
    dead_after: float = 600


class Cluster(Group):
    """``retention_days``: how long the directories of jobs that are over stay."""

    backend: Literal["auto", "slurm", "local"] = "auto"
    installation: str | None = Field(None, pattern=r"^[a-z2-7]{4}$")
    cluster_name: str = ""
    state_root: Path = Path("/nonexistent/set-EMG_CLUSTER__STATE_ROOT")
    secrets_root: Path | None = None
    default_partition: str = ""
    default_account: str = ""
    default_qos: str = ""
    max_submits_per_second: float = 10
    lost_after_seconds: float = 900
    local_max_jobs: int | None = None
    local_memory_mib: int | None = None
    max_wakes: int = Field(4, ge=1)
    max_revivals: int = Field(20, ge=0)
    retention_days: float = Field(90, ge=1)
    times: Times = Times()


class Nextflow(Group):
    """``executable`` is the launcher as the nodes see it; ``java_home`` is handed to it; ``version`` pins it."""

    executable: str = "nextflow"
    version: str = ""
    java_home: str = ""
    home: Path = Path("/nonexistent/set-EMG_NEXTFLOW__HOME")
    plugins_dir: Path | None = None
    offline: bool = True


class Pipeline(Group):
    """What a deployment may say of one pipeline. The revision is code, not a setting.

    ``references``: file name below the folder of reference genomes, by column of the samplesheet.
    ``max_analyses_per_study``: of assemblies.
    """

    pipeline_config_file: Path | None = None
    pipeline_nf_profile: str | None = Field(None, pattern=r"^\w[\w-]*(,\w[\w-]*)*$")
    samplesheet_chunk_size: int | None = Field(None, ge=1)
    nextflow_master_job_memory_gb: float | None = None
    params: dict[str, str | int | float | bool] = {}
    references: dict[str, str] = {}
    max_analyses_per_study: int | None = Field(None, ge=1)


class AmpliconPipeline(Pipeline):
    """``refdb_otus_dir``: the folder of SILVA's and ITSoneDB's lineages and their taxon ids, for Darwin Core."""

    refdb_otus_dir: Path | None = None


class Batches(Group):
    """``embargo_grace_days``: how long what was released stays readable by signed addresses too.

    ``max_member_rounds``: how often a run or assembly is tried that a failing pipeline left unfinished.

    ``samplesheet_editing_allowed_inside``: folders whose files a person may name in a samplesheet; none = the
    ``default_workdir`` of the Slurm settings.
    """

    max_member_rounds: int = Field(3, ge=1)
    min_free_gib: float = 20
    keep_workdir_days: int = Field(30, ge=0)
    embargo_grace_days: float = Field(7, ge=0)
    samplesheet_editing_allowed_inside: list[Path] = []


class Reads(Group):
    """How read files reach a node; with a stand-in ENA its address is the root."""

    reads_transport: Literal["fire", "https", "ftp", "file"] = "https"
    reads_url_root: str | None = None
    filereport_url: str = "https://www.ebi.ac.uk/ena/portal/api/filereport"


class Notify(Group):
    """Who is told what happened (``docs/operations.md``). Without an address it is only told in the admin.

    ``webhook_block``: name of the Prefect block with the Slack webhook of the team's channel.
    ``channel_is_private``: all its readers may see private studies. ``digest_seconds``: what happens to one study in
    that time is one message. ``slack_ids``: user name → member id, for mentions.
    ``help_desk_url``: where RT takes tickets, ``…/REST/2.0/ticket``.
    """

    webhook_block: str = "mgnify-production"
    channel_is_private: bool = False
    digest_seconds: float = Field(300, ge=0)
    slack_ids: dict[str, str] = {}
    help_desk_url: str = ""
    help_desk_token: SecretStr | None = None
    help_desk_queue: str = "metagenomics"
    seconds: float = 10


class Examples(Group):
    github_api: str = "https://api.github.com"


class LogMasking(Group):
    patterns: list[str] = [r"-password[= ]\S+", r"(?<=://)[^/\s:@]+:[^/\s:@]+(?=@)"]


class EMGConfig(BaseSettings):
    """All settings of the platform."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter=SEPARATOR, extra="forbid", frozen=True)

    environment: Literal["production", "development", "demo", "ci"] = "production"
    web: Web = Web()
    database: Database = Database()
    service_urls: ServiceUrls = ServiceUrls()
    api: Api = Api()
    downloads: Downloads = Downloads()
    distribution: Distribution = Distribution()
    ena: Ena = Ena()
    europe_pmc: EuropePmc = EuropePmc()
    webin: Webin = Webin()
    slurm: Slurm = Slurm()
    cluster: Cluster = Cluster()
    nextflow: Nextflow = Nextflow()
    amplicon_pipeline: AmpliconPipeline = AmpliconPipeline()
    rawreads_pipeline: Pipeline = Pipeline()
    assembler: Pipeline = Pipeline()
    assembly_analysis_pipeline: Pipeline = Pipeline()
    virify_pipeline: Pipeline = Pipeline()
    map_pipeline: Pipeline = Pipeline()
    mini_pipeline: Pipeline = Pipeline()
    download_pipeline: Pipeline = Pipeline()
    batches: Batches = Batches()
    reads: Reads = Reads()
    notify: Notify = Notify()
    examples: Examples = Examples()
    log_masking: LogMasking = LogMasking()
