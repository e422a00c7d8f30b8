"""What of a mail its sender wrote, by client and language: layouts of real clients, words of ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.imap import markup
from adapters.imap.quotes import Reason, reply

QUOTED = "\n> Ihre Bestellung 4711\n> ist unterwegs.\n"
BARE = "\nYour order 4711 is on its way.\n\nKind regards\nThe shop\n"

INTRODUCTIONS = {
    "en Gmail": "On Mon, Mar 2, 2026 at 9:14 AM Shop Support <support@shop.example> wrote:",
    "en Gmail, wrapped": "On Mon, Mar 2, 2026 at 9:14 AM Shop Support of a Long Name <\nsupport@shop.example> wrote:",
    "en Apple": "On 2 Mar 2026, at 09:14, Shop Support <support@shop.example> wrote:",
    "en Apple, narrow no-break space": "On Mar 2, 2026, at 9:14\u202fAM, Shop Support <support@shop.example> wrote:",
    "en Thunderbird": "On 02/03/2026 09:14, Shop Support wrote:",
    "en Yahoo": 'On Monday, March 2, 2026 at 09:14:11 AM GMT+1, Shop <support@shop.example> wrote:',
    "en Outlook for iOS": "On Mon, Mar 2, 2026 at 9:14 AM +0100, \"Shop\" <support@shop.example> wrote:",
    "en Notes": "Shop Support/Example wrote on 03/02/2026 09:14:11 AM:",
    "en Zoho": "---- On Mon, 02 Mar 2026 09:14:11 +0100 Shop <support@shop.example> wrote ---",
    "en Spark": "On 2 Mar 2026, 09:14 +0100, Shop <support@shop.example>, wrote:",
    "en Zendesk": "##- Please type your reply above this line -##",
    "en old Yahoo": "--- On Mon, 3/2/26, Shop <support@shop.example> wrote:",
    "zh NetEase, in English": 'At 2026-03-02 09:14:11, "Shop" <support@shop.example> wrote:',
    "pl Onet": "W dniu 2026-03-02 09:14:11 użytkownik Shop <support@shop.example> napisał:",
    "ru old Gmail": "2 марта 2026 г., 9:14 пользователь Shop <support@shop.example> написал:",
    "sl old Gmail": "2. marec 2026 09:14 je oseba Shop <support@shop.example> napisala:",
    "pt old Gmail": "No dia 2 de março de 2026 às 09:14, Shop <support@shop.example> escreveu:",
    "es wrapped": "El lun., 2 de marzo de 2026 9:14 a. m., Shop <support@shop.example>\nescribió:",
    "de Gmail": "Am Mo., 2. März 2026 um 09:14 Uhr schrieb Shop <support@shop.example>:",
    "de Gmail, wrapped": "Am Mo., 2. März 2026 um 09:14 Uhr schrieb Kundendienst Shop <\nsupport@shop.example>:",
    "de Thunderbird": "Am 02.03.2026 um 09:14 schrieb Shop:",
    "de Apple": "Am 02.03.2026 um 09:14 schrieb Shop <support@shop.example>:",
    "de old Gmail": "Shop <support@shop.example> schrieb am Mo., 2. März 2026\num 09:14 Uhr:",
    "fr Gmail": "Le lun. 2 mars 2026 à 09:14, Shop <support@shop.example> a écrit :",
    "fr Apple": "Le 2 mars 2026 à 09:14, Shop <support@shop.example> a écrit :",
    "fr Thunderbird": "Le 02/03/2026 à 09:14, Shop a écrit :",
    "fr wrapped": "Le lun. 2 mars 2026 à 09:14, Service des clients de Shop <support@shop.example>\na écrit :",
    "es Gmail": "El lun, 2 mar 2026 a las 9:14, Shop (<support@shop.example>) escribió:",
    "es Apple": "El 2 mar 2026, a las 9:14, Shop <support@shop.example> escribió:",
    "es Thunderbird": "El 02/03/2026 a las 9:14, Shop escribió:",
    "pt Gmail": "Em seg., 2 de mar. de 2026 às 09:14, Shop <support@shop.example> escreveu:",
    "pt Apple": "No dia 02/03/2026, às 09:14, Shop <support@shop.example> escreveu:",
    "it Gmail": "Il giorno lun 2 mar 2026 alle ore 09:14 Shop <support@shop.example>\nha scritto:",
    "it Apple": "Il giorno 2 mar 2026, alle ore 09:14, Shop <support@shop.example> ha scritto:",
    "it Thunderbird": "Il 02/03/2026 09:14, Shop ha scritto:",
    "nl Gmail": "Op ma 2 mrt 2026 om 09:14 schreef Shop <support@shop.example>:",
    "nl Apple": "Op 2 mrt 2026, om 09:14 heeft Shop <support@shop.example> het volgende geschreven:",
    "nl Thunderbird": "Op 02-03-2026 om 09:14 schreef Shop:",
    "pl Gmail": "pon., 2 mar 2026 o 09:14 Shop <support@shop.example> napisał(a):",
    "pl Thunderbird": "W dniu 2.03.2026 o 09:14, Shop pisze:",
    "pl Apple": "Wiadomość napisana przez Shop <support@shop.example> w dniu 02.03.2026, o godz. 09:14:",
    "ru Gmail": "пн, 2 мар. 2026 г. в 09:14, Shop <support@shop.example>:",
    "ru Apple": "2 марта 2026 г., в 09:14, Shop <support@shop.example> написал(а):",
    "ru mail.ru": "Понедельник, 2 марта 2026, 9:14 +03:00 от Shop <support@shop.example>:",
    "ru Yandex": "02.03.2026, 09:14, \"Shop\" <support@shop.example>:",
    "sl Gmail": "V V pon., 2. mar. 2026 ob 09:14 je oseba Shop <support@shop.example> napisala:",
    "sl Apple": "Dne 2. mar. 2026 ob 09:14 je Shop <support@shop.example> napisal/-a:",
    "sl Thunderbird": "Dne 02. 03. 2026 ob 09:14 je Shop napisal(a):",
    "zh Gmail": "Shop <support@shop.example> 于2026年3月2日周一 09:14写道：",
    "zh Apple": "在 2026年3月2日，09:14，Shop <support@shop.example> 写道：",
    "zh NetEase": "在 2026-03-02 09:14:11，\"Shop\" <support@shop.example> 写道：",
    "zh traditional": "Shop <support@shop.example> 於 2026年3月2日 週一 上午9:14寫道：",
    "ja Gmail": "2026年3月2日(月) 9:14 Shop <support@shop.example>:",
    "ja Apple": "2026/03/02 9:14、Shop <support@shop.example>のメール:",
    "ja Thunderbird": "On 2026/03/02 9:14, Shop wrote:",
}  # fmt: skip

BLOCKS = {
    "en": ("From", "Sent", "To", "Subject"),
    "de": ("Von", "Gesendet", "An", "Betreff"),
    "fr": ("De", "Envoyé", "À", "Objet"),
    "es": ("De", "Enviado", "Para", "Asunto"),
    "pt": ("De", "Enviado", "Para", "Assunto"),
    "it": ("Da", "Inviato", "A", "Oggetto"),
    "nl": ("Van", "Verzonden", "Aan", "Onderwerp"),
    "pl": ("Od", "Wysłano", "Do", "Temat"),
    "ru": ("От", "Отправлено", "Кому", "Тема"),
    "sl": ("Od", "Poslano", "Za", "Zadeva"),
    "zh": ("发件人", "发送时间", "收件人", "主题"),
    "ja": ("差出人", "送信日時", "宛先", "件名"),
}

ORIGINALS = {
    "en": "-----Original Message-----",
    "de": "-----Ursprüngliche Nachricht-----",
    "fr": "-----Message d'origine-----",
    "es": "-----Mensaje original-----",
    "pt": "-----Mensagem original-----",
    "it": "-----Messaggio originale-----",
    "nl": "-----Oorspronkelijk bericht-----",
    "pl": "-----Wiadomość oryginalna-----",
    "ru": "-----Исходное сообщение-----",
    "sl": "-----Izvirno sporočilo-----",
    "zh": "------------------ 原始邮件 ------------------",
    "ja": "-----元のメッセージ-----",
}

FORWARDS = {
    "en Gmail": "---------- Forwarded message ---------",
    "en Apple": "Begin forwarded message:",
    "de Thunderbird": "-------- Weitergeleitete Nachricht --------",
    "de Apple": "Anfang der weitergeleiteten Nachricht:",
    "fr Gmail": "---------- Forwarded message ---------",
    "fr Apple": "Début du message transféré :",
    "es": "---------- Mensaje reenviado ---------",
    "pt": "---------- Mensagem encaminhada ---------",
    "it": "---------- Messaggio inoltrato ---------",
    "nl": "---------- Doorgestuurd bericht ---------",
    "pl": "---------- Wiadomość przekazana dalej ---------",
    "ru": "-------- Пересылаемое сообщение --------",
    "sl": "---------- Posredovano sporočilo ---------",
    "zh": "---------- 转发的邮件 ----------",
    "ja": "---------- 転送メッセージ ----------",
}

SENT_FROM = (
    "Sent from my iPhone", "Sent from Yahoo Mail on Android", "Get Outlook for iOS<https://aka.ms/o0ukef>",
    "Sent from Mail for Windows", "Von meinem iPhone gesendet", "Gesendet mit der GMX Mail App",
    "Diese Nachricht wurde von meinem Android-Gerät mit WEB.DE Mail gesendet.", "Envoyé de mon iPhone",
    "Envoyé depuis mon smartphone Samsung Galaxy.", "Enviado desde mi iPhone", "Enviado do meu iPhone",
    "Inviato da iPhone", "Verstuurd vanaf mijn iPhone", "Wysłane z iPhone'a", "Отправлено с iPhone",
    "Poslano iz mojega iPhona",
    "发自我的 iPhone", "iPhoneから送信",
)  # fmt: skip

COMPLAINT = "The lamp arrived broken, for the second time.\n\nI want my money back by Friday."


@pytest.mark.parametrize("intro", INTRODUCTIONS.values(), ids=INTRODUCTIONS.keys())
@pytest.mark.parametrize("original", [QUOTED, BARE], ids=["with marks", "without marks"])
def test_what_stands_below_the_words_that_introduce_a_quote_is_cut(intro: str, original: str) -> None:
    found = reply(f"{COMPLAINT}\n\n{intro}\n{original}")
    assert (found.text, found.reason) == (COMPLAINT, Reason.INTRODUCTION)


@pytest.mark.parametrize("intro", INTRODUCTIONS.values(), ids=INTRODUCTIONS.keys())
def test_an_answer_without_an_empty_line_above_the_quote_is_kept_whole(intro: str) -> None:
    assert reply(f"Where is my refund?\n{intro}\n{QUOTED}").text == "Where is my refund?"


@pytest.mark.parametrize("language", BLOCKS)
@pytest.mark.parametrize("form", ["{}: {}", "*{}:* {}", "{} : {}", "**{}:** {}"])
def test_what_stands_below_copied_headers_is_cut(language: str, form: str) -> None:
    values = ("Shop <support@shop.example>", "Monday, 2 March 2026 09:14", "Ana <ana@home.example>", "Your order 4711")
    block = "\n".join(form.format(name, value) for name, value in zip(BLOCKS[language], values, strict=True))
    found = reply(f"{COMPLAINT}\n\n{block}\n{BARE}")
    assert (found.text, found.reason) == (COMPLAINT, Reason.HEADERS)
    ruled = reply(f"{COMPLAINT}\n\n________________________________\n{block}\n{BARE}")
    assert ruled.text == COMPLAINT


@pytest.mark.parametrize("language", ORIGINALS)
def test_what_stands_below_original_message_is_cut(language: str) -> None:
    found = reply(f"{COMPLAINT}\n\n{ORIGINALS[language]}\n{BARE}")
    assert (found.text, found.reason) == (COMPLAINT, Reason.INTRODUCTION)


@pytest.mark.parametrize("mark", FORWARDS.values(), ids=FORWARDS.keys())
def test_a_forwarded_complaint_is_kept_and_its_origin_is_a_hint(mark: str) -> None:
    block = (
        "From: Ana <ana@home.example>\nDate: Mon, 2 Mar 2026 at 09:14\nSubject: Broken lamp\nTo: <info@shop.example>\n"
    )
    found = reply(f"Please handle this one.\n\n{mark}\n{block}\n\n{COMPLAINT}")
    assert (found.text, found.reason) == (f"Please handle this one.\n\n{COMPLAINT}", Reason.FORWARD)
    assert found.forwarded is not None
    assert (found.forwarded.sender, found.forwarded.subject) == ("Ana <ana@home.example>", "Broken lamp")


@pytest.mark.parametrize("language", BLOCKS)
def test_copied_headers_in_a_mail_whose_subject_says_forward_are_no_quote(language: str) -> None:
    values = ("Ana <ana@home.example>", "Monday, 2 March 2026 09:14", "info@shop.example", "Broken lamp")
    block = "\n".join(f"{name}: {value}" for name, value in zip(BLOCKS[language], values, strict=True))
    found = reply(f"See below.\n\n{block}\n\n{COMPLAINT}", forward=True)
    assert found.text == f"See below.\n\n{COMPLAINT}"


@pytest.mark.parametrize("line", SENT_FROM)
def test_a_line_of_the_telephone_is_no_part_of_the_complaint(line: str) -> None:
    found = reply(f"{COMPLAINT}\n\n{line}\n")
    assert (found.text, found.reason) == (COMPLAINT, Reason.CLIENT)
    assert reply(f"{COMPLAINT}\n\n{line}\n\n{INTRODUCTIONS['en Gmail']}\n{QUOTED}").text == COMPLAINT


@pytest.mark.parametrize("delimiter", ["-- ", "--"])
def test_a_signature_is_cut(delimiter: str) -> None:
    found = reply(f"{COMPLAINT}\n{delimiter}\nAna Novak\nTel. 01 234 56 78\n")
    assert (found.text, found.reason) == (COMPLAINT, Reason.SIGNATURE)


@pytest.mark.parametrize(
    "text",
    [
        COMPLAINT,
        "On Monday I called at 9:14 and your agent wrote down my number. Nothing happened.",
        "On 3 March your agent wrote:\nwe will call you back.\nNobody did.",
        "I bought two things:\n\nFrom: Paris\nTo: London\nDate: 3 March 2026\n\nBoth trains were cancelled.",
        "Sent from Berlin on 2 March, the parcel has still not arrived, and nobody answers the telephone.",
        "What I got -- after three weeks -- was the wrong size.",
        "Steps:\n--\n" + "\n".join(f"{number}. Then the app crashed again, as described." for number in range(1, 20)),
        "Subject: my refund\nI have asked three times.\nTo: whom it may concern",
        "> is not the same as <, as your page says.\n\nPlease correct the price.",
        "Le 2 mars j'ai commandé une lampe.\nElle est cassée.",
        "Am 2. März 2026 um 09:14 Uhr habe ich angerufen:\nniemand war da.",
        "Mein Vertrag\n\nVon: 1. Januar\nBis: 31. Dezember\n\nwurde nicht gekündigt.",
        "A: the lamp\nB: the shade\nBoth broken.",
        "在2026年3月2日我买了一盏灯，坏了。",
    ],
)  # fmt: skip
def test_what_a_person_wrote_is_never_cut(text: str) -> None:
    assert reply(text).text == text


def test_answers_between_the_lines_of_a_quote_stay_with_it() -> None:
    text = "> When did you order?\n\nOn 1 March.\n\n> What is wrong?\n\nThe lamp is broken.\n\n> Regards\n> The shop"
    found = reply(f"On 2 Mar 2026, at 09:14, Shop <s@shop.example> wrote:\n\n{text}")
    assert found.text == text.removesuffix("\n\n> Regards\n> The shop")


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ("Dear shop,", "Yes, broken"),
        ("See my answer below.", "The lamp is broken, I want my money back."),
        ("看下面。", "灯坏了，我要退款。"),
    ],
)
def test_an_answer_below_a_quote_is_kept_though_something_stands_above_it(above: str, below: str) -> None:
    intro = INTRODUCTIONS["en Gmail"]
    assert below in reply(f"{above}\n\n{intro}\n\n> What is wrong with it?\n\n{below}").text


def test_a_signature_below_a_quote_is_cut_with_it() -> None:
    assert (
        reply(f"{COMPLAINT}\n\n{INTRODUCTIONS['en Gmail']}\n{QUOTED}\nAna Novak\nNovak & Co.\nTel. 01 234").text
        == COMPLAINT
    )


def test_a_mail_that_is_nothing_but_a_quote_is_kept() -> None:
    assert reply("> Email with only a quote.").text == "> Email with only a quote."


HTML = {
    "Gmail": '<div>Broken again.</div><br><div class="gmail_quote"><div class="gmail_attr">Am 2. März<br></div>'
    '<blockquote class="gmail_quote" style="border-left:1px #ccc solid">Your order</blockquote></div>',
    "Apple": '<html><body>Broken again.<div><br><blockquote type="cite"><div>On 2 Mar 2026:</div>'
    "Your order</blockquote></div></body></html>",
    "Outlook, web": '<div>Broken again.</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><font>'
    "<b>Od:</b> Shop<br><b>Poslano:</b> danes<br></font></div><div>Your order</div>",
    "Outlook, desktop": '<p class="MsoNormal">Broken again.</p>'
    '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm">'
    '<p class="MsoNormal"><b>Von:</b> Shop<br><b>Gesendet:</b> heute</p></div><p>Your order</p>',
    "Thunderbird": '<p>Broken again.</p><div class="moz-cite-prefix">Tuli sporočilo:<br></div>'
    '<blockquote type="cite" cite="mid:1">Your order</blockquote>',
    "Yahoo": '<div>Broken again.</div><div id="yahoo_quoted_123" class="yahoo_quoted"><div>On Monday:</div>'
    "<div>Your order</div></div>",
    "Proton": '<div>Broken again.</div><div class="protonmail_quote">On Monday:'
    '<blockquote class="protonmail_quote" type="cite">Your order</blockquote></div>',
}  # fmt: skip


def test_a_forward_in_mark_up_is_kept_though_it_stands_where_quotes_stand() -> None:
    html = (
        '<div dir="ltr">Please help her.<br><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">'
        "---------- Forwarded message ---------<br>Von: <b>Ana</b> &lt;ana@home.example&gt;<br>Date: 2. März 2026<br>"
        "Subject: Lampe<br>To: &lt;info@shop.example&gt;<br></div><br><br>Die Lampe ist kaputt.</div></div>"
    )
    assert reply(markup.text(html)).text == "Please help her.\n\nDie Lampe ist kaputt."


@pytest.mark.parametrize("client", HTML)
def test_mark_up_says_where_a_quote_begins_in_any_language(client: str) -> None:
    assert reply(markup.text(HTML[client])).text == "Broken again."


def test_a_paragraph_that_a_person_indented_is_not_a_quote() -> None:
    text = markup.text("<p>You promised:</p><blockquote>A refund within a week.</blockquote><p>It is March.</p>")
    assert "A refund within a week." in reply(text).text


def test_hidden_text_scripts_and_styles_are_not_what_a_person_sees() -> None:
    seen = markup.text(
        '<style>p{color:red}</style><div style="display:none">praise</div><script>alert(1)</script><p hidden>x</p>'
        "<p>Bad &amp; late</p>"
    )
    assert seen.strip() == "Bad & late"


def test_markup_too_deep_for_a_tree_still_gives_its_text() -> None:
    assert markup.text("<div>" * 20_000 + "broken lamp").strip() == "broken lamp"


@given(st.text(max_size=2000))
def test_no_text_makes_the_cutting_fail(text: str) -> None:
    assert len(reply(text).text) <= len(text)


LINES = st.sampled_from([
    "", "> quoted", "text", "-- ", "On 2 Mar 2026, at 09:14, Shop <s@shop.example> wrote:", "From: a@b.example",
    "Subject: x", "Date: 2 March", "To: c@d.example", "Sent from my iPhone", "---------- Forwarded message ---------",
    "-----Original Message-----", "________",
])  # fmt: skip


@given(st.lists(LINES, max_size=30), st.booleans())
def test_nothing_is_invented_and_something_written_never_becomes_nothing(lines: list[str], forward: bool) -> None:
    whole = "\n".join(lines)
    found = reply(whole, forward=forward)
    assert set(found.text.split("\n")) <= {line.rstrip() for line in lines} | {""}
    assert bool(found.text.strip()) == bool(whole.strip())
