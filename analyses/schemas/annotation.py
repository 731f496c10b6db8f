from pydantic import BaseModel, ConfigDict, NonNegativeInt


class AnnotationRecord(BaseModel):
    """One line of an annotation set. ``value`` is for coverages; a count is a whole number or absent."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    count: NonNegativeInt | None = None
    organism: str | None = None
    description: str | None = None
    identifier: str | None = None
    taxid: int | None = None
    value: float | None = None
