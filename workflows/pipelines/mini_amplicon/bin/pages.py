#!/usr/bin/env python3
"""Self-contained pages: no script, no style sheet, no picture from elsewhere. Standard library, Python 3.9."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

LABEL = "Mini amplicon (demonstration)"
STYLE = "body{font:15px sans-serif;margin:2em}td,th{padding:.2em .8em;text-align:left}"


def page(title: str, note: str, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    """One table below a title that says which pipeline speaks."""
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    cells = ("".join(f"<td>{escape(str(value))}</td>" for value in row) for row in rows)
    body = "".join(f"<tr>{row}</tr>\n" for row in cells)
    full = f"{escape(title)} – {LABEL}"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{full}</title><style>{STYLE}</style></head>\n"
        f"<body><h1>{full}</h1>\n<p>{escape(note)}</p>\n<table><tr>{head}</tr>\n{body}</table></body></html>\n"
    )
