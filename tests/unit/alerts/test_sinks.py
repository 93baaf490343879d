"""Each sink against a local stand-in that fails on purpose."""

from __future__ import annotations

import base64
import email
import email.policy
import socket
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from receivers import http_receiver, mail_receiver

from business_telemetry.alerts import sinks
from business_telemetry.alerts.sinks import (
    BadSetting,
    Mail,
    NotSent,
    Sink,
    Telegram,
    Unclear,
    Webhook,
    deliver,
    from_environment,
)

TEXT = "Что нового в магазине\n\n• Выручка, <!channel> @all & Ко: провал\nhttp://x/#tab=anomalies"


def test_a_webhook_gets_plain_text_that_calls_nobody() -> None:
    with http_receiver() as receiver:
        deliver(Webhook(f"{receiver.url}/hooks/1"), TEXT, "id")
    ((path, body),) = receiver.taken
    assert path == "/hooks/1"
    assert body == {
        "text": "Что нового в магазине\n\n• Выручка, &lt;!channel&gt; @\u200ball & Ко: провал\n"
        "http://x/#tab=anomalies"
    }


def test_telegram_gets_text_without_markup() -> None:
    with http_receiver() as receiver:
        deliver(Telegram("1:secret", "-100", receiver.url), TEXT, "id")
    ((path, body),) = receiver.taken
    assert path == "/bot1:secret/sendMessage"
    assert body == {"chat_id": "-100", "text": TEXT, "disable_web_page_preview": True}


def test_mail_has_a_subject_and_the_same_id_when_it_is_sent_again() -> None:
    with mail_receiver() as receiver:
        sink = Mail(f"smtp://127.0.0.1:{receiver.port}", "bi@shop.example", "a@shop.example")
        deliver(sink, TEXT, "id7")
        deliver(sink, TEXT, "id7")
    first, again = (
        email.message_from_bytes(text.encode(), policy=email.policy.default) for text in receiver.texts
    )
    assert first["Subject"] == "Что нового в магазине"
    assert first["To"] == "a@shop.example"
    assert first["Message-ID"] == again["Message-ID"] == "<id7@business-telemetry.invalid>"
    body = first.get_body()
    assert body is not None
    assert body.get_content().replace("\r\n", "\n").strip() == TEXT


def test_a_busy_receiver_is_asked_again_as_late_as_it_wants() -> None:
    waits: list[float] = []
    with http_receiver() as receiver:
        receiver.answers = [500, (429, 30), (503, 3600)]
        deliver(Webhook(receiver.url), TEXT, "id", waits.append)
    assert len(receiver.taken) == 1
    assert waits == [1, 30, 60]


def test_a_receiver_that_stays_down_is_given_up() -> None:
    waits: list[float] = []
    with http_receiver() as receiver:
        receiver.answers = [500] * 9
        with pytest.raises(NotSent, match="answers 500"):
            deliver(Webhook(receiver.url), TEXT, "id", waits.append)
    assert waits == [1, 4, 15]
    assert receiver.taken == []


def no_wait(seconds: float) -> None:
    pytest.fail(f"waits {seconds} s")


def test_a_refusal_is_not_repeated() -> None:
    with http_receiver() as receiver:
        receiver.answers = [404]
        with pytest.raises(NotSent, match="answers 404"):
            deliver(Webhook(receiver.url), TEXT, "id", no_wait)


def test_a_gateway_that_did_not_hear_the_answer_is_unclear_and_not_asked_again() -> None:
    with http_receiver() as receiver:
        receiver.answers = [504]
        with pytest.raises(Unclear, match="answers 504"):
            deliver(Webhook(receiver.url), TEXT, "id", no_wait)


@pytest.mark.parametrize("answer", ["drop", "take and drop"])
def test_a_connection_that_breaks_before_the_answer_is_unclear_and_not_repeated(answer: str) -> None:
    with http_receiver() as receiver:
        receiver.answers = [answer]
        with pytest.raises(Unclear, match="no answer"):
            deliver(Webhook(receiver.url), TEXT, "id", no_wait)
    with mail_receiver() as receiver:
        receiver.answers = [answer]
        with pytest.raises(Unclear):
            deliver(
                Mail(f"smtp://127.0.0.1:{receiver.port}", "a@b.example", "c@d.example"),
                TEXT,
                "id",
                no_wait,
            )


def test_a_mail_that_is_refused_is_certainly_not_sent() -> None:
    with mail_receiver() as receiver:
        receiver.answers = ["550 mailbox full"] * 4
        with pytest.raises(NotSent, match="550 mailbox full"):
            deliver(
                Mail(f"smtp://127.0.0.1:{receiver.port}", "a@b.example", "c@d.example"),
                TEXT,
                "id",
                lambda _: None,
            )


def receivers_of(port: int) -> list[Sink]:
    return from_environment(
        {
            "TELEMETRY_ALERT_SMTP": f"smtp://127.0.0.1:{port}",
            "TELEMETRY_ALERT_MAIL_FROM": "bi@shop.example",
            "TELEMETRY_ALERT_MAIL_TO": "a@shop.example, b@shop.example,a@shop.example",
        }
    )


def test_a_mail_is_sent_to_the_one_and_not_to_the_other_who_was_refused() -> None:
    with mail_receiver() as receiver:
        receiver.refused = {"b@shop.example": "451 try later"}
        one, other = receivers_of(receiver.port)
        deliver(one, TEXT, "id", no_wait)
        waits: list[float] = []
        with pytest.raises(NotSent, match="answers 451 try later"):
            deliver(other, TEXT, "id", waits.append)
        assert waits == [1, 4, 15]
        assert len(receiver.taken) == 1
        receiver.refused = {}
        deliver(other, TEXT, "id", no_wait)
        assert [email.message_from_string(text)["To"] for text in receiver.texts] == [
            "a@shop.example",
            "b@shop.example",
        ]
    assert (one.name, other.name) == ("email a@shop.example", "email b@shop.example")


