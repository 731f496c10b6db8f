"""MGnify's assembler: reads become contigs, which are not published but sent to ENA (``spec/pipelines.md`` §3.3)."""

from workflows.pipelines.declaration import Git, Pipeline
from workflows.pipelines.sheets import uses_fire

PIPELINE = Pipeline(
    slug="miassembler_v3",
    label="Assembler v3",
    name="miassembler",
    version="v3",
    makes_assemblies=True,
    experiment_types=frozenset({"METAG", "METAT"}),
    subject="run",
    source=Git(
        "https://github.com/EBI-Metagenomics/miassembler", "ffc1776b4278debb04b841f2b27a4fcbfd4eb11d", tag="v3.1.13"
    ),
    settings="assembler",
    params={
        "samplesheet": "{sheet}",
        "outdir": "{outdir}",
        "private_study": "{private}",
        "use_fire_download": uses_fire,
        "skip_human_decontamination": False,
    },
    site_params=("reference_genomes_folder",),
    site_references=("human_reference",),
    head_memory_mib=8192,
    head_minutes=5 * 24 * 60,
    batch_size=10,
    root="{study:.7}/{study}/{id:.7}/{id}",
)
