#!/usr/bin/env python3
"""Self-contained pages: no script, no style sheet, no picture from elsewhere. Standard library, Python 3.9."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

LABEL = "Mini amplicon (demonstration)"
STYLE = "body{font:15px sans-serif;margin:2em}td,th{padding:.2em .8em;text-align:left}meter{width:16em}"


def page(title: str, note: str, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    """One table below a title that says which pipeline speaks.

    A float between 0 and 1 is drawn as a bar.
    """
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>\n" for row in rows)
    full = f"{escape(title)} – {LABEL}"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{full}</title><style>{STYLE}</style></head>\n"
        f"<body><h1>{full}</h1>\n<p>{escape(note)}</p>\n<table><tr>{head}</tr>\n{body}</table></body></html>\n"
    )


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f'<td><meter value="{value:.4f}"></meter> {value:.2%}</td>'
    return f"<td>{escape(str(value))}</td>"
