"""Where alerts go: a webhook, Telegram, e-mail. Each is there when the environment says so."""

from __future__ import annotations

import smtplib
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Final, Protocol
from urllib.parse import unquote, urlsplit

import httpx

TIMEOUT_SECONDS: Final = 20
#: Waits between attempts; a receiver may ask for longer ones, up to the last.
WAITS: Final = (1.0, 4.0, 15.0)
LONGEST_WAIT: Final = 60.0
#: A gateway has handed the message on and not heard what came of it.
GATEWAY_DEAF: Final = (502, 504)
#: Where a password may go without TLS.
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")

ENVIRONMENT: Final = """
TELEMETRY_ALERT_WEBHOOK          address of a Slack or Mattermost webhook
TELEMETRY_ALERT_TELEGRAM_TOKEN   of a bot
TELEMETRY_ALERT_TELEGRAM_CHAT    id of the chat that it writes to
TELEMETRY_ALERT_SMTP             smtp://user:password@host:587 or smtps://…; a password wants TLS
TELEMETRY_ALERT_MAIL_FROM        sender
TELEMETRY_ALERT_MAIL_TO          receivers, separated by commas
TELEMETRY_DASHBOARD_URL          of the dashboard, for links; without it there are none
"""


class BadSetting(Exception):
    """A variable is missing or says what it cannot."""

    exit_code = 2


class NotSent(Exception):
    """The receiver has certainly not taken the message; the next run sends it.

    Attributes:
        final: another attempt at once would fare no better.
        after: seconds that the receiver asks to wait.
    """

    def __init__(self, reason: str, final: bool = False, after: float = 0.0) -> None:
        super().__init__(reason)
        self.final, self.after = final, after


class Unclear(Exception):
    """The receiver may have taken the message: the connection broke before its answer."""


class Sink(Protocol):
    """Sends a text to people.

    Attributes:
        name: how the ledger and messages call it; without secrets.
    """

    @property
    def name(self) -> str: ...

    def send(self, text: str, identity: str) -> None:
        """Send once.

        Args:
            text: of the message.
            identity: the same when the same message is sent again.

        Raises:
            NotSent: with the reason.
            Unclear: with the reason.
        """


@dataclass(frozen=True)
class Webhook:
    """A Slack- or Mattermost-compatible incoming webhook."""

    url: str = field(repr=False)
    name: str = "webhook"

    def send(self, text: str, identity: str) -> None:
        _post(self.url, {"text": _plain(text)})


@dataclass(frozen=True)
class Telegram:
    """A chat of a Telegram bot."""

    token: str = field(repr=False)
    chat: str
    api: str = "https://api.telegram.org"
    name: str = "telegram"

    def send(self, text: str, identity: str) -> None:
        # without a parse mode, so that nothing in it is markup
        answer = _post(
            f"{self.api}/bot{self.token}/sendMessage",
            {"chat_id": self.chat, "text": text, "disable_web_page_preview": True},
        )
        if not answer.get("ok"):
            raise NotSent(f"telegram: {str(answer.get('description', 'no answer'))[:200]}")


@dataclass(frozen=True)
class Mail:
    """One receiver of e-mail: a server may take a message for one and refuse it for another."""

    server: str = field(repr=False)
    sender: str
    receiver: str

    @property
    def name(self) -> str:
        return f"email {self.receiver}"

    def send(self, text: str, identity: str) -> None:
        message = EmailMessage()
        message["From"], message["To"] = self.sender, self.receiver
        message["Subject"] = text.partition("\n")[0]
        # a message that is sent again is the same message to mail programs
        message["Message-ID"] = f"<{identity}@business-telemetry.invalid>"
        message.set_content(text)
        parts = urlsplit(self.server)
        host, port = parts.hostname or "", parts.port
        # without one smtplib asks for no certificate
        context = ssl.create_default_context()
        given = False
        try:
            with closing(
                smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT_SECONDS, context=context)
                if parts.scheme == "smtps"
                else smtplib.SMTP(host, port or 587, timeout=TIMEOUT_SECONDS)
            ) as server:
                server.ehlo()
                if parts.scheme == "smtp" and server.has_extn("starttls"):
                    server.starttls(context=context)
                if parts.username:
                    if not isinstance(server.sock, ssl.SSLSocket) and host not in LOOPBACK:
                        raise NotSent(f"email: {host} offers no TLS, and no password is sent without", True)
                    server.login(unquote(parts.username), unquote(parts.password or ""))
                given = True
                server.send_message(message)
                with suppress(OSError, smtplib.SMTPException):  # it has the message, whatever it says now
                    server.quit()
        except smtplib.SMTPResponseException as error:
            raise _refused(host, error.smtp_code, error.smtp_error) from None
        except smtplib.SMTPRecipientsRefused as error:
            ((code, said),) = error.recipients.values()
            raise _refused(host, code, said) from None
        except (OSError, smtplib.SMTPException) as error:
            kind = Unclear if given else NotSent
            raise kind(f"email: {host}: {type(error).__name__}") from None


