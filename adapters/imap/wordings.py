"""What our mail to customers says, by language: fixed words of ours, and not one of theirs. Used by `composing`.

`{house}` stands for the name on the letterhead, `{link}` for the survey's address, `{leave}` for the address to which a
person writes who wants no more of these mails, `{reference}` for the ticket's id, `{contact}` for how to reach a
person. An admin's own wordings (those of the policy, then the option `texts`) take the place of these, text by text.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from connector.model import Message

DEFAULT_LANGUAGE = "en"


class Wording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The texts of one language; "" where an admin leaves one as shipped."""

    survey_subject: str = ""
    survey: str = ""
    acknowledgement_subject: str = ""
    acknowledgement: str = ""


def wording(language: str | None, own: Mapping[str, Wording]) -> Wording:
    """The texts in `language` (ISO 639-1, perhaps with a region), English where there are none."""
    code = (language or "").lower().replace("_", "-").partition("-")[0]
    shipped = SHIPPED.get(code)
    if shipped is None and code not in own:
        code, shipped = DEFAULT_LANGUAGE, SHIPPED[DEFAULT_LANGUAGE]
    told, base = own.get(code, Wording()), shipped or SHIPPED[DEFAULT_LANGUAGE]
    return Wording(*(getattr(told, name) or getattr(base, name) for name in Wording.__struct_fields__))


def acknowledging(own: Mapping[str, Wording], messages: Mapping[str, Message]) -> dict[str, Wording]:
    """`own` with the policy's words for an acknowledgement in their place."""
    told = dict(own)
    for code, message in messages.items():
        before = told.get(code, Wording())
        told[code] = replace(
            before,
            acknowledgement_subject=message.subject or before.acknowledgement_subject,
            acknowledgement=message.text or before.acknowledgement,
        )
    return told


def filled(text: str, values: Mapping[str, str]) -> str:
    """`text` with its placeholders filled in; braces that are none of ours stay as they are."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


SHIPPED: dict[str, Wording] = {
    "en": Wording(
        "How did we handle your complaint?",
        """Hello,

your complaint to {house} was closed recently. Were you satisfied with how we handled it? One short question, which
takes less than a minute:

{link}

Is something still open? Then simply reply to this mail.

{house}

You do not want to be asked any more? Write to {leave}""",
        "We have received your message",
        """Hello,

we have received your message, and a person will read it. You do not have to do anything.

Your reference: {reference}

{house}

This mail was written automatically.""",
    ),
    "de": Wording(
        "Wie haben wir Ihre Beschwerde bearbeitet?",
        """Guten Tag,

Ihre Beschwerde bei {house} wurde vor Kurzem abgeschlossen. Waren Sie damit zufrieden, wie wir sie bearbeitet haben?
Eine kurze Frage, die weniger als eine Minute braucht:

{link}

Ist noch etwas offen? Dann antworten Sie einfach auf diese Mail.

{house}

Sie möchten nicht mehr gefragt werden? Schreiben Sie an {leave}""",
        "Wir haben Ihre Nachricht erhalten",
        """Guten Tag,

wir haben Ihre Nachricht erhalten, und ein Mensch wird sie lesen. Sie müssen nichts weiter tun.

Ihr Zeichen: {reference}

{house}

Diese Mail wurde automatisch geschrieben.""",
    ),
    "fr": Wording(
        "Comment avons-nous traité votre réclamation ?",
        """Bonjour,

votre réclamation auprès de {house} a été clôturée récemment. Êtes-vous satisfait de la façon dont nous l’avons
traitée ? Une seule question, qui prend moins d’une minute :

{link}

Il reste un point à régler ? Répondez simplement à ce message.

{house}

Vous ne souhaitez plus être interrogé ? Écrivez à {leave}""",
        "Nous avons bien reçu votre message",
        """Bonjour,

nous avons bien reçu votre message, et une personne va le lire. Vous n’avez rien d’autre à faire.

Votre référence : {reference}

{house}

Ce message a été rédigé automatiquement.""",
    ),
    "es": Wording(
        "¿Cómo hemos tratado su reclamación?",
        """Hola:

Su reclamación a {house} se ha cerrado hace poco. ¿Está satisfecho con la forma en que la hemos tratado? Una sola
pregunta, de menos de un minuto:

{link}

¿Queda algo pendiente? Responda simplemente a este mensaje.

{house}

¿No desea recibir más preguntas? Escriba a {leave}""",
        "Hemos recibido su mensaje",
        """Hola:

Hemos recibido su mensaje y una persona lo va a leer. No tiene que hacer nada más.

Su referencia: {reference}

{house}

Este mensaje se ha escrito automáticamente.""",
    ),
    "pt": Wording(
        "Como tratámos a sua reclamação?",
        """Olá,

a sua reclamação junto de {house} foi encerrada há pouco. Ficou satisfeito com a forma como a tratámos? Uma única
pergunta, de menos de um minuto:

{link}

Ainda há algo por resolver? Basta responder a esta mensagem.

{house}

Não quer receber mais perguntas? Escreva para {leave}""",
        "Recebemos a sua mensagem",
        """Olá,

recebemos a sua mensagem e uma pessoa vai lê-la. Não precisa de fazer mais nada.

