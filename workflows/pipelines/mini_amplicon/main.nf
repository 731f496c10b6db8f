// Mini amplicon (demonstration): amplicon samplesheet → a small amplicon-v6 result tree, computed from the reads.
nextflow.enable.dsl = 2

import groovy.json.JsonOutput

process FETCH {
    tag "${run}"

    input:
    // Addresses go in as data on stdin: nothing of a samplesheet becomes shell text.
    tuple val(run), val(mates), stdin

    output:
    tuple val(run), val(mates), path("${run}*.fastq.gz")

    script:
    'fetch_reads.py'
}

process QC {
    tag "${run}"
    // Overwritten by a cached task too: the head may have been killed while it copied.
    publishDir params.outdir, mode: 'copy', overwrite: true, pattern: '*/qc/*'

    input:
    tuple val(run), val(mates), path(reads)
    stdin

    output:
    tuple val(run), val(mates), path("${run}/qc/${run}.fastp.json"), path('filtered.fastq.gz'), emit: passed, optional: true
    path 'verdict.csv', emit: refused, optional: true
    path "${run}/qc/*"

    script:
    def names = mates == 2 ? "${run}_1.fastq.gz ${run}_2.fastq.gz" : "${run}.fastq.gz"
    "check_reads.py ${run} ${names}"
}

process ASSIGN {
    tag "${run}"

    input:
    tuple val(run), val(mates), path(fastp), path(filtered)
    path reference
    stdin

    output:
    tuple val(run), val(mates), path(fastp), path('assignments.tsv')

    script:
    "assign_reads.py ${mates} ${reference} ${filtered}"
}

process REPORT {
    tag "${run}"
    publishDir params.outdir, mode: 'copy', overwrite: true, pattern: '*/**'

    input:
    tuple val(run), val(mates), path(fastp), path(assignments)
    path reference
    stdin

    output:
    path 'verdict.csv', emit: passed
    path "${run}/**"

    script:
    "write_tree.py ${run} ${mates} ${reference} ${fastp} ${assignments}"
}

process COLLECT {
    publishDir params.outdir, mode: 'copy', overwrite: true

    input:
    path 'verdict*.csv'
    stdin

    output:
    path 'qc_passed_runs.csv', optional: true
    path 'qc_failed_runs.csv', optional: true
    path 'study_multiqc_report.html'
    path 'pipeline_info/*'

    script:
    'shopt -s nullglob; collect_verdicts.py verdict*.csv'
}

// One row of the samplesheet → [run, number of files, what fetch_reads.py wants to know].
def request(Map row) {
    if (!(row.sample ==~ /[A-Za-z0-9][A-Za-z0-9_.-]*/)) {
        error "samplesheet: sample '${row.sample}' is not a run accession"
    }
    if (!(row.single_end in ['true', 'false']) || !row.fastq_1 || (row.single_end == 'true') == (row.fastq_2 as boolean)) {
        error "samplesheet: ${row.sample} needs single_end true with fastq_1, or false with fastq_1 and fastq_2"
    }
    def urls = row.single_end == 'true' ? [row.fastq_1] : [row.fastq_1, row.fastq_2]
    def files = urls.withIndex().collect { url, place ->
        [url: url, name: urls.size() == 1 ? "${row.sample}.fastq.gz".toString() : "${row.sample}_${place + 1}.fastq.gz".toString()]
    }
    return [row.sample, urls.size(), JsonOutput.toJson([files: files])]
}

workflow {
    if (!params.input || !params.outdir) { error 'input and outdir are required' }
    reference = file("${projectDir}/reference/ssu.tsv", checkIfExists: true)
    // Thresholds, too, go in as data.
    thresholds = JsonOutput.toJson(params.subMap(['min_mean_phred', 'min_length', 'max_n_fraction', 'min_kmer_share', 'k']))
    FETCH(Channel.fromPath(params.input, checkIfExists: true).splitCsv(header: true).map { row -> request(row) })
    QC(FETCH.out, thresholds)
    ASSIGN(QC.out.passed, reference, thresholds)
    REPORT(ASSIGN.out, reference, thresholds)
    verdicts = QC.out.refused.mix(REPORT.out.passed).toSortedList { a, b -> a.text <=> b.text }
    COLLECT(verdicts, thresholds)
}
