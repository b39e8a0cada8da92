"""One retrying HTTP client for every vendor.

Time-outs, bounded back-off with jitter, `Retry-After` honoured, one new login on 401, a cap on the
size of a reply, and no secret in any message. What comes back is a JSON object and the exact bytes
it was parsed from.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from random import SystemRandom
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, quote_plus, urlsplit

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type

from ingestion.errors import (
    ContractError,
    CredentialsError,
    GaveUpError,
    TerminalError,
    TransientError,
    UnreachableError,
)
from ingestion.host_limit import HostLimit

_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_SECRET_SHAPES = re.compile(
    r"(?i)(bearer\s+|basic\s+|(?:client_secret|access_token|password|api_key)[\"']?\s*[=:]\s*[\"']?"
    r"|\b(?:sk|rk)_(?:live|test)_)[^\s\"'&,}]+"
)
_EXCERPT = 300
# Reading the certificates takes longer than reading most resources: once a process.
_trusted = cache(httpx.create_ssl_context)
_WRONG_REPLIES = 3


def _full_jitter(seconds: float) -> float:
    """A random wait in the upper half of `seconds`, so that clients do not return together."""
    return SystemRandom().uniform(seconds / 2, seconds)


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How patient the client is. Waits and time-outs in seconds, sizes in bytes.

    `limit` bounds the requests at once to a host over the whole installation; without one they are
    only as many as there are threads that ask.
    """

    attempts: int = 6
    first_wait: float = 1.0
    longest_wait: float = 60.0
    longest_retry_after: float = 120.0
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    longest_reply: float = 600.0
    max_bytes: int = 64 * 1024 * 1024
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[float], float] = _full_jitter
    limit: HostLimit | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """What a request is for; every error message begins with it."""

    resource: str
    page: int
    cursor: str | None

    def __str__(self) -> str:
        return f"{self.resource}, page {self.page}, cursor {self.cursor or 'none (from the start)'}"


@dataclass(frozen=True, slots=True)
class Reply:
    """A JSON object and the exact bytes it came in (after content decoding)."""

    content: bytes
    body: dict[str, Any]


class _NobodyListensError(TransientError):
    """No connection to the host."""


class _WrongReplyError(TransientError):
    """Status 200 and JSON, but not what was asked for: mostly an error that says so only inside.

    It may pass, so it is asked again a few times; when it stays, the contract is broken.
    """


KEPT_NOTHING = "; nothing of this load was kept"
"""How a message ends when a load was being read; who only asks leaves it out."""


class _Unhurried(httpx.SyncByteStream):
    """A body that is broken off at `until`: each piece in time does not make the whole in time."""

    def __init__(self, body: httpx.SyncByteStream, until: float) -> None:
        self._body, self._until = body, until

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._body:
            if time.monotonic() > self._until:
                raise httpx.ReadTimeout("the reply drips, and was broken off half-way")
            yield piece

    def close(self) -> None:
        self._body.close()


class _LoginRefusedError(Exception):
    """The vendor answered 401. Never leaves this module."""


Login = Callable[["HttpClient"], Mapping[str, str]]
"""Obtains the headers that authorise a request; called first, and again once on a 401."""


