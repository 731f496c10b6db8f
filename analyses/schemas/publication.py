from pydantic import BaseModel, ConfigDict


class PublicationMetadata(BaseModel):
    """What is known of a paper; further keys are kept."""

    model_config = ConfigDict(extra="allow")

    authors: str | None = None
    doi: str | None = None
    isbn: str | None = None
    iso_journal: str | None = None
    pubmed_central_id: int | None = None
    volume: str | None = None
    pub_type: str | None = None