def test_a_mail_that_was_taken_is_sent_whatever_the_server_says_at_parting() -> None:
    with mail_receiver() as receiver:
        receiver.bye = "421 too busy"
        deliver(receivers_of(receiver.port)[0], TEXT, "id", no_wait)
    assert len(receiver.taken) == 1


def certificate(directory: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate of 127.0.0.1 that nobody vouches for, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stand-in")])
    now = datetime.now(UTC)
    addresses = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
        .add_extension(addresses, critical=False)
        .sign(key, hashes.SHA256())
    )
    path = directory / "stand-in.pem"
    path.write_bytes(
        made.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return path, context


def test_a_password_goes_to_nobody_who_cannot_prove_his_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted, context = certificate(tmp_path)
    with mail_receiver(context) as receiver:
        mail = Mail(f"smtp://bi:hush@127.0.0.1:{receiver.port}", "a@b.example", "c@d.example")
        with pytest.raises(NotSent, match="SSLCertVerificationError"):
            mail.send(TEXT, "id")
        assert receiver.taken == []
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        mail.send(TEXT, "id")
        assert [kind for kind, _ in receiver.taken] == ["login", "mail"]


def test_a_password_is_not_sent_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks, "LOOPBACK", ())
    with mail_receiver() as receiver:
        mail = Mail(f"smtp://bi:hush@127.0.0.1:{receiver.port}", "a@b.example", "c@d.example")
        with pytest.raises(NotSent, match="offers no TLS"):
            deliver(mail, TEXT, "id", no_wait)
    assert receiver.taken == []


def test_no_message_tells_a_secret() -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    sinks: list[Sink] = [
        Webhook(f"http://127.0.0.1:{port}/T0/B0/hush"),
        Telegram("1:hush", "5", f"http://127.0.0.1:{port}"),
        Mail(f"smtp://bi:hush@127.0.0.1:{port}", "a@b.example", "c@d.example"),
    ]
    for sink in sinks:
        with pytest.raises(NotSent) as error:
            deliver(sink, TEXT, "id", lambda _: None)
        assert (
            "hush"
            not in f"{error.value} {sink!r} {error.value.__cause__} {error.value.__context__}".replace(
                str(error.value.__context__), ""
            )
        )


def test_sinks_are_there_when_the_environment_says_so() -> None:
    assert from_environment({}) == []
    named = {
        "TELEMETRY_ALERT_WEBHOOK": "https://hooks.example/1",
        "TELEMETRY_ALERT_TELEGRAM_TOKEN": "1:a",
        "TELEMETRY_ALERT_TELEGRAM_CHAT": "5",
        "TELEMETRY_ALERT_SMTP": "smtp://mail.example:25",
        "TELEMETRY_ALERT_MAIL_FROM": "a@b.example",
        "TELEMETRY_ALERT_MAIL_TO": "c@d.example, e@f.example",
    }
    assert [sink.name for sink in from_environment(named)] == [
        "webhook",
        "telegram",
        "email c@d.example",
        "email e@f.example",
    ]
    for missing in ("TELEGRAM_CHAT", "MAIL_FROM", "MAIL_TO"):
        with pytest.raises(BadSetting, match=missing):
            from_environment({key: value for key, value in named.items() if not key.endswith(missing)})
    with pytest.raises(BadSetting, match="WEBHOOK"):
        from_environment({"TELEMETRY_ALERT_WEBHOOK": "hooks.example"})


@pytest.mark.parametrize(
    "server",
    [
        "smtp://bi:hush/ss@mail.example:587",
        "smtp://bi:12/hush@mail.example:587",
        "smtp://bi:12?hush@mail.example:587",
        "smtp://bi:12#hush@mail.example:587",
        "smtp://bi:hu[sh@mail.example:587",
        "smtp://bi:hush-привет@mail.example:587",
        "smtp://bi:hush-%D1%8F@mail.example:587",
        "smtp://mail.example:hush",
        "mail.example:hush",
    ],
)
def test_a_mail_server_that_cannot_be_read_is_refused_at_once_without_its_password(server: str) -> None:
    named = {"MAIL_FROM": "a@b.example", "MAIL_TO": "c@d.example", "SMTP": server}
    with pytest.raises(BadSetting, match="percent-encoded") as error:
        from_environment({f"TELEMETRY_ALERT_{name}": value for name, value in named.items()})
    assert not any(part in str(error.value) for part in ("hush", "12", "hu[sh"))
    assert error.value.__context__ is None


def test_a_password_with_signs_is_given_as_it_is() -> None:
    with mail_receiver() as receiver:
        named = {
            "MAIL_FROM": "a@b.example",
            "MAIL_TO": "c@d.example",
            "SMTP": f"smtp://bi:pa%2Fs%3Fs%23%25@127.0.0.1:{receiver.port}",
        }
        receiver.offers = "AUTH PLAIN"
        (mail,) = from_environment({f"TELEMETRY_ALERT_{name}": value for name, value in named.items()})
        mail.send(TEXT, "id")
        (_, login), _ = receiver.taken
    assert base64.b64decode(login["text"].split()[-1]) == b"\0bi\0pa/s?s#%"