class HttpClient:
    """Talks to one vendor for one tenant. Use as a context manager.

    `name` (``salesforce/aurora``) begins every message. `headers` go with every request. `login`,
    when given, is asked for the authorising headers; without it a 401 is final. `requests` counts
    what was asked so far, logins and further attempts too.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        settings: HttpSettings,
        *,
        headers: Mapping[str, str] | None = None,
        secrets: tuple[str, ...] = (),
        login: Login | None = None,
    ) -> None:
        self.name = name
        self.requests = 0
        self._host = urlsplit(base_url).netloc
        self._settings = settings
        self._headers = dict(headers or {})
        self._secrets = {secret for secret in secrets if secret}
        self._login = login
        self._authorised: Mapping[str, str] | None = None
        self._http = httpx.Client(
            base_url=base_url,
            timeout=httpx.Timeout(settings.read_timeout, connect=settings.connect_timeout),
            follow_redirects=False,
            trust_env=False,
            verify=_trusted(),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    @property
    def lacks_login(self) -> bool:
        """Whether it has to sign in and has not been let in: nothing else could be asked."""
        return self._login is not None and self._authorised is None

    def hide(self, secret: str) -> None:
        """From now on `secret` is blotted out of every message."""
        self._secrets.add(secret)

    def redact(self, text: str) -> str:
        """`text` without any secret, plain or URL-encoded."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            for spelling in (secret, quote(secret, safe=""), quote_plus(secret)):
                text = text.replace(spelling, "***")
        return _SECRET_SHAPES.sub(lambda found: f"{found.group(1)}***", text)

    def get_json(
        self,
        path: str,
        asking: Asking,
        params: Mapping[str, str | int] | None = None,
        *,
        holds: str = "",
    ) -> Reply:
        """GETs a JSON object from `path` (on this client's host), retrying what may pass.

        `holds` names a key that the object must have. Raises GaveUpError when every attempt failed
        in a way that may pass, TerminalError when the vendor refuses, ContractError when it goes on
        answering something else than such an object.
        """
        if self._login is not None and self.lacks_login:
            self._authorised = self._login(self)
        try:
            return self._retrying("GET", path, asking, holds, params=params)
        except _LoginRefusedError:
            if self._login is None:
                raise self._refused(asking) from None
        # A token that lived long enough to start may die on the way: one new login, one more go.
        self._authorised = self._login(self)
        try:
            return self._retrying("GET", path, asking, holds, params=params)
        except _LoginRefusedError:
            raise self._refused(asking) from None

    def ask_json(
        self, path: str, asking: Asking, question: Mapping[str, Any], *, holds: str = ""
    ) -> Reply:
        """POSTs a question that changes nothing (JSON-RPC); retries and raises like `get_json`.

        There is no second login: what authorises stands in the client's headers.
        """
        try:
            return self._retrying("POST", path, asking, holds, question=question)
        except _LoginRefusedError:
            raise self._refused(asking) from None

    def post_form(
        self, path: str, asking: Asking, form: Mapping[str, str], *, holds: str = ""
    ) -> Reply:
        """POSTs a form without authorising headers (a login), retrying what may pass."""
        try:
            return self._retrying("POST", path, asking, holds, form=form)
        except _LoginRefusedError:
            raise self._refused(asking) from None

    def _refused(self, asking: Asking) -> CredentialsError:
        return CredentialsError(
            f"{self.name}: {asking}: the vendor answered 401, the credentials are not accepted. "
            f"Correct the connection of {self.name} and run again{KEPT_NOTHING}"
        )

    def _retrying(
        self,
        method: str,
        path: str,
        asking: Asking,
        holds: str,
        params: Mapping[str, str | int] | None = None,
        form: Mapping[str, str] | None = None,
        question: Mapping[str, Any] | None = None,
    ) -> Reply:
        wrong = 0

        def is_enough(state: RetryCallState) -> bool:
            nonlocal wrong
            failed = state.outcome and state.outcome.exception()
            wrong += isinstance(failed, _WrongReplyError)
            most = self._settings.attempts
            return wrong >= _WRONG_REPLIES or state.attempt_number >= most

        retrying = Retrying(
            stop=is_enough,
            wait=self._wait,
            sleep=self._settings.sleep,
            retry=retry_if_exception_type(TransientError),
            reraise=True,
        )
        try:
            return retrying(self._once, method, path, asking, holds, params, form, question)
        except _WrongReplyError as error:
            raise ContractError(
                f"{self.name}: {asking}: {error}, time after time. Look at the rights of the "
                f"connection's user and the vendor's change log{KEPT_NOTHING}"
            ) from None
        except TransientError as error:
            kind = UnreachableError if isinstance(error, _NobodyListensError) else GaveUpError
            raise kind(
                f"{self.name}: {asking}: gave up after {self._settings.attempts} attempts; the "
                f"last one: {error}. Run it again when the vendor is well{KEPT_NOTHING} "
                "and the cursor did not move"
            ) from None

    def _wait(self, state: RetryCallState) -> float:
        """Seconds before the next attempt: the vendor's wish (capped), else back-off."""
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, TransientError) and error.retry_after is not None:
            return min(error.retry_after, self._settings.longest_retry_after)
        doubled: float = self._settings.first_wait * 2 ** (state.attempt_number - 1)
        return self._settings.jitter(min(doubled, self._settings.longest_wait))

    def _once(
        self,
        method: str,
        path: str,
        asking: Asking,
        holds: str,
        params: Mapping[str, str | int] | None,
        form: Mapping[str, str] | None,
        question: Mapping[str, Any] | None,
    ) -> Reply:
        authorised = {} if method == "POST" else (self._authorised or {})
        self.requests += 1
        limit = self._settings.limit
        try:
            with (
                limit.place(self._host) if limit else nullcontext(),
                self._http.stream(
                    method,
                    path,
                    params=params or None,
                    data=form,
                    json=question,
                    headers={"Accept": "application/json", **self._headers, **authorised},
                ) as response,
            ):
                until = time.monotonic() + self._settings.longest_reply
                assert isinstance(response.stream, httpx.SyncByteStream)
                response.stream = _Unhurried(response.stream, until)
                content = self._content(response, asking)
        except (httpx.TransportError, httpx.DecodingError) as error:
            what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            is_connect = isinstance(error, httpx.ConnectError)
            kind = _NobodyListensError if is_connect else TransientError
            raise kind(self.redact(what)) from None
        if response.status_code == 401:
            raise _LoginRefusedError
        if response.status_code in _TRANSIENT:
            raise TransientError(
                f"status {response.status_code}: {self._excerpt(content)}", _retry_after(response)
            )
        if response.status_code != 200:
            raise TerminalError(
                f"{self.name}: {asking}: status {response.status_code}: {self._excerpt(content)}. "
                "The same request will fail again: check the connection's rights and address"
            )
        # What a login answers may hold a secret under any name: it is not repeated.
        return self._parsed(content, holds, "" if form else f": {self._excerpt(content)}")

    def _content(self, response: httpx.Response, asking: Asking) -> bytes:
        """The body, read no further than the cap."""
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > self._settings.max_bytes:
                raise TerminalError(
                    f"{self.name}: {asking}: the reply is larger than "
                    f"{self._settings.max_bytes} bytes; ask for smaller pages or raise max_bytes"
                )
            chunks.append(chunk)
        return b"".join(chunks)

    def _parsed(self, content: bytes, holds: str, shown: str) -> Reply:
        if content.lstrip()[:1] == b"<":
            raise TransientError(f"an HTML page with status 200{shown}")
        try:
            body = json.loads(content)
        except ValueError as error:
            raise TransientError(f"not JSON, or half of it ({error}){shown}") from None
        if not isinstance(body, dict):
            raise _WrongReplyError(f"expected a JSON object, got something else{shown}")
        if holds and body.get(holds) is None:
            raise _WrongReplyError(f"status 200, but no {holds!r}{shown}")
        return Reply(content, body)

    def _excerpt(self, content: bytes) -> str:
        text = " ".join(content[: 4 * _EXCERPT].decode("utf-8", "replace").split())
        return repr(self.redact(text)[:_EXCERPT])


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds that `Retry-After` asks for; a date is measured from the reply's own `Date`."""
    wish = response.headers.get("Retry-After", "").strip()
    if wish.isascii() and wish.isdigit():
        return float(wish)
    try:
        until, sent = (parsedate_to_datetime(text) for text in (wish, response.headers["Date"]))
        return max(0.0, (until - sent).total_seconds())
    except (ValueError, TypeError, KeyError):
        return None
