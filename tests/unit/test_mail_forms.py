"""Forms that are nobody's standard: words before a quote in thirty languages, and bounces as mail servers wrote them.

The layouts are those of real programs; names, addresses and words around them are ours.
"""

from __future__ import annotations

import pytest

from adapters.imap.message import understood
from adapters.imap.quotes import Reason, reply

ANSWER = "Thank you, that solved it.\nBest"
QUOTED = "> Hello,\n> your parcel is on its way.\n"
BARE = "Hello,\nyour parcel is on its way.\n"
ALWAYS = [
    "On Tue, Apr 7, 2015 at 10:20 AM, Jo Doe <jo@shop.example> wrote:",
    "On Apr 7, 2015, at 10:20 AM, Jo Doe <jo@shop.example> wrote:",
    "On 7 April 2015 at 10:20, Jo Doe <jo@shop.example> wrote:",
    "On 07/04/2015 10:20, Jo Doe wrote:",
    "On 4/7/15 10:20 AM, Jo Doe via Shop wrote:",
    "On Tue, 7 Apr 2015 10:20:11 +0200, Jo <jo@shop.example> said:",
    "On Tuesday, April 7, 2015, Jo Doe <jo@shop.example> wrote:",
    "On Tuesday, April 7, 2015 10:20 AM, Jo Doe <jo@shop.example> wrote:",
    "On Tue Apr 07 2015 at 10:20:11 AM Jo Doe <jo@shop.example> wrote:",
    "2015-04-07 10:20 GMT+02:00 Jo Doe <jo@shop.example>:",
    "2015-04-07 10:20 GMT+02:00 Jo Doe:",
    "7 apr. 2015 kl. 10.20 skrev Jo Doe <jo@shop.example>:",
    "Den tis 7 apr. 2015 10:20 skrev Jo Doe <jo@shop.example>:",
    "Den 07.04.2015 10:20, skrev Jo Doe:",
    "Den 7. apr. 2015 kl. 10.20 skrev Jo Doe <jo@shop.example>:",
    "tir. 7. apr. 2015 kl. 10:20 skrev Jo Doe <jo@shop.example>:",
    "Am 07.04.2015 um 10:20 schrieb Jo Doe:",
    "Am 7. April 2015 um 10:20 schrieb Jo Doe <jo@shop.example>:",
    "Am Di., 7. Apr. 2015 um 10:20 Uhr schrieb Jo Doe <jo@shop.example>:",
    "Jo Doe <jo@shop.example> schrieb am Di., 7. Apr. 2015, 10:20:",
    "Jo Doe <jo@shop.example> hat am 7. April 2015 um 10:20 geschrieben:",
    "Le 07/04/2015 10:20, Jo Doe a écrit :",
    "Le 7 avr. 2015 à 10:20, Jo Doe <jo@shop.example> a écrit :",
    "Le mar. 7 avr. 2015 à 10:20, Jo Doe <jo@shop.example> a écrit :",
    "El 07/04/2015 10:20, Jo Doe escribió:",
    "El 7 de abril de 2015, 10:20, Jo Doe <jo@shop.example> escribió:",
    "El mar, 7 abr 2015 a las 10:20, Jo Doe (<jo@shop.example>) escribió:",
    "El mar., 7 abr. 2015 10:20, Jo Doe <jo@shop.example> escribió:",
    "Em 7 de abril de 2015 10:20, Jo Doe <jo@shop.example> escreveu:",
    "Em ter, 7 de abr de 2015 às 10:20, Jo Doe <jo@shop.example> escreveu:",
    "Em 07/04/2015 10:20, Jo Doe escreveu:",
    "No dia 7 de abril de 2015 às 10:20, Jo Doe <jo@shop.example> escreveu:",
    "Jo Doe <jo@shop.example> escreveu no dia terça, 7/04/2015 à(s) 10:20:",
    "Il giorno 7 aprile 2015 10:20, Jo Doe <jo@shop.example> ha scritto:",
    "Il 07/04/2015 10:20, Jo Doe ha scritto:",
    "Il giorno mar 7 apr 2015 alle ore 10:20 Jo Doe <jo@shop.example> ha scritto:",
    "Op 7 april 2015 10:20 schreef Jo Doe <jo@shop.example>:",
    "Op di 7 apr. 2015 om 10:20 schreef Jo Doe <jo@shop.example>:",
    "Op 7-4-2015 om 10:20 schreef Jo Doe:",
    "W dniu 7 kwietnia 2015 10:20 użytkownik Jo Doe <jo@shop.example> napisał:",
    "W dniu 07.04.2015 o 10:20, Jo Doe pisze:",
    "Dnia 7 kwietnia 2015 10:20 Jo Doe <jo@shop.example> napisał(a):",
    "wt., 7 kwi 2015 o 10:20 Jo Doe <jo@shop.example> napisał(a):",
    "Wiadomość napisana przez Jo Doe <jo@shop.example> w dniu 7 kwi 2015, o godz. 10:20:",
    "7 апреля 2015 г., 10:20 пользователь Jo Doe <jo@shop.example> написал:",
    "07.04.2015 10:20, Jo Doe пишет:",
    "вт, 7 апр. 2015 г. в 10:20, Jo Doe <jo@shop.example>:",
    "Вторник, 7 апреля 2015, 10:20 +03:00 от Jo Doe <jo@shop.example>:",
    "V tor., 7. apr. 2015 ob 10:20 je oseba Jo Doe <jo@shop.example> napisala:",
    "Dne 7. 4. 2015 ob 10:20 je Jo Doe napisal(a):",
    "Oseba Jo Doe <jo@shop.example> je 7. april 2015 10:20 napisala:",
    "Dne 7. dubna 2015 10:20 Jo Doe <jo@shop.example> napsal(a):",
    "út 7. 4. 2015 v 10:20 odesílatel Jo Doe <jo@shop.example> napsal:",
    "2015年4月7日 10:20 Jo Doe <jo@shop.example>:",
    "2015年4月7日(火) 10:20 Jo Doe <jo@shop.example>:",
    "2015年4月7日 上午10:20，Jo Doe <jo@shop.example> 写道：",
    "在 2015年4月7日，10:20，Jo Doe <jo@shop.example> 写道：",
    '在 2015-04-07 10:20:11，"Jo Doe" <jo@shop.example> 写道：',
    "Jo Doe <jo@shop.example> 于2015年4月7日周二 10:20写道：",
    "Jo Doe <jo@shop.example> 於 2015年4月7日 週二 上午10:20寫道：",
    "2015/04/07 10:20、Jo Doe <jo@shop.example> のメール：",
    "2015/04/07 10:20、Jo Doe <jo@shop.example>のメッセージ:",
    "On 2015/04/07 10:20, Jo Doe wrote:",
    "2015년 4월 7일 (화) 오전 10:20, Jo Doe <jo@shop.example>님이 작성:",
    "2015년 4월 7일 10:20, Jo Doe <jo@shop.example> 작성:",
    "7 Nis 2015 Sal, 10:20 tarihinde Jo Doe <jo@shop.example> şunu yazdı:",
    "7 Nisan 2015 10:20 tarihinde Jo Doe <jo@shop.example> yazdı:",
    "2015. április 7. 10:20 Jo Doe írta, <jo@shop.example>:",
    "Jo Doe <jo@shop.example> ezt írta (időpont: 2015. ápr. 7., K, 10:20):",
    "ti 7. huhtik. 2015 klo 10.20 Jo Doe (jo@shop.example) kirjoitti:",
    "Jo Doe <jo@shop.example> kirjoitti 7.4.2015 kello 10.20:",
    "În mar., 7 apr. 2015 la 10:20, Jo Doe <jo@shop.example> a scris:",
    "Στις Τρί, 7 Απρ 2015 στις 10:20 π.μ., ο/η Jo Doe <jo@shop.example> έγραψε:",
    "Vào Th 3, 7 thg 4, 2015 vào lúc 10:20 Jo Doe <jo@shop.example> đã viết:",
    "Pada tanggal Sel, 7 Apr 2015 pukul 10.20 Jo Doe <jo@shop.example> menulis:",
    "Pada 7 April 2015 10:20, Jo Doe <jo@shop.example> menulis:",
    "בתאריך יום ג׳, 7 באפר׳ 2015 ב-10:20 מאת Jo Doe <jo@shop.example>:",
    "\u202bבתאריך 7 באפריל 2015 בשעה 10:20, מאת Jo Doe <jo@shop.example>:\u202c",
    "في الثلاثاء، 7 أبريل 2015 في 10:20 ص تمت كتابة ما يلي بواسطة Jo Doe <jo@shop.example>:",
    "ในวันที่ อ. 7 เม.ย. 2015 เวลา 10:20 Jo Doe <jo@shop.example> เขียนว่า:",
    "вт, 7 апр. 2015 г. в 10:20 Jo Doe <jo@shop.example> написа:",
    "На вт, 7.04.2015 г. в 10:20 Jo Doe <jo@shop.example> написа:",
    "El dt., 7 d’abr. 2015, 10:20, Jo Doe <jo@shop.example> va escriure:",
    "2015 m. balandžio 7 d. 10:20, Jo Doe <jo@shop.example> rašė:",
    "otrd., 2015. g. 7. apr., plkst. 10:20 — lietotājs Jo Doe (<jo@shop.example>) rakstīja:",
    "Kontakt Jo Doe (<jo@shop.example>) kirjutas kuupäeval T, 7. aprill 2015 kell 10:20:",
    "uto, 7. tra 2015. u 10:20 Jo Doe <jo@shop.example> napisao je:",
    "ut 7. 4. 2015 o 10:20 Jo Doe <jo@shop.example> napísal(a):",
    "пн, 7 квіт. 2015 р. о 10:20 Jo Doe <jo@shop.example> пише:",
    "Jo Doe <jo@shop.example> wrote:",
    "Jo Doe wrote on 07/04/2015 10:20:",
    "* Jo Doe <jo@shop.example> [2015-04-07 10:20]:",
    "In article <abc@shop.example>, Jo Doe wrote:",
    "In message <abc@shop.example>, Jo Doe <jo@shop.example> writes:",
    "--- On Tue, 4/7/15, Jo Doe <jo@shop.example> wrote:",
    "----- Jo Doe <jo@shop.example> wrote:",
    "From: Jo Doe <jo@shop.example> Sent: Tuesday, April 7, 2015 10:20 AM To: support Subject: hi",
]
# With the marks of a quote below; without them they may be anything.
WITH_MARKS = [
    "Quoting Jo Doe <jo@shop.example>:",
    "Zitat von Jo Doe <jo@shop.example>:",
    "Citando Jo Doe <jo@shop.example>:",
    "* Jo Doe <jo@shop.example> [2015-04-07 10:20]:",
]
BLOCKS = {
    "en": "From: Jo Doe <jo@shop.example>\nSent: Tuesday, April 7, 2015 10:20 AM\nTo: Kim\nSubject: Re: parcel",
    "en2": "From: Jo Doe [mailto:jo@shop.example]\nSent: 7. april 2015 10:20\nTo: Kim\nCc: All\nSubject: Re: parcel",
    "enb": "*From:* Jo Doe <jo@shop.example>\n*Sent:* 7 April 2015 10:20\n*To:* Kim\n*Subject:* Re: parcel",
    "date": "From: jo@shop.example\nDate: Tue, 7 Apr 2015 10:20:11 +0200\nTo: kim@x.example\nSubject: Re: parcel",
    "date2": "Date: Tue, 7 Apr 2015 10:20:11 +0200\nFrom: jo@shop.example\nTo: kim@x.example\nSubject: Re: parcel",
    "subj1": "Subject: Re: parcel\nFrom: jo@shop.example\nDate: Tue, 7 Apr 2015 10:20:11 +0200\nTo: kim@x.example",
    "to1": "To: kim@x.example\nFrom: jo@shop.example\nDate: Tue, 7 Apr 2015 10:20:11 +0200\nSubject: Re: parcel",
    "de": "Von: Jo Doe <jo@shop.example>\nGesendet: Dienstag, 7. April 2015 10:20\nAn: Kim\nBetreff: AW: Paket",
    "fr": "De : Jo Doe <jo@shop.example>\nEnvoyé : mardi 7 avril 2015 10:20\nÀ : Kim\nObjet : RE: colis",
    "es": "De: Jo Doe <jo@shop.example>\nEnviado el: 7 de abril de 2015 10:20\nPara: Kim\nAsunto: RE: paquete",
    "pt": "De: Jo Doe <jo@shop.example>\nEnviada em: terça-feira, 7 de abril de 2015 10:20\nPara: Kim\nAssunto: RES",
    "it": "Da: Jo Doe <jo@shop.example>\nInviato: martedì 7 aprile 2015 10:20\nA: Kim\nOggetto: R: pacco",
    "nl": "Van: Jo Doe <jo@shop.example>\nVerzonden: dinsdag 7 april 2015 10:20\nAan: Kim\nOnderwerp: RE: pakket",
    "pl": "Od: Jo Doe <jo@shop.example>\nWysłano: wtorek, 7 kwietnia 2015 10:20\nDo: Kim\nTemat: RE: paczka",
    "ru": "От: Jo Doe <jo@shop.example>\nОтправлено: 7 апреля 2015 г. 10:20\nКому: Kim\nТема: RE: посылка",
    "sl": "Od: Jo Doe <jo@shop.example>\nPoslano: torek, 7. april 2015 10:20\nZa: Kim\nZadeva: RE: paket",
    "zh": "发件人: Jo Doe <jo@shop.example>\n发送时间: 2015年4月7日 10:20\n收件人: Kim\n主题: 回复: 包裹",
    "zh2": "发件人：Jo Doe <jo@shop.example>\n日期：2015年4月7日 10:20\n收件人：Kim\n主题：回复：包裹",
    "ja": "差出人: Jo Doe <jo@shop.example>\n送信日時: 2015年4月7日 10:20\n宛先: Kim\n件名: RE: 小包",
    "ko": "보낸 사람: Jo Doe <jo@shop.example>\n보낸 날짜: 2015년 4월 7일 10:20\n받는 사람: Kim\n제목: RE: 소포",
    "da": "Fra: Jo Doe <jo@shop.example>\nSendt: 7. april 2015 10:20\nTil: Kim\nEmne: SV: pakke",
    "sv": "Från: Jo Doe <jo@shop.example>\nSkickat: den 7 april 2015 10:20\nTill: Kim\nÄmne: SV: paket",
    "fi": "Lähettäjä: Jo Doe <jo@shop.example>\nLähetetty: 7. huhtikuuta 2015 10:20\nVastaanottaja: Kim\nAihe: VS",
    "cs": "Od: Jo Doe <jo@shop.example>\nOdesláno: úterý 7. dubna 2015 10:20\nKomu: Kim\nPředmět: RE: balík",
    "hu": "Feladó: Jo Doe <jo@shop.example>\nElküldve: 2015. április 7. 10:20\nCímzett: Kim\nTárgy: RE: csomag",
    "tr": "Kimden: Jo Doe <jo@shop.example>\nGönderildi: 7 Nisan 2015 10:20\nKime: Kim\nKonu: YNT: paket",
    "he": "מאת: Jo Doe <jo@shop.example>\nנשלח: יום שלישי 7 אפריל 2015 10:20\nאל: Kim\nנושא: RE: parcel",
    "ar": "من: Jo Doe <jo@shop.example>\nتم الإرسال: 7 أبريل 2015 10:20\nإلى: Kim\nالموضوع: RE: parcel",
    "vi": "Từ: Jo Doe <jo@shop.example>\nĐã gửi: 7 Tháng Tư 2015 10:20\nTới: Kim\nChủ đề: RE: parcel",
    "id": "Dari: Jo Doe <jo@shop.example>\nTerkirim: 7 April 2015 10:20\nKepada: Kim\nSubjek: RE: parcel",
    "uk": "Від: Jo Doe <jo@shop.example>\nНадіслано: 7 квітня 2015 р. 10:20\nКому: Kim\nТема: RE: пакет",
    "no": "Fra: Jo Doe <jo@shop.example>\nDato: tirsdag 7. april 2015 10:20\nTil: Kim\nEmne: SV: pakke",
    "el": "Από: Jo Doe <jo@shop.example>\nΣτάλθηκε: Τρίτη, 7 Απριλίου 2015 10:20\nΠρος: Kim\nΘέμα: RE: δέμα",
    "ro": "De la: Jo Doe <jo@shop.example>\nTrimis: marți, 7 aprilie 2015 10:20\nCătre: Kim\nSubiect: RE: colet",
}
CLIENT_LINES = [
    "Sent from my iPhone",
    "Sent from my Samsung Galaxy smartphone.",
    "Sent from Mail for Windows 10",
    "Sent from Yahoo Mail on Android",
    "Sent from Outlook",
    "Sent from ProtonMail mobile",
    "Get Outlook for iOS",
    "Sent via BlackBerry by AT&T",
    "Envoyé de mon iPhone",
    "Envoyé depuis mon smartphone Samsung Galaxy.",
    "Von meinem iPhone gesendet",
    "Gesendet von Mail für Windows",
    "Enviado desde mi iPhone",
    "Enviado do meu iPhone",
    "Inviato da iPhone",
    "Verstuurd vanaf mijn iPhone",
    "Wysłane z iPhone'a",
    "Отправлено с iPhone",
    "Poslano iz mojega iPhona",
    "Poslano z iPhone",
    "发自我的 iPhone",
    "iPhoneから送信",
    "Skickat från min iPhone",
    "Sendt fra min iPhone",
    "Lähetetty iPhonesta",
    "Odesláno z iPhonu",
    "Odoslané z iPhonu",
    "Küldve az iPhone-omról",
    "iPhone'umdan gönderildi",
    "나의 iPhone에서 보냄",
    "Trimis de pe iPhone-ul meu",
    "Enviat des del meu iPhone",
    "أُرسلت من الـ iPhone",
    "Được gửi từ iPhone của tôi",
    "Dikirim dari iPhone saya",
    "Надіслано з мого iPhone",
    "Poslano s mog iPhonea",
    "Στάλθηκε από το iPhone μου",
    "Изпратено от моя iPhone",
    "Sent from a phone booth",
    "Sent on the go",
    "Sent while mobile, please excuse typos",
]


