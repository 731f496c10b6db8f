// Stands in for miassembler: its parameters, its sheet and its files. Each different read becomes a contig.
process ASSEMBLE {
    tag "${row.reads_accession}"
    publishDir params.outdir, mode: 'copy', pattern: '{ERP,PRJ}*/**'

    input:
    tuple val(row), path(reads)

    output:
    path '*_*.csv', emit: report
    path '{ERP,PRJ}*/**', optional: true

    script:
    "assemble.py ${row.study_accession} ${row.reads_accession} ${reads}"
}

workflow {
    rows = Channel.fromPath(params.samplesheet).splitCsv(header: true)
    ASSEMBLE(rows.map { row -> [row, file(row.fastq_1)] })
    ASSEMBLE.out.report.collectFile(storeDir: params.outdir)
}
