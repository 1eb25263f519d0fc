"""Downloads checked against a digest, with retries."""

import re
from collections.abc import Sequence
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError
from urllib3.util import Retry

from rsir.core.errors import InputError
from rsir.core.files import md5, sha256, written_whole
from rsir.core.progress import counting

_TIMEOUT = (10, 60)
"""Connect timeout and read timeout, in seconds."""

_ATTEMPTS = 3
"""Number of attempts at a download that is cut off."""

_DIGESTS = {"SHA-256": sha256, "MD5": md5}

_RETRY = Retry(
    total=3,
    connect=1,
    backoff_factor=1,
    status_forcelist=(429, 500, 502, 503, 504),
    respect_retry_after_header=False,  # which could be hours
    raise_on_status=False,
)


def download(urls: Sequence[str], path: Path, digest: str | None) -> None:
    """Download a file from the first address that serves the right content.

    An existing file with the right digest is kept; one with another digest is never replaced.

    Parameters
    ----------
    urls
        Addresses of the same file, tried in order.
    path
        The path of the file.
    digest
        Its SHA-256 digest, or the first digits of it (at least 8); or, for files whose publishers
        state no other, `md5:` and its MD5 digest. None takes any content, for publishers who state
        no digest.

    Raises
    ------
    InputError
        If another file exists at the path, or no address serves the right content.
    """
    algorithm, expected = ("SHA-256", "") if digest is None else _parsed(digest)
    digest_of = _DIGESTS[algorithm]
    if path.exists():
        if not path.is_file() or not digest_of(path).startswith(expected):
            raise InputError(
                f"{path}: not the file whose {algorithm} begins with {expected}; move it away "
                "to download the right one"
            )
        return
    failures = []
    for url in urls:
        try:
            with written_whole(path) as partial:
                _fetch(url, partial, path.name)
                actual = digest_of(partial)
                if not actual.startswith(expected):
                    raise InputError(f"{algorithm} {actual[: len(expected)]} instead of {expected}")
        except (requests.RequestException, InputError) as error:
            failures.append(f"{url} ({_reason(error)})")
        else:
            return
    raise InputError(
        f"{path}: could not be downloaded from {' or from '.join(failures)}; "
        "try again later, or get the file elsewhere and put it there"
    )


def _parsed(digest: str) -> tuple[str, str]:
    """Return the algorithm of a digest and its digits; raise ValueError if it is not a digest."""
    if re.fullmatch("[0-9a-f]{8,64}", digest):
        return "SHA-256", digest
    if re.fullmatch("md5:[0-9a-f]{32}", digest):
        return "MD5", digest.removeprefix("md5:")
    raise ValueError(f"{digest!r} is neither the beginning of a SHA-256 digest nor an MD5 digest")


def _fetch(url: str, path: Path, name: str) -> None:
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=_RETRY))
        session.mount("https://", HTTPAdapter(max_retries=_RETRY))
        for attempts_left in reversed(range(_ATTEMPTS)):
            try:
                _stream(session, url, path, name)
                break
            except requests.exceptions.ChunkedEncodingError:  # cut off, which Retry does not handle
                if not attempts_left:
                    raise


def _stream(session: requests.Session, url: str, path: Path, name: str) -> None:
    headers = {"Accept-Encoding": "identity"}  # so that Content-Length is the size of the file
    with session.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
        response.raise_for_status()
        size = int(response.headers.get("Content-Length", 0)) or None
        with (
            path.open("wb") as file,
            counting(size, name, "B", scaled=True) as advance,
        ):
            for block in response.iter_content(1 << 20):
                file.write(block)
                advance(len(block))


def _reason(error: Exception) -> str:
    """Return in one line why a download failed."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"{error.response.status_code} {error.response.reason}"
    cause = error.args[0] if error.args else error
    if isinstance(cause, MaxRetryError):
        cause = cause.reason
    return " ".join(str(cause).split())
