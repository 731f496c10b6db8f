from analyses.schemas.annotation import AnnotationRecord
from analyses.schemas.download import IndexFile, NewDownload
from analyses.schemas.fastq import FastqFile
from analyses.schemas.publication import PublicationMetadata