def _refused(host: str, code: int, said: bytes | str) -> NotSent:
    reason = said.decode(errors="replace") if isinstance(said, bytes) else said
    return NotSent(f"email: {host} answers {code} {reason[:200]}")


def from_environment(environment: Mapping[str, str]) -> list[Sink]:
    """The sinks that the environment names.

    Raises:
        BadSetting: a half of what a sink needs is missing, or an address is none. It quotes no address: that
            is a secret.
    """
    found: list[Sink] = []

    def get(name: str) -> str:
        return environment.get(f"TELEMETRY_ALERT_{name}", "").strip()

    if url := get("WEBHOOK"):
        if not _is_address(url, "http", "https"):
            raise BadSetting("TELEMETRY_ALERT_WEBHOOK: an address that begins with https:// is wanted")
        found.append(Webhook(url))
    if token := get("TELEGRAM_TOKEN"):
        if not (chat := get("TELEGRAM_CHAT")):
            raise BadSetting("TELEMETRY_ALERT_TELEGRAM_CHAT is not set: the id of the chat to write to")
        found.append(Telegram(token, chat, get("TELEGRAM_API") or Telegram.api))
    if server := get("SMTP"):
        if not _is_mail_server(server):
            raise BadSetting(
                "TELEMETRY_ALERT_SMTP: smtp://user:password@host:port is wanted, in ASCII, with / ? # [ ] @ %"
                " of the name and the password percent-encoded (/ is %2F)"
            )
        sender = get("MAIL_FROM")
        receivers = dict.fromkeys(filter(None, map(str.strip, get("MAIL_TO").split(","))))
        if not sender or not receivers:
            raise BadSetting(
                "TELEMETRY_ALERT_MAIL_FROM and TELEMETRY_ALERT_MAIL_TO are wanted beside TELEMETRY_ALERT_SMTP"
            )
        found.extend(Mail(server, sender, receiver) for receiver in receivers)
    return found


def _is_mail_server(text: str) -> bool:
    """Nothing stands behind the port: it would be the rest of a password, and the port its beginning."""
    if not _is_address(text, "smtp", "smtps"):
        return False
    parts = urlsplit(text)
    said = unquote(f"{parts.username}{parts.password}")
    return said.isascii() and parts.path in ("", "/") and "?" not in text and "#" not in text


def _is_address(text: str, *schemes: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, brackets
        return False


def deliver(sink: Sink, text: str, identity: str, wait: Callable[[float], None] = time.sleep) -> None:
    """Send, and again where the receiver has certainly not taken it.

    Raises:
        NotSent: after the last attempt.
        Unclear: at once, since another attempt could double the message.
    """
    for pause in (*WAITS, None):
        try:
            return sink.send(text, identity)
        except NotSent as error:
            if pause is None or error.final:
                raise
            wait(min(max(pause, error.after), LONGEST_WAIT))


def _post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer's JSON. Messages never hold the address: it is a secret."""
    host = urlsplit(url).hostname
    try:
        answer = httpx.post(url, json=body, timeout=TIMEOUT_SECONDS, follow_redirects=False)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise NotSent(f"{host}: no connection ({type(error).__name__})") from None
    except httpx.HTTPError as error:
        raise Unclear(f"{host}: no answer ({type(error).__name__})") from None
    if answer.is_success:
        try:
            found = answer.json()
        except ValueError:
            found = {}
        return found if isinstance(found, dict) else {}
    if answer.status_code in GATEWAY_DEAF:
        raise Unclear(f"{host}: answers {answer.status_code}")
    again = answer.headers.get("retry-after", "")
    raise NotSent(
        f"{host}: answers {answer.status_code} {answer.text[:200]}",
        # a refusal stays one; an overload passes
        final=answer.status_code < 500 and answer.status_code != 429,
        after=float(again) if again.isdigit() else 0.0,
    )


def _plain(text: str) -> str:
    """A text that mentions nobody, whatever a city of the log is called. `&` stays: links have it."""
    for sign, instead in (("<", "&lt;"), (">", "&gt;"), ("@", "@\u200b")):
        text = text.replace(sign, instead)
    return text