@pytest.mark.parametrize("intro", ALWAYS)
@pytest.mark.parametrize("quoted", [QUOTED, BARE], ids=["marked", "bare"])
def test_what_introduces_a_quote_is_known_in_any_language(intro: str, quoted: str) -> None:
    assert reply(f"{ANSWER}\n\n{intro}\n\n{quoted}").text == ANSWER


@pytest.mark.parametrize("intro", WITH_MARKS)
def test_some_words_introduce_a_quote_only_where_one_follows(intro: str) -> None:
    assert reply(f"{ANSWER}\n\n{intro}\n\n{QUOTED}").text == ANSWER
    assert BARE.strip() in reply(f"{ANSWER}\n\n{intro}\n\n{BARE}").text or intro.startswith("*")


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS.keys())
@pytest.mark.parametrize("above", ["", "________________________________\n", "-----Original Message-----\n"])
def test_copied_headers_are_known_in_any_language(block: str, above: str) -> None:
    assert reply(f"{ANSWER}\n\n{above}{block}\n\n{BARE}").text == ANSWER


@pytest.mark.parametrize("line", CLIENT_LINES)
def test_what_telephones_put_below_is_cut(line: str) -> None:
    found = reply(f"{ANSWER}\n\n{line}\n")
    assert (found.text, found.reason) == (ANSWER, Reason.CLIENT)


