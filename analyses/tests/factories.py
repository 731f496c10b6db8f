"""Rows for tests, made with the plain ORM; other rooms use them too.

``make_study(level=1, owner="Webin-99900001")`` makes the ENA row as well. ``make_analysis`` writes the event that
every state needs. Accessions count up in the made-up range unless given.
"""

from itertools import count

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from analyses.models import (
    Accession,
    Analysis,
    AnalysisEvent,
    AnnotationSet,
    Assembly,
    AssemblyEvent,
    AssemblyRun,
    Biome,
    Download,
    Publication,
    PublicationAnnotations,
    Run,
    Sample,
    SampleStudy,
    Study,
    StudyPublication,
    SuperStudy,
    SuperStudyStudy,
)
from ena.models import Accession as EnaAccession
from ena.models import Sample as EnaSample
from ena.models import Study as EnaStudy

numbers = count(1)


def make_biome(lineage="root:Environmental:Aquatic:Marine"):
    return Biome.objects.get_or_create(lineage=lineage)[0]


def make_study(accession=None, level=0, owner=None, biome=None, **fields):
    number = next(numbers)
    accession = accession or f"PRJEB9995{number:05}"
    ena_study = EnaStudy.objects.create(
        accession=accession,
        title=f"Study {accession}",
        metadata=fields.pop("metadata", {"study_title": f"Study {accession}"}),
        webin_owner=owner,
        visibility=level,
        absent_since=timezone.now() if level == 2 else None,
    )
    EnaAccession.objects.create(accession=accession, study=ena_study, is_primary=True)
    fields = {"title": ena_study.title, "ena_accessions": [accession], "first_accession": accession} | fields
    return Study.objects.create(ena_study=ena_study, ena_visibility=level, biome=biome or make_biome(), **fields)


def make_sample(*studies, accession=None, **fields):
    accession = accession or f"SAMEA9995{next(numbers):05}"
    ena_sample = EnaSample.objects.create(
        accession=accession, metadata=fields.pop("metadata", {"sample_title": f"Sample {accession}"})
    )
    EnaAccession.objects.create(accession=accession, sample=ena_sample, is_primary=True)
    fields = {"sample_title": f"Sample {accession}", "first_accession": accession} | fields
    sample = Sample.objects.create(ena_sample=ena_sample, ena_accessions=[accession], **fields)
    for study in studies:
        study.refresh_from_db()
        SampleStudy.objects.create(sample=sample, study=study, study_visibility=study.visibility)
    sample.refresh_from_db()
    return sample


def make_run(study, sample=None, accession=None, **fields):
    sample = sample or make_sample(study)
    study.refresh_from_db()
    SampleStudy.objects.get_or_create(sample=sample, study=study, defaults={"study_visibility": study.visibility})
    accession = accession or f"ERR9995{next(numbers):05}"
    fields = {
        "experiment_type": "AMPLI",
        "instrument_platform": "ILLUMINA",
        "instrument_model": "Illumina MiSeq",
        "library_strategy": "AMPLICON",
        "library_source": "METAGENOMIC",
        "library_layout": "SINGLE",
        "scientific_name": "marine metagenome",
        "metadata": {"run_accession": accession},
        "fastq_files": [fastq_file(accession)],
    } | fields
    run = Run.objects.create(
        study=study,
        study_visibility=study.visibility,
        sample=sample,
        sample_visibility=sample.own_visibility,
        ena_accessions=[accession],
        first_accession=accession,
        **fields,
    )
    Accession.objects.create(accession=accession, run=run, is_primary=True)
    return run


def fastq_file(accession, number=None):
    """One stored ``FastqFile`` of a run; number 1 or 2 for the mates of a pair."""
    name = f"{accession}_{number}.fastq.gz" if number else f"{accession}.fastq.gz"
    path = f"ftp.sra.ebi.ac.uk/vol1/fastq/{accession[:6]}/{accession}/{name}"
    role = {None: "single", 1: "forward", 2: "reverse"}[number]
    return {
        "filename": name,
        "ftp_url": path,
        "https_url": f"https://{path}",
        "md5": "0" * 32,
        "bytes": 1000,
        "role": role,
    }


