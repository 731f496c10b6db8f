import gzip
import shutil
import struct

from workflows.tests.example_trees import ASSEMBLY, DATA, copied, example_assembly, example_mobilome, example_viruses
from workflows.tests.test_an_assembly_tree_is_imported_exactly import survey

FUNCTIONS, SYSTEMS = "functional-annotation", "pathways-and-systems"


def told(found):
    return [(fault.path.removeprefix(f"{FUNCTIONS}/"), fault.rule) for fault in found.faults]


def rewrite(path, change):
    with gzip.open(path, "rt") as file:
        text = file.read()
    with gzip.open(path, "wt") as file:
        file.write(change(text))


def test_every_kind_of_damage_is_told_at_once(tmp_path):
    root = example_assembly(tmp_path / "batch")
    functions = root / FUNCTIONS
    (root / f"cds/{ASSEMBLY}_predicted_cds.gff.gz").unlink()
    (root / f"cds/{ASSEMBLY}_predicted_orf.ffn.gz").write_bytes(b"")
    interpro = functions / f"interpro/{ASSEMBLY}_interpro_summary.tsv.gz"
    interpro.write_bytes(interpro.read_bytes()[:-500])
    rewrite(functions / f"pfam/{ASSEMBLY}_pfam_summary.tsv.gz", lambda text: text.replace("pfam\t", "family\t", 1))
    go = functions / f"go/{ASSEMBLY}_go_summary.tsv.gz"
    rewrite(go, lambda text: text.replace("\t177\n", "\tx\n", 1).replace("\t97\n", "\t12.5\n", 1))
    rewrite(functions / f"kegg/{ASSEMBLY}_ko_summary.tsv.gz", lambda text: text + text.splitlines()[1] + "\n")
    (functions / f"kegg/{ASSEMBLY}_ko_summary.tsv.gz.gzi").write_bytes(struct.pack("<Q", 3))
    (functions / f"pfam/{ASSEMBLY}_pfam_summary.tsv.gz.gzi").unlink()
    rewrite(functions / f"dbcan/{ASSEMBLY}_dbcan_cgc.gff.gz", lambda text: "contig\tonly\n" + text)
    (root / f"qc/{ASSEMBLY}_filtered_contigs.fasta.gz.fai").write_text("contig\tten\t1\t2\t3\n")
    (root / f"annotation-summary/{ASSEMBLY}_annotation_summary.gff.gz.csi").write_bytes(gzip.compress(b"CSX\1"))
    shutil.rmtree(root / f"{SYSTEMS}/sanntis")
    outside = tmp_path / "elsewhere.tsv.gz"
    shutil.copyfile(
        DATA / f"assembly_v6_output/ERP106708/{ASSEMBLY}/taxonomy/{ASSEMBLY}_contigs_taxonomy.tsv.gz", outside
    )
    (root / f"taxonomy/{ASSEMBLY}_contigs_taxonomy.tsv.gz").unlink()
    (root / f"taxonomy/{ASSEMBLY}_contigs_taxonomy.tsv.gz").symlink_to(outside)
    assert told(survey("assembly_v6", root)) == [
        (f"annotation-summary/{ASSEMBLY}_annotation_summary.gff.gz.csi", "csi"),
        (f"cds/{ASSEMBLY}_predicted_cds.gff.gz", "mandatory"),
        (f"cds/{ASSEMBLY}_predicted_orf.ffn.gz", "not_empty"),
        (f"dbcan/{ASSEMBLY}_dbcan_cgc.gff.gz", "gff3"),
        (f"go/{ASSEMBLY}_go_summary.tsv.gz", "count"),
        (f"go/{ASSEMBLY}_go_summary.tsv.gz", "count"),
        (f"interpro/{ASSEMBLY}_interpro_summary.tsv.gz", "gzip_whole"),
        (f"kegg/{ASSEMBLY}_ko_summary.tsv.gz", "unique"),
        (f"kegg/{ASSEMBLY}_ko_summary.tsv.gz.gzi", "gzi"),
        (f"pfam/{ASSEMBLY}_pfam_summary.tsv.gz", "columns"),
        (f"pfam/{ASSEMBLY}_pfam_summary.tsv.gz.gzi", "mandatory"),
        (f"{SYSTEMS}/sanntis", "mandatory"),
        (f"qc/{ASSEMBLY}_filtered_contigs.fasta.gz.fai", "fai"),
        (f"taxonomy/{ASSEMBLY}_contigs_taxonomy.tsv.gz", "mandatory"),
        (f"taxonomy/{ASSEMBLY}_contigs_taxonomy.tsv.gz", "points_outside"),
    ]


def test_a_broken_index_that_nobody_needs_is_told_where_it_lies(tmp_path):
    root = copied(DATA / "assembly_v6_output/ERP106708" / ASSEMBLY, tmp_path / ASSEMBLY)
    missing = {
        fault.path.rpartition("/")[2] for fault in survey("assembly_v6", root).faults if fault.rule == "mandatory"
    }
    assert missing == {f"{ASSEMBLY}_interproscan.tsv.gz", "multiqc_report.html"}
    (broken,) = [fault for fault in survey("assembly_v6", root).faults if fault.rule != "mandatory"]
    assert (broken.rule, broken.path) == ("gzi", f"{SYSTEMS}/sanntis/{ASSEMBLY}_sanntis_summary.tsv.gz.gzi")


def test_damaged_add_ons_are_told(tmp_path):
    viruses, mobilome = example_viruses(tmp_path / "v"), example_mobilome(tmp_path / "m")
    gff = viruses / f"08-final/gff/{ASSEMBLY}_virify.gff.gz"
    gff.write_bytes(gff.read_bytes()[:-20])
    gff.with_name(f"{gff.name}.gzi").unlink()
    assert told(survey("virify_v3", viruses)) == [
        (f"08-final/gff/{gff.name}", "gzip_whole"),
        (f"08-final/gff/{gff.name}.gzi", "mandatory"),
    ]
    (mobilome / f"gff/{ASSEMBLY}_user_mobilome_full.gff.gz").unlink()
    assert told(survey("map_v4", mobilome)) == [("gff/ERZ857107_user_mobilome_full.gff.gz", "mandatory")]
