"""Handing a mail to an SMTP server: what was surely not sent, what was, and what nobody knows."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.imap import composing, tokens
from adapters.imap.composing import Letterhead, Mail
from adapters.imap.sending import Accepted, Proof, Smtp, send
from connector.errors import AmendsError, AuthError, ConflictError, RejectedError, SettingsError, TemporaryError
from tests.unit.mail_relay import (
    PASSWORD,
    TOKEN,
    USER,
    Keeper,
    Scripted,
    certificate,
    hang_up,
    honest,
    with_login,
)

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
HEAD = Letterhead("support@shop.example", keys=tokens.parse("k1:a-long-and-random-secret"))
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOTE = "Overdue: look.\n.\n..and a line that begins with a dot\nFrom here on"


def a_mail(*to: str) -> Mail:
    told = to or ("boss@shop.example",)
    return composing.notice(HEAD, "am-abcdefghijklmnopqrst", "mticket", NOTE, "It lies in INBOX.", told, AT)


class Begun:
    """Counts how often the last byte was about to leave."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


def handed(
    port: int, begun: Callable[[], None], mail: Mail | None = None, proof: Proof | None = None, **set_: object
) -> Accepted:
    smtp = Smtp("127.0.0.1", port, **{"tls": "none", "timeout_seconds": 2.0, **set_})  # type: ignore[arg-type]
    return send(mail or a_mail(), smtp, proof, begun, source="post", ticket="mticket")


# Taken


def test_a_mail_is_taken_as_it_was_composed() -> None:
    keeper, begun, mail = Keeper(), Begun(), a_mail("boss@shop.example", "second@shop.example")
    with honest(keeper) as port:
        accepted = handed(port, begun, mail)
    assert accepted.answer == "250 OK queued as 4711" and accepted.refused == {} and begun.times == 1
    [envelope] = keeper.kept
    assert envelope.content == mail.text.encode()
    assert (envelope.mail_from, envelope.rcpt_tos) == (mail.sender, list(mail.recipients))


def test_every_try_sends_the_same_bytes() -> None:
    with Scripted({}) as server:
        for _ in range(3):
            handed(server.port, Begun())
    assert len(server.received) == 3 and len(set(server.received)) == 1


def test_the_null_path_is_sent_as_such() -> None:
    keeper = Keeper()
    mail = Mail(a_mail().purpose, a_mail().message_id, "", ("boss@shop.example",), a_mail().text)
    with honest(keeper) as port:
        handed(port, Begun(), mail)
    assert keeper.kept[0].mail_from == "<>"


def test_one_recipient_who_is_refused_does_not_keep_the_others_from_being_told() -> None:
    keeper = Keeper(
        lambda stage, value: "550 no such user <second@shop.example>" if value.startswith("second") else None
    )
    with honest(keeper) as port:
        accepted = handed(port, Begun(), a_mail("boss@shop.example", "second@shop.example"))
    assert accepted.refused == {"1": "550 no such user <address>"}
    assert keeper.kept[0].rcpt_tos == ["boss@shop.example"]


# Refused: surely not sent


@pytest.mark.parametrize(
    ("stage", "answer", "error"),
    [
        ("RCPT", "450 greylisted, come again", ConflictError),
        ("RCPT", "550 no such user", RejectedError),
        ("RCPT", "530 log in first", AuthError),
        ("MAIL", "451 later", ConflictError),
        ("MAIL", "421 going down", TemporaryError),
        ("MAIL", "550 5.7.60 you may not send as this user", AuthError),
        ("DATA", "451 later", ConflictError),
        ("DATA", "421 going down", TemporaryError),
        ("DATA", "554 5.7.1 looks like spam", RejectedError),
    ],
)
def test_a_refusal_at_any_stage_is_the_error_of_its_remedy(stage: str, answer: str, error: type[AmendsError]) -> None:
    keeper = Keeper(lambda here, value: answer if here == stage else None)
    begun = Begun()
    with honest(keeper) as port, pytest.raises(error) as caught:
        handed(port, begun)
    assert keeper.kept == [] and answer[:3] in str(caught.value) and caught.value.ticket == "mticket"
    assert getattr(caught.value, "applied", False) is False
    assert begun.times == (stage == "DATA"), "aiosmtpd asks its handler after the dot"
    if error is ConflictError:
        assert caught.value.retry_after_seconds  # type: ignore[attr-defined]


