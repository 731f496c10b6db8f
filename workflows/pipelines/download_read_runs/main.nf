// Downloads and verifies all read runs of one sample, or of several.
nextflow.enable.dsl = 2

import groovy.json.JsonOutput
import groovy.json.JsonSlurper

process LIST_RUNS {
    tag "${samples}"
    cache false // a resumed run must see what ENA lists now

    input:
    // Everything goes in as data on stdin: nothing of ENA's becomes shell text.
    tuple val(samples), stdin

    output:
    path 'runs.jsonl'

    script:
    'list_runs.py'
}

process DOWNLOAD_RUN {
    tag "${sample} ${run}"
    maxForks params.max_forks as Integer
    // A failed run exits 0, so a cached task would repeat its verdict for ever. What is verified is found where it was
    // published, and not fetched again.
    cache false
    publishDir params.outdir, mode: params.publish_mode, pattern: '*/*/*'

    input:
    tuple val(sample), val(run), stdin

    output:
    path "${sample}.${run}.tsv", emit: manifest
    path "${sample}/${run}/*", optional: true

    script:
    'download_run.py'
}

process SUMMARISE {
    tag "${samples}"
    publishDir params.outdir, mode: 'copy'

    input:
    tuple val(samples), stdin
    path manifests

    output:
    path '*/{manifest.tsv,checksums.md5,downloaded_runs.csv,failed_runs.csv}'

    script:
    "summarise.py ${manifests}"
}

workflow {
    if (!params.sample || !params.outdir) { error 'sample and outdir are required' }
    samples = params.sample.toString().tokenize(',').unique()
    samples.each { name -> if (!(name ==~ /[A-Z0-9_]+/)) { error "sample: '${name}' is not an accession" } }
    label = samples.join(',')
    patience = params.subMap(['tries', 'timeout_seconds'])
    how = patience + params.subMap(['reads_url_root', 'url_schemes', 'max_bytes'])

    LIST_RUNS([label, JsonOutput.toJson(patience + [samples: samples, portal_url: params.portal_url])])
    rows = LIST_RUNS.out.splitText().map { line -> new JsonSlurper().parseText(line) }
    DOWNLOAD_RUN(rows.map { row ->
        [row.sample, row.run_accession, JsonOutput.toJson(row + how + [published: "${params.outdir}/${row.sample}".toString()])]
    })
    SUMMARISE([label, JsonOutput.toJson([samples: samples])], DOWNLOAD_RUN.out.manifest.toSortedList { a, b -> a.name <=> b.name })
}
