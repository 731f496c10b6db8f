#!/usr/bin/env python3
"""Fetch files by http, https, ftp or file URL in constant memory, and say in one word why one could not be had.

As a script it reads JSON on stdin, ``{"files": [{"url": ..., "name": ...}, ...]}``, so that nothing of a
samplesheet is ever shell text. Each file lands in the working directory and must be one whole gzip.
``ENA_USERNAME`` and ``ENA_PASSWORD``, if set, are sent by HTTP Basic; they are in no argument and no message.
Standard library, Python 3.9.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import http.client
import json
import os
import socket
import sys
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit, urlunsplit

import exits

USER_AGENT = "emg-fetch-reads/1 (+https://www.ebi.ac.uk/metagenomics)"
SCHEMES = ("http", "https", "ftp", "file")
CHUNK_BYTES = 1 << 20
LONGEST_PAUSE_SECONDS = 3600.0
TRIES, SILENCE_SECONDS, BACKOFF_SECONDS = 3, 60.0, 2.0


class FetchFailed(Exception):
    """One file could not be had.

    :param reason: ``http_error``, ``timeout``, ``size_mismatch``, ``md5_mismatch`` or a word of the caller's check
    :param retry: whether asking again may help
    :param pause: seconds the server asked us to wait
    """

    def __init__(self, reason: str, detail: str, *, retry: bool = True, pause: float = 0.0) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.retry, self.pause = reason, retry, pause


def fetch(
    urls: list[str],
    target: Path,
    *,
    size: int | None = None,
    md5: str | None = None,
    check: Callable[[Path], None] | None = None,
    tries: int = TRIES,
    timeout: float = SILENCE_SECONDS,
    backoff: float = BACKOFF_SECONDS,
) -> str:
    """Bring the first of ``urls`` that answers well to ``target``, by way of ``<target>.part``.

    :param size: bytes expected; none = what the server promises
    :param check: looks at the ``.part`` and raises :class:`FetchFailed` if it will not do
    :param timeout: seconds of silence, not of the whole file
    :returns: the URL that gave the file
    :raises FetchFailed: the last fault, when nothing is left to try; the ``.part`` is gone then
    :raises OSError: the target cannot be written
    """
    part = target.with_name(target.name + ".part")
    failure = FetchFailed("http_error", "no address given", retry=False)
    try:
        for url in urls:
            for turn in range(1, tries + 1):
                try:
                    _fetch_once(url, part, size=size, md5=md5, timeout=timeout)
                    if check:
                        check(part)
                except FetchFailed as fault:
                    failure = fault
                    sys.stderr.write(f"{without_credentials(url)}: {fault} (try {turn} of {tries})\n")
                    if not fault.retry:
                        break
                    if turn < tries:
                        time.sleep(min(max(fault.pause, backoff * 2 ** (turn - 1)), LONGEST_PAUSE_SECONDS))
                else:
                    part.replace(target)
                    return url
        raise failure
    finally:
        part.unlink(missing_ok=True)


def without_credentials(url: str) -> str:
    pieces = urlsplit(url)
    return urlunsplit(pieces._replace(netloc=pieces.netloc.rpartition("@")[2]))


def md5_of(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as content:
        for chunk in iter(lambda: content.read(CHUNK_BYTES), b""):
            digest.update(chunk)
    return digest.hexdigest()


def whole_gzip(path: Path) -> None:
    """Read a gzip to its end.

    :raises FetchFailed: ``broken_gzip``; the sums of ENA do not tell a file that was archived broken
    """
    try:
        with gzip.open(path) as content:
            if path.stat().st_size == 0:
                raise EOFError("the file is empty")
            while content.read(CHUNK_BYTES):
                pass
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FetchFailed("broken_gzip", str(error)) from error


def _fetch_once(url: str, part: Path, *, size: int | None, md5: str | None, timeout: float) -> None:
    answer = _open(url, timeout)
    length = answer.headers.get("Content-Length") if size is None else size
    expected = int(length) if length is not None else None
    digest, received = hashlib.md5(usedforsecurity=False), 0
    with answer, part.open("wb", buffering=0) as output:
        while chunk := _read(answer):
            received += len(chunk)
            if expected is not None and received > expected:
                break
            digest.update(chunk)
            _write(output, chunk, part)
    if expected is not None and received != expected:
        found = "more" if received > expected else str(received)
        raise FetchFailed("size_mismatch", f"expected {expected} bytes, got {found}")
    if md5 and digest.hexdigest() != md5:
        raise FetchFailed("md5_mismatch", f"expected {md5}, got {digest.hexdigest()}")


def _open(url: str, timeout: float) -> http.client.HTTPResponse:
    """:raises FetchFailed: no such scheme, no connection, or a status that is not 2xx"""
    scheme = urlsplit(url).scheme
    if scheme not in SCHEMES:
        raise FetchFailed("http_error", f"an address must begin with one of {', '.join(SCHEMES)}", retry=False)
    request = urllib.request.Request(url, headers={"User-Agent": USER_AGENT})  # noqa: S310 - the scheme is checked above
    username, password = os.environ.get("ENA_USERNAME"), os.environ.get("ENA_PASSWORD")
    if username and password and scheme in ("http", "https"):
        token = base64.b64encode(f"{username}:{password}".encode()).decode()
        # Unredirected: a redirect to another host must not carry the password along.
        request.add_unredirected_header("Authorization", f"Basic {token}")
    try:
        return urllib.request.urlopen(request, timeout=timeout)  # noqa: S310 - the scheme is checked above
    except urllib.error.HTTPError as error:
        again = error.code in (408, 425, 429) or error.code >= 500
        pause = _pause_asked(error.headers.get("Retry-After"))
        raise FetchFailed("http_error", f"status {error.code}", retry=again, pause=pause) from None
    except (OSError, http.client.HTTPException) as error:
        raise _fault_of(error, retry=scheme != "file") from None


def _read(answer: IO[bytes]) -> bytes:
    try:
        return answer.read(CHUNK_BYTES)
    except (OSError, http.client.HTTPException, EOFError) as error:
        raise _fault_of(error) from None


def _write(output: IO[bytes], chunk: bytes, path: Path) -> None:
    view = memoryview(chunk)
    try:
        while view:
            view = view[output.write(view) :]
    except OSError as error:
        error.filename = str(path)
        raise


def _fault_of(error: Exception, *, retry: bool = True) -> FetchFailed:
    cause = getattr(error, "reason", error)
    if isinstance(cause, (socket.timeout, TimeoutError)):
        return FetchFailed("timeout", "the server fell silent", retry=retry)
    return FetchFailed("http_error", f"{type(cause).__name__}: {cause}", retry=retry)


def _pause_asked(value: str | None) -> float:
    """Seconds named by a Retry-After header (a number or a date); 0 when it is absent or unreadable."""
    if not value:
        return 0.0
    if value.strip().isdigit():
        return float(value)
    try:
        return max(parsedate_to_datetime(value).timestamp() - time.time(), 0.0)
    except (TypeError, ValueError):
        return 0.0


def main() -> int:
    for file in json.load(sys.stdin)["files"]:
        url = Path(file["url"]).as_uri() if file["url"].startswith("/") else file["url"]
        try:
            fetch([url], Path(file["name"]), check=whole_gzip)
        except FetchFailed as failure:
            sys.stderr.write(f"{file['name']} could not be fetched: {failure}\n")
            return 1
    return 0


if __name__ == "__main__":
    exits.run(main)