def test_an_error_shows_no_address_and_no_secret() -> None:
    keeper = Keeper(lambda stage, value: f"550 {value} unknown at {PASSWORD[:0]}us" if stage == "RCPT" else None)
    with honest(keeper, **with_login()) as port, pytest.raises(RejectedError) as caught:
        handed(port, Begun(), a_mail("jo@customer.example"), Proof(USER, PASSWORD))
    assert "jo@" not in str(caught.value) and PASSWORD not in str(caught.value)
    assert PASSWORD not in repr(Proof(USER, PASSWORD)) and TOKEN not in repr(Proof(USER, token=TOKEN))


@pytest.mark.parametrize("word", ["greet", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("way", ["hang up", "silent", "dripping", "nonsense"])
def test_whatever_fails_before_the_dot_has_sent_nothing(word: str, way: str) -> None:
    begun = Begun()
    with Scripted({}) as server:
        ways = {"hang up": hang_up, "silent": server.silent, "dripping": server.dripping, "nonsense": "gibberish"}
        server._script[word] = ways[way]
        with pytest.raises(TemporaryError) as caught:
            handed(server.port, begun, timeout_seconds=0.2)
        assert caught.value.applied is False and begun.times == 0 and server.received == []


def test_a_server_that_is_not_there_has_sent_nothing() -> None:
    with Scripted({}) as server:
        port = server.port
    with pytest.raises(TemporaryError) as caught:
        handed(port, Begun())
    assert caught.value.applied is False


def test_a_ledger_that_fails_keeps_the_dot_back() -> None:
    def fails() -> None:
        raise RuntimeError("the disk is full")

    with Scripted({}) as server:
        with pytest.raises(RuntimeError):
            handed(server.port, fails)
        handed(server.port, Begun())
        assert len(server.received) == 1


# In doubt


@pytest.mark.parametrize("way", ["hang up", "silent", "dripping", "nonsense", "out of range"])
def test_no_sensible_answer_to_the_dot_is_doubt(way: str) -> None:
    begun = Begun()
    with Scripted({}) as server:
        ways = {
            "hang up": hang_up,
            "silent": server.silent,
            "dripping": server.dripping,
            "nonsense": "gibberish",
            "out of range": "999 what",
        }
        server._script["."] = ways[way]
        with pytest.raises(TemporaryError) as caught:
            handed(server.port, begun, timeout_seconds=0.2)
        assert caught.value.applied is None and begun.times == 1 and len(server.received) == 1


def test_a_server_that_hangs_up_after_it_took_the_mail_does_not_make_it_unsent() -> None:
    with Scripted({"QUIT": hang_up}) as server:
        assert handed(server.port, Begun()).answer == "250 taken"


# TLS and logins


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("smtp"))


@pytest.fixture
def context(pair: tuple[Path, Path]) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*pair)
    return made


def test_starttls_and_a_password(context: ssl.SSLContext, pair: tuple[Path, Path]) -> None:
    keeper = Keeper()
    with honest(keeper, tls_context=context, require_starttls=True, **with_login(auth_require_tls=True)) as port:
        smtp = Smtp("localhost", port, ca_file=str(pair[0]), timeout_seconds=5)
        send(a_mail(), smtp, Proof(USER, PASSWORD), Begun(), source="post", ticket="mticket")
    assert len(keeper.kept) == 1