def test_an_answer_below_one_quote_stands_alone() -> None:
    found = reply(f"On 02/03/2026 09:14, Shop wrote:\n{QUOTED}\nNo, it is not.\n")
    assert (found.text, found.reason) == ("No, it is not.", Reason.QUOTE)


@pytest.mark.parametrize(
    "text",
    [
        f"On 02/03/2026 09:14, Shop wrote:\n> Is it there?\nNo.\n{QUOTED}And this is wrong, too.",
        f"{QUOTED}\nNo, it is not.",
        f"On 02/03/2026 09:14, Shop wrote:\n{QUOTED}\n-- \nKim",
    ],
    ids=["between", "no introduction", "only a signature"],
)
def test_answers_between_quotes_keep_them(text: str) -> None:
    assert "> " in reply(text).text


def test_a_sentence_above_an_introduction_is_not_taken_into_it() -> None:
    text = "As your colleague wrote, it is gone.\n\nJo Doe <jo@shop.example> wrote:\n\nSomething else."
    assert reply(text).text == "As your colleague wrote, it is gone."


@pytest.mark.parametrize(
    "text",
    [
        "Please write to Jo Doe <jo@shop.example>:\nhe knows it all.",
        "My addresses:\nKim <kim@customer.example>:\nhome, Jo <jo@customer.example>: work",
        "Sent: yesterday. To: the wrong house. Subject: none, says the driver.",
        "I wrote to you on 2 March 2026 and you never answered.\nThe order: 4711\nThe price: 30 euros",
    ],
)
def test_what_only_looks_like_a_form_is_kept(text: str) -> None:
    assert reply(text).text == text


