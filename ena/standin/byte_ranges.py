"""Part of a file, as who goes on with a broken download asks for it."""

from dataclasses import replace

from ena.standin.faults import Answer


def part_of(whole: Answer, asked: str | None) -> Answer:
    """One byte range of a file; an unreadable or longer list gives the whole."""
    unit, _, span = (asked or "").partition("=")
    first, dash, last = span.partition("-")
    if unit != "bytes" or not dash or "," in span or not (first + last).isdigit():
        return whole
    size = len(whole.body)
    start = int(first) if first else max(size - int(last), 0)
    end = min(int(last) + 1, size) if first and last else size
    if start >= end:
        return Answer(416, b"", headers={"Content-Range": f"bytes */{size}"})
    headers = {**whole.headers, "Content-Range": f"bytes {start}-{end - 1}/{size}"}
    return replace(whole, status=206, body=whole.body[start:end], headers=headers)
