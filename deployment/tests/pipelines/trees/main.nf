// Stands in for ASA, VIRify and MAP, of which only example trees are here: gives each member the example's.
process GIVE_TREE {
    tag "${id}"
    publishDir "${params.outdir ?: params.output}", mode: 'copy'

    input:
    tuple val(id), path(contigs)

    output:
    path "${id}"

    script:
    "give_tree.py ${projectDir}/tree ${id} ${contigs}"
}

workflow {
    rows = Channel.fromPath(params.samplesheet ?: params.input).splitCsv(header: true)
    GIVE_TREE(rows.map { row -> [row.sample ?: row.id, file(row.assembly_fasta ?: row.assembly, checkIfExists: true)] })
    GIVE_TREE.out.map { tree -> "${tree.name},success\n" }
        .collectFile(name: 'analysed_assemblies.csv', storeDir: "${params.outdir ?: params.output}")
}