# (From, Subject, text) by mail server
BOUNCES: dict[str, tuple[str, str, str]] = {
    "qmail": (
        "MAILER-DAEMON@gone.example",
        "failure notice",
        "Hi. This is the qmail-send program at gone.example.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
        "This is a permanent error; I've given up. Sorry it didn't work out.\n"
        "\n"
        "<kim@gone.example>:\n"
        "Sorry, no mailbox here by that name. (#5.1.1)",
    ),
    "exim": (
        "Mailer-Daemon@gone.example",
        "Mail delivery failed: returning message to sender",
        "This message was created automatically by mail delivery software.\n"
        "\n"
        "A message that you sent could not be delivered to one or more of its\n"
        "recipients. This is a permanent error. The following address(es) failed:\n"
        "\n"
        "  kim@gone.example\n"
        "    SMTP error from remote mail server after RCPT TO:<kim@gone.example>:\n"
        "    host mx.gone.example [10.0.0.1]: 550 5.1.1 User unknown\n"
        "\n"
        "------ This is a copy of the message, including all the headers. ------\n"
        "\n"
        "Return-path: <list@shop.example>\n"
        "From: list@shop.example\n",
    ),
    "postfix": (
        "MAILER-DAEMON@gone.example (Mail Delivery System)",
        "Undelivered Mail Returned to Sender",
        "This is the Postfix program at host mx.gone.example.\n"
        "\n"
        "I'm sorry to have to inform you that the message returned\n"
        "below could not be delivered to one or more destinations.\n"
        "\n"
        "\t\t\tThe Postfix program\n"
        "\n"
        "<kim@gone.example>: host mx.gone.example[10.0.0.1] said: 550 5.1.1 User unknown\n"
        "    (in reply to RCPT TO command)",
    ),
    "sendmail": (
        "Mail Delivery Subsystem <MAILER-DAEMON@gone.example>",
        "Returned mail: User unknown",
        "The original message was received at Mon, 2 Mar 1998 09:00:00 -0500\n"
        "from list@shop.example\n"
        "\n"
        "   ----- The following addresses had permanent fatal errors -----\n"
        "<kim@gone.example>\n"
        "\n"
        "   ----- Transcript of session follows -----\n"
        "... while talking to mx.gone.example.:\n"
        ">>> RCPT To:<kim@gone.example>\n"
        "<<< 550 <kim@gone.example>... User unknown\n"
        "550 <kim@gone.example>... User unknown",
    ),
    "sendmail2": (
        "Mail Delivery Subsystem <MAILER-DAEMON@gone.example>",
        "Returned mail: see transcript for details",
        "   ----- Transcript of session follows -----\n"
        "550 kim@gone.example... User unknown\n"
        "\n"
        "   ----- Unsent message follows -----\n"
        "From: list@shop.example\n",
    ),
    "exchange": (
        "System Administrator <postmaster@gone.example>",
        "Undeliverable: Your order",
        "Your message\n"
        "\n"
        "  To:      kim@gone.example\n"
        "  Subject: Your order\n"
        "  Sent:    Mon, 2 Mar 1998 09:00:00 -0500\n"
        "\n"
        "did not reach the following recipient(s):\n"
        "\n"
        "kim@gone.example on Mon, 2 Mar 1998 09:00:00 -0500\n"
        "    The recipient name is not recognized\n"
        "\tThe MTS-ID of the original message is: c=us;a= ;p=gone\n"
        "    MSEXCH:IMS:gone:SITE:MAIL 0 (000C05A6) Unknown Recipient",
    ),
    "lotus": (
        "Postmaster@gone.example",
        "DELIVERY FAILURE: User kim (kim@gone.example) not listed in Domino Directory",
        "Your message\n"
        "\n"
        "  Subject: Your order\n"
        "\n"
        "was not delivered to:\n"
        "\n"
        "  kim@gone.example\n"
        "\n"
        "because:\n"
        "\n"
        "  User kim (kim@gone.example) not listed in Domino Directory",
    ),
    "yahoo": (
        "MAILER-DAEMON@yahoo.example",
        "Delivery failure",
        "Message from  yahoo.example.\n"
        "Unable to deliver message to the following address(es).\n"
        "\n"
        "<kim@yahoo.example>:\n"
        "Sorry, your message to kim@yahoo.example cannot be delivered.  This account is over quota.\n"
        "\n"
        "--- Original message follows.\n"
        "\n"
        "Return-Path: <list@shop.example>",
    ),
    "msn": (
        "postmaster@hotmail.example",
        "Delivery Status Notification (Failure)",
        "This is an automatically generated Delivery Status Notification.\n"
        "\n"
        "Delivery to the following recipients failed.\n"
        "\n"
        "       kim@hotmail.example\n",
    ),
    "smtp32": (
        "Postmaster@gone.example",
        "Undeliverable Mail",
        "Unknown user: kim@gone.example\n"
        "\n"
        "Original message follows.\n"
        "\n"
        "Received: from mx.shop.example\n"
        "From: list@shop.example\n"
        "Message-ID: <1@shop.example>\n",
    ),
    "smtp32b": (
        "Postmaster@gone.example",
        "Undeliverable Mail",
        "User mailbox exceeds allowed size: kim@gone.example\n"
        "\n"
        "Original message follows.\n"
        "\n"
        "Received: from mx.shop.example\n",
    ),
    "smtp32c": (
        "Postmaster <postmaster@gone.example>",
        "Undeliverable Mail",
        "undeliverable to kim@gone.example\n\nOriginal message follows.\n\nReceived: from mx.shop.example\n",
    ),
    "netscape": (
        "Mail Administrator <Postmaster@gone.example>",
        "Mail System Error - Returned Mail",
        "This Message was undeliverable due to the following reason:\n"
        "\n"
        "The user(s) account is temporarily over quota.\n"
        "\n"
        "<kim@gone.example>\n"
        "\n"
        "Please reply to Postmaster@gone.example\n"
        "if you feel this message to be in error.",
    ),
    "groupwise": (
        "Mailer-Daemon@gone.example",
        "Message status - undeliverable",
        "The message that you sent was undeliverable to the following:\n"
        "\tkim@gone.example (user not found)\n"
        "\n"
        "Possibly truncated original message follows:\n"
        "\n"
        "From: list@shop.example\n",
    ),
    "llnl": (
        "Mail Administrator <postmaster@gone.example>",
        "Returned mail: unknown user",
        "This message was addressed to kim@gone.example\n"
        "\n"
        "The following addresses were not found: kim@gone.example\n"
        "User unknown\n",
    ),
    "mdaemon": (
        "MDaemon@gone.example",
        "Permanent Delivery Failure",
        "The attached message had PERMANENT fatal delivery errors!\n"
        "\n"
        "After one or more unsuccessful delivery attempts the attached message has\n"
        "been removed from the mail queue on this server.\n"
        "\n"
        "YOUR MESSAGE WAS NOT DELIVERED TO ONE OR MORE RECIPIENTS!\n"
        "\n"
        "Failed address: kim@gone.example\n"
        "\n"
        "--- Session Transcript ---\n"
        " --> RCPT To:<kim@gone.example>\n"
        " <-- 550 No such user here",
    ),
    "communigate": (
        "MAILER-DAEMON@gone.example",
        "Undeliverable mail: Your order",
        "Failed to deliver to 'kim@gone.example'\n"
        "LOCAL module(account kim) reports:\n"
        " account is full (quota exceeded)\n",
    ),
    "gmail": (
        "Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
        "Delivery Status Notification (Failure)",
        "Delivery to the following recipient failed permanently:\n"
        "\n"
        "     kim@gone.example\n"
        "\n"
        "Technical details of permanent failure:\n"
        "Google tried to deliver your message, but it was rejected by the recipient domain.\n"
        "\n"
        "----- Original message -----\n"
        "\n"
        "MIME-Version: 1.0\n",
    ),
    "o365": (
        "postmaster@gone.example",
        "Undeliverable: Your order",
        "Delivery has failed to these recipients or groups:\n"
        "\n"
        "kim@gone.example<mailto:kim@gone.example>\n"
        "The email address you entered couldn't be found.\n"
        "\n"
        "Diagnostic information for administrators:\n"
        "\n"
        "Generating server: X.PROD.OUTLOOK.COM\n"
        "\n"
        "kim@gone.example\n"
        "Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound'\n",
    ),
    "compuserve": (
        "POSTMASTER@compuserve.example",
        "Undeliverable message",
        "Receiver not found: kim@compuserve.example\n"
        "\n"
        "Your message could not be delivered as addressed.\n"
        "\n"
        "--- Returned message ---\n"
        "\n"
        "Sender: list@shop.example\n",
    ),
    "mercury": (
        "Mail Delivery System <maiser@gone.example>",
        "Postmaster Notify: Delivery Failure",
        "The attached message has been not been delivered to:\n\n  kim@gone.example\n\nAddress not known here.\n",
    ),
    "pmdf": (
        "PMDF e-Mail Interconnect <postmaster@gone.example>",
        "Delivery Notification: Delivery has failed",
        "This report relates to a message you sent with the following header fields:\n"
        "\n"
        "  Message-id: <1@shop.example>\n"
        "  Subject: Your order\n"
        "\n"
        "Your message cannot be delivered to the following recipients:\n"
        "\n"
        "  Recipient address: kim@gone.example\n"
        "  Reason: Illegal host/domain name found\n",
    ),
    "aol": (
        "MAILER-DAEMON@aol.example",
        "Returned mail: User unknown",
        "The original message was received at Mon, 2 Mar 1998\n"
        "\n"
        "\n"
        "*** ATTENTION ***\n"
        "\n"
        "Your e-mail is being returned to you because there was a problem with its\n"
        "delivery.\n"
        "\n"
        "   ----- The following addresses had permanent fatal errors -----\n"
        "<kim@aol.example>\n"
        "\n"
        "   ----- Transcript of session follows -----\n"
        "... while talking to air-xa01.mail.aol.example.:\n"
        ">>> RCPT To:<kim@aol.example>\n"
        "<<< 550 MAILBOX NOT FOUND\n",
    ),
    "sina": (
        "MAILER-DAEMON@sina.example",
        "系统退信",
        "抱歉，您的邮件被退回来了……\n"
        "原邮件信息：\n"
        "收件人 kim@sina.example\n"
        "失败原因: 无法投递到 kim@sina.example 用户不存在\n",
    ),
    "newmailru": (
        "Mail Delivery System <mailer-daemon@newmail.example>",
        "Mail failure.",
        "This is the machine generated message from mail service.\n"
        "\n"
        "Unable to deliver message to the following address(es):\n"
        "\n"
        "<kim@newmail.example>: mailbox is full\n",
    ),
    "kerio": (
        "Mail Delivery Subsystem <postmaster@gone.example>",
        "Delivery failure: kim@gone.example",
        "Your message could not be delivered to kim@gone.example because:\n"
        " 550 5.1.1 <kim@gone.example>: User unknown\n",
    ),
    "ims": (
        "Internet Mail Delivery <postmaster@gone.example>",
        "Delivery Notification: Delivery has failed",
        "This report relates to a message you sent with the following header fields:\n"
        "  Subject: Your order\n"
        "\n"
        "Your message cannot be delivered to the following recipients:\n"
        "\n"
        "  Recipient address: kim@ims-ms-daemon\n"
        "  Original address: kim@gone.example\n"
        "  Reason: Over quota\n",
    ),
    "hotpop": (
        "MAILER-DAEMON@hotpop.example",
        "Undeliverable Mail: Your order",
        "The user kim@hotpop.example has exceeded his quota. The message was not delivered.\n",
    ),
    "simple1": (
        "postmaster@gone.example",
        "Nondeliverable mail",
        "The following recipients did not receive this message:\n\n<kim@gone.example> - no such user\n",
    ),
    "simple2": (
        "admin@gone.example",
        "Returned mail: kim@gone.example",
        "Could not deliver message to the following recipient(s):\n"
        "\n"
        "Failed Recipient: kim@gone.example\n"
        "Reason: Remote host said: 550 5.1.1 No such user\n"
        "\n"
        "   -- The header and top 20 lines of the message follows --\n"
        "\n"
        "Received: from mx.shop.example\n"
        "Message-ID: <1@shop.example>\n",
    ),
    "de": (
        "MAILER-DAEMON@gone.example",
        "Mail konnte nicht zugestellt werden",
        "Ihre Nachricht an kim@gone.example konnte nicht zugestellt werden.\nUnbekannter Empfänger\n",
    ),
    "fr": (
        "MAILER-DAEMON@gone.example",
        "Échec de remise",
        "Votre message n'a pas pu être remis à :\n kim@gone.example\n",
    ),
    "x400": (
        "postmaster@gone.example",
        "Non-delivery report",
        "Your message was not delivered to\n   kim@gone.example\nfor the following reason: unknown recipient\n",
    ),
    "ironport": (
        "Mail Delivery System <MAILER-DAEMON@ironport.gone.example>",
        "Delivery Status Notification (Failure)",
        "The following message to <kim@gone.example> was undeliverable.\n"
        "The reason for the problem:\n"
        "5.1.0 - Unknown address error 550-'5.1.1 <kim@gone.example>: User unknown'\n",
    ),
    "smailer": (
        "Mail_Delivery_Subsystem@gone.example",
        "mail failed, returning to sender",
        "|------------------------- Message log follows: -------------------------|\n"
        " no valid recipients were found for this message\n"
        "|------------------------- Failed addresses follow: ---------------------|\n"
        " <kim@gone.example> ... unknown user\n"
        "|------------------------- Message text follows: ------------------------|\n"
        "Received: by x\n"
        "Message-ID: <1@shop.example>\n",
    ),
    "vines": (
        "Postmaster@gone.example",
        "Undeliverable Mail",
        "***** NDN: Undeliverable Mail *****\nkim@gone.example\nMailbox not found\n",
    ),
    "earthlink": (
        "Mail Administrator <Postmaster@earthlink.example>",
        "Mail System Error - Returned Mail",
        "Sorry, unable to deliver your message to kim@earthlink.example for the following reason:\n"
        "\n"
        "552 Quota violation for kim@earthlink.example\n"
        "\n"
        "A copy of the original message below this line:\n",
    ),
}