@transaction.atomic
def make_assembly(*runs, accession=None, state="external", assembly_study=None, **fields):
    """An assembly of runs, with the event that its state needs; ``state="planned"`` makes one of ours."""
    accession = accession or f"ERZ999{next(numbers):05}"
    reads_study = Study.objects.get(pk=runs[0].study_id) if runs else None
    if assembly_study:
        assembly_study.refresh_from_db()
    sample = Sample.objects.get(pk=runs[0].sample_id) if runs else None
    assembly = Assembly.objects.create(
        **{"origin": "ena" if state == "external" else "mgnify", "first_accession": accession} | fields,
        ena_accessions=[accession],
        reads_study=reads_study,
        reads_study_visibility=reads_study and reads_study.visibility,
        assembly_study=assembly_study,
        assembly_study_visibility=assembly_study and assembly_study.visibility,
        sample=sample,
        sample_visibility=sample and sample.own_visibility,
        state=state,
    )
    for position, run in enumerate(runs, 1):
        run.refresh_from_db()
        AssemblyRun.objects.create(assembly=assembly, run=run, run_visibility=run.visibility, position=position)
    AssemblyEvent.objects.create(assembly=assembly, to_state=state, actor="test")
    Accession.objects.create(accession=accession, assembly=assembly, is_primary=True)
    assembly.refresh_from_db()
    return assembly


@transaction.atomic
def make_analysis(subject, state="planned", pipeline_version="V6", **fields):
    """:param subject: a run or an assembly"""
    subject.refresh_from_db()
    if isinstance(subject, Assembly):
        study = Study.objects.get(pk=(subject.assembly_study or subject.reads_study).pk)
        inputs = {"assembly": subject, "assembly_visibility": subject.visibility, "experiment_type": "ASSEM"}
    else:
        study = Study.objects.get(pk=subject.study_id)
        inputs = {"run": subject, "run_visibility": subject.visibility, "experiment_type": subject.experiment_type}
    if state == "published":
        place = f"{study.accession[:-3]}/{study.accession}/{subject.first_accession}/{pipeline_version}/amplicon"
        fields = {"results_area": "private" if subject.visibility else "public", "external_results_dir": place} | fields
    analysis = Analysis.objects.create(
        study=study,
        study_visibility=study.visibility,
        sample_id=subject.sample_id,
        pipeline_version=pipeline_version,
        state=state,
        **inputs | fields,
    )
    AnalysisEvent.objects.create(analysis=analysis, to_state=state, actor="test")
    return analysis


def make_annotations(analysis, source="taxonomies.ssu", records=None):
    records = [{"count": 3, "organism": "sk__Bacteria"}] if records is None else records
    return AnnotationSet.objects.create(
        analysis=analysis,
        source=source,
        records=records,
        record_count=len(records),
        count_total=sum(record.get("count") or 0 for record in records),
        checksum="test",
    )


def make_download(parent, alias="ssu.tsv", verified=True, **fields):
    """:param parent: an analysis or a study"""
    owner = {"study": parent} if isinstance(parent, Study) else {"analysis": parent}
    group = "study_summary.v6.amplicon" if isinstance(parent, Study) else "taxonomies.closed_reference.ssu"
    digests = {"size_bytes": 10, "sha256": "0" * 64, "md5": "0" * 32, "verified_at": timezone.now()} if verified else {}
    last = Download.objects.filter(**owner).aggregate(last=Max("position"))["last"] or 0
    fields = {
        "path": f"taxonomy/{alias}",
        "alias": alias,
        "position": last + 1,
        "file_type": "tsv",
        "download_type": "Taxonomic analysis",
        "download_group": group,
        "short_description": "SSU taxonomy",
        "long_description": "Taxa found in the SSU rRNA gene",
    } | fields
    return Download.objects.create(**owner, **digests, **fields)


def make_publication(*studies, annotations=None, **fields):
    """A paper about these studies; ``annotations`` stand for a fresh answer of Europe PMC."""
    number = next(numbers)
    fields = {"pubmed_id": 99_000_000 + number, "title": f"Paper {number}", "published_year": 2020} | fields
    publication = Publication.objects.create(**fields)
    StudyPublication.objects.bulk_create([StudyPublication(study=s, publication=publication) for s in studies])
    if annotations is not None:
        now = timezone.now()
        PublicationAnnotations.objects.create(
            publication=publication, payload=annotations, fetched_at=now, tried_at=now
        )
    return publication


def make_super_study(*studies, related=(), **fields):
    """:param studies: its flagships"""
    number = next(numbers)
    super_study = SuperStudy.objects.create(**{"slug": f"super-{number}", "title": f"Super study {number}"} | fields)
    for study in (*studies, *related):
        SuperStudyStudy.objects.create(super_study=super_study, study=study, is_flagship=study in studies)
    return super_study