A sua referência: {reference}

{house}

Esta mensagem foi escrita automaticamente.""",
    ),
    "it": Wording(
        "Come abbiamo gestito il suo reclamo?",
        """Buongiorno,

il suo reclamo a {house} è stato chiuso di recente. È soddisfatto di come lo abbiamo gestito? Una sola domanda, che
richiede meno di un minuto:

{link}

C’è ancora qualcosa in sospeso? Risponda semplicemente a questo messaggio.

{house}

Non desidera ricevere altre domande? Scriva a {leave}""",
        "Abbiamo ricevuto il suo messaggio",
        """Buongiorno,

abbiamo ricevuto il suo messaggio e una persona lo leggerà. Non deve fare altro.

Il suo riferimento: {reference}

{house}

Questo messaggio è stato scritto automaticamente.""",
    ),
    "nl": Wording(
        "Hoe hebben wij uw klacht behandeld?",
        """Goedendag,

uw klacht bij {house} is onlangs afgesloten. Bent u tevreden over hoe wij die hebben behandeld? Eén korte vraag, die
minder dan een minuut kost:

{link}

Is er nog iets niet opgelost? Beantwoord dan gewoon deze mail.

{house}

Wilt u geen vragen meer ontvangen? Schrijf naar {leave}""",
        "Wij hebben uw bericht ontvangen",
        """Goedendag,

wij hebben uw bericht ontvangen en een mens zal het lezen. U hoeft verder niets te doen.

Uw kenmerk: {reference}

{house}

Deze mail is automatisch geschreven.""",
    ),
    "pl": Wording(
        "Jak rozpatrzyliśmy Państwa reklamację?",
        """Dzień dobry,

Państwa reklamacja w {house} została niedawno zamknięta. Czy są Państwo zadowoleni ze sposobu, w jaki ją
rozpatrzyliśmy? Jedno krótkie pytanie, które zajmie mniej niż minutę:

{link}

Czy coś pozostało nierozwiązane? Wystarczy odpowiedzieć na tę wiadomość.

{house}

Nie chcą Państwo otrzymywać więcej pytań? Prosimy napisać na adres {leave}""",
        "Otrzymaliśmy Państwa wiadomość",
        """Dzień dobry,

otrzymaliśmy Państwa wiadomość i przeczyta ją człowiek. Nie muszą Państwo nic więcej robić.

Państwa numer sprawy: {reference}

{house}

Ta wiadomość została napisana automatycznie.""",
    ),
    "ru": Wording(
        "Как мы рассмотрели вашу жалобу?",
        """Здравствуйте!

Ваша жалоба, направленная в {house}, недавно была закрыта. Довольны ли вы тем, как мы её рассмотрели? Один короткий
вопрос, который займёт меньше минуты:

{link}

Остались нерешённые вопросы? Просто ответьте на это письмо.

{house}

Не хотите больше получать вопросы? Напишите на адрес {leave}""",
        "Мы получили ваше сообщение",
        """Здравствуйте!

Мы получили ваше сообщение, его прочитает сотрудник. Больше ничего делать не нужно.

Номер вашего обращения: {reference}

{house}

Это письмо написано автоматически.""",
    ),
    "sl": Wording(
        "Kako smo obravnavali vašo pritožbo?",
        """Pozdravljeni,

vaša pritožba pri {house} je bila pred kratkim zaključena. Ste zadovoljni s tem, kako smo jo obravnavali? Eno kratko
vprašanje, ki vzame manj kot minuto:

{link}

Je še kaj odprtega? Preprosto odgovorite na to sporočilo.

{house}

Ne želite več prejemati vprašanj? Pišite na {leave}""",
        "Prejeli smo vaše sporočilo",
        """Pozdravljeni,

prejeli smo vaše sporočilo in prebral ga bo človek. Ni vam treba storiti ničesar več.

Vaša referenčna številka: {reference}

{house}

To sporočilo je bilo napisano samodejno.""",
    ),
    "zh": Wording(
        "您对我们处理投诉的方式满意吗？",
        """您好！

您向{house}提出的投诉最近已经结案。您对我们的处理方式满意吗？只有一个简短的问题，不到一分钟即可完成：

{link}

还有未解决的问题吗？请直接回复本邮件。

{house}

如果您不想再收到此类邮件，请写信至 {leave}""",
        "我们已收到您的来信",
        """您好！

我们已收到您的来信，将由工作人员阅读。您无需再做任何事情。

您的编号：{reference}

{house}

本邮件由系统自动发送。""",
    ),
    "ja": Wording(
        "苦情への対応はいかがでしたか",
        """お客様

{house}にお寄せいただいた苦情への対応が、先日完了いたしました。対応にご満足いただけましたか。1分もかからない
簡単な質問が一つだけございます。

{link}

まだ解決していないことがございましたら、このメールにそのままご返信ください。

{house}

今後このような質問をご希望でない場合は、こちらまでご連絡ください：{leave}""",
        "メッセージを受け付けました",
        """お客様

メッセージを受け付けました。担当者が内容を確認いたします。お客様のほうで必要な手続きはございません。

受付番号：{reference}

{house}

このメールは自動で送信されています。""",
    ),
}