@pytest.mark.parametrize("form", BOUNCES.values(), ids=BOUNCES.keys())
def test_a_bounce_tells_whom_it_did_not_reach_in_whatever_form(form: tuple[str, str, str]) -> None:
    sender, subject, text = form
    head = f"From: {sender}\nTo: list@shop.example\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8\n"
    message = understood(f"{head}\n{text}".encode())
    assert message.automatic.kind == "bounce"
    assert [one.partition("@")[0] for one in message.bounce_recipients] == ["kim"]


def test_the_standard_fields_are_read_where_a_server_wrote_them_among_its_words() -> None:
    text = (
        "Your message\n\n From: John <john@shop.example>\n To: Kim <kim@gone.example>\n\nhas a delivery problem."
        "\n\nReporting-MTA: dns; mx.gone.example\n\nFinal-Recipient: rfc822; kim@gone.example\nAction: failed\n"
        "Status: 5.9.8\n"
    )
    message = understood(f"From: postmaster@gone.example\nSubject: Delivery problem\n\n{text}".encode())
    assert message.automatic.kind == "bounce" and message.bounce_recipients == ("kim@gone.example",)


@pytest.mark.parametrize(
    ("sender", "subject", "text"),
    [
        ("jo@customer.example", "Undelivered parcel", "My parcel was not delivered to jo@customer.example's house."),
        ("jo@customer.example", "Delivery failed", "The delivery failed. Please call jo@customer.example."),
        ("Mail Order Fan <jo@customer.example>", "My order", "It was not delivered. Write to jo@customer.example."),
        (
            "jo@customer.example",
            "Mail not delivered",
            "Your letter did not reach me, and user unknown says the postman.",
        ),
    ],
)
def test_people_who_write_of_deliveries_are_no_mail_server(sender: str, subject: str, text: str) -> None:
    assert understood(f"From: {sender}\nSubject: {subject}\n\n{text}".encode()).automatic.kind is None