def test_tls_from_the_first_byte(context: ssl.SSLContext, pair: tuple[Path, Path]) -> None:
    with Scripted({}, context) as server:
        smtp = Smtp("localhost", server.port, tls="implicit", ca_file=str(pair[0]), timeout_seconds=5)
        send(a_mail(), smtp, None, Begun(), source="post", ticket="mticket")
        assert len(server.received) == 1


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_that_is_not_in_order_ends_it(
    host: str, context: ssl.SSLContext, pair: tuple[Path, Path]
) -> None:
    keeper = Keeper()
    with honest(keeper, tls_context=context) as port, pytest.raises(TemporaryError, match="certificate") as caught:
        # Unknown authority; or a known one, but the certificate is another host's.
        smtp = Smtp(host, port, ca_file=None if host == "localhost" else str(pair[0]), timeout_seconds=5)
        send(a_mail(), smtp, Proof(USER, PASSWORD), Begun(), source="post", ticket="mticket")
    assert caught.value.applied is False and keeper.kept == []


def test_nothing_is_said_in_the_clear_where_no_tls_is_offered() -> None:
    with Scripted({}) as server:
        with pytest.raises(SettingsError, match="STARTTLS"):
            handed(server.port, Begun(), proof=Proof(USER, PASSWORD), tls="starttls")
        assert server.commands == ["EHLO"]


def test_a_connection_in_the_clear_is_for_this_machine_alone() -> None:
    with pytest.raises(ValueError, match="loopback"):
        Smtp("mail.shop.example", tls="none")


def test_a_wrong_password_is_ours_to_mend() -> None:
    with honest(Keeper(), **with_login()) as port, pytest.raises(AuthError) as caught:
        handed(port, Begun(), proof=Proof(USER, "wrong"))
    assert "wrong" not in str(caught.value)


def test_a_server_without_logins_is_told_as_such() -> None:
    with Scripted({}) as server, pytest.raises(AuthError, match="no way to log in"):
        handed(server.port, Begun(), proof=Proof(USER, PASSWORD))


def test_a_relay_that_knows_us_wants_no_login() -> None:
    with Scripted({}) as server:
        handed(server.port, Begun(), proof=Proof(USER, PASSWORD), login=False)
        assert len(server.received) == 1


@pytest.mark.parametrize(("token", "good"), [(TOKEN, True), ("an-old-token", False)])
def test_xoauth2(token: str, good: bool) -> None:
    keeper = Keeper()
    with honest(keeper, **with_login()) as port:
        if good:
            handed(port, Begun(), proof=Proof(USER, token=token))
        else:
            with pytest.raises(AuthError) as caught:
                handed(port, Begun(), proof=Proof(USER, token=token))
            assert token not in str(caught.value)
    assert len(keeper.kept) == good


def test_basic_logins_that_microsoft_has_switched_off_are_ours_to_mend() -> None:
    script = {"EHLO": "250-hello\r\n250 AUTH LOGIN PLAIN", "AUTH": "550 5.7.30 Basic authentication is not supported"}
    with Scripted(script) as server, pytest.raises(AuthError, match=r"5\.7\.30"):
        handed(server.port, Begun(), proof=Proof(USER, PASSWORD))


def test_a_login_that_fails_for_now_is_tried_again() -> None:
    script = {"EHLO": "250-hello\r\n250 AUTH PLAIN", "AUTH": "454 4.7.0 temporary failure"}
    with Scripted(script) as server, pytest.raises(TemporaryError) as caught:
        handed(server.port, Begun(), proof=Proof(USER, PASSWORD))
    assert caught.value.applied is False


def test_a_mail_whose_lines_end_otherwise_is_never_sent() -> None:
    odd = Mail(a_mail().purpose, "x@shop.example", "", ("boss@shop.example",), "Subject: x\r\n\r\na\n.\nb\r\n")
    with Scripted({}) as server:
        with pytest.raises(ValueError, match="CRLF"):
            handed(server.port, Begun(), odd)
        assert server.received == []
