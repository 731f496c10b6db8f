"""MGnify's amplicon pipeline (``spec/pipelines.md`` §3.1)."""

from workflows.pipelines.declaration import Git, Pipeline

DATABASES = ("ssu", "lsu", "unite", "itsone", "pr2")
LABELS = {"ssu": "SILVA-SSU", "lsu": "SILVA-LSU", "dada2_silva": "DADA2-SILVA", "dada2_pr2": "DADA2-PR2"}
LABELS |= {"unite": "UNITE", "itsone": "ITSoneDB", "pr2": "PR2"}

PIPELINE = Pipeline(
    slug="amplicon_v6",
    label="Amplicon v6",
    name="amplicon",
    version="v6",
    pipeline_version="V6",
    experiment_types=frozenset({"AMPLI"}),
    subject="run",
    source=Git(
        "https://github.com/EBI-Metagenomics/amplicon-pipeline",
        "b3a8608dbdd831b4181d05cb8fbbaca698990494",
        tag="v6.0.3",
    ),
    settings="amplicon_pipeline",
    # The labels are names of folders: they never change.
    params={"input": "{sheet}", "outdir": "{outdir}"} | {f"{name}_label": label for name, label in LABELS.items()},
    site_params=(
        *(f"{name}_db_{part}" for name in DATABASES for part in ("fasta", "tax", "otu", "mscluster")),
        "rrnas_rfam_covariance_model",
        "rrnas_rfam_claninfo",
        "std_primer_library",
    ),
    head_memory_mib=2048,
    head_minutes=5 * 24 * 60,
    batch_size=50,
)
