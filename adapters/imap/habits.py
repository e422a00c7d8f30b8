"""What mail clients write around quoted and forwarded text, by language: the words that `quotes` looks for. Data only.

Sources: replies and forwards as Gmail, Outlook (desktop, web, mobile), Apple Mail, Thunderbird, Yahoo, Lotus Notes, the
Bat, mail.ru, QQ and NetEase write them in English, German, French, Spanish, Portuguese, Italian, Dutch, Polish,
Russian, Ukrainian, Slovene, Croatian, Czech, Slovak, Swedish, Danish, Norwegian, Finnish, Hungarian, Romanian, Turkish,
Greek, Chinese, Japanese and Korean.
"""

from __future__ import annotations

import re


def _any(words: str) -> str:
    """A pattern for any of `words`, which stand between bars; the longest first, so that none hides another."""
    unique = dict.fromkeys(" ".join(word.split()) for word in words.split("|"))
    return "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in sorted(unique, key=len, reverse=True))


# "On … <name> wrote:" in words; the verb may stand at the end or, as in German, in the middle. Of several words it is
# the last that counts ("a écrit"), without the endings for both genders ("napisał(a)").
WROTE = frozenset(
    """wrote writes said schrieb schreibt geschrieben écrit ecrit écrivait escribió escribio escrito escribe escreveu
    escrevéu scritto scrive scriveva schreef geschreven napisał napisała pisze писал писала написал написала пишет пише
    написав написала napisal napisala piše pisao napisao napsal napsala napísal napísala píše skrev följande følgende
    kirjoitti írta scris yazdı έγραψε viết menulis написа rašė rakstīja kirjutas escriure เขียนว่า כתב كتب""".split()  # noqa: SIM905
)
WROTE_WITHOUT_SPACES = ("写道", "寫道", "书写道", "書きました", "のメール", "작성", "の投稿", "より")

OPENERS = _any(
    """On|At|In|Am|Den|Le|Wiadomość napisana przez|El|Em|Il|In data|Op|W dniu|Dnia|Dňa|Dne|В|On|Dne|Dana|U|Den
    |På|Pe|În|Στις|Στις|El día|Em|No dia
    |Tarihinde|Il giorno|Il|Em|Quoting|Citando|Zitat von|В письме от|Від|Пт|Чт|Ср|Вт|Пн|Сб|Вс|Na|V|Vo|Ons|Tor|Fre
    |在|於|于|Vào|Pada|На|ในวันที่|בתאריך|في|Kontakt"""
)  # fmt: skip

_HEADER_WORDS = {
    "from": """From|Von|De|Da|Van|Od|От|От кого|Від|Från|Fra|Lähettäjä|Feladó|Kimden|Gönderen|Pošiljatelj|De la|Από
        |Expéditeur|Remitente|Remetente|Mittente|Afzender|Absender|发件人|寄件者|寄件人|差出人|送信者
        |From(差出人)|보낸 사람|מאת|من|Từ|Dari|จาก|Nuo|No|Saatja""",
    "date": """Sent|Date|Gesendet|Gesendet am|Datum|Envoyé|Envoyé le|Enviado|Enviado el|Enviado em|Enviada em
        |Enviado a las|Fecha|Data|Inviato|Inviato il|Verzonden|Verzonden op|Wysłano|Wysłane|Data wysłania
    |Отправлено|Дата
        |Надіслано|Poslano|Odesláno|Odoslané|Skickat|Skickad|Sendt|Dato|Lähetetty|Päivämäärä|Päiväys|Küldve|Elküldve
        |Dátum|Gönderildi|Gönderilen|Tarih|Trimis|Dată|Ημερομηνία|Στάλθηκε|发送时间|发送日期|日期|寄件日期|傳送日期
        |送信日時|日時|送信日|日付|보낸 날짜|날짜|Date(日時)
        |נשלח|תאריך|تم الإرسال|تاريخ|Đã gửi|Ngày|Terkirim|Dikirim|Tanggal
        |Изпратено|ส่ง|Išsiųsta|Nosūtīts|Saadetud""",
    "to": """To|An|À|A|Para|Aan|Do|Кому|Komu|Za|Till|Til|Vastaanottaja|Címzett|Kime|Alıcı|Către|Prima|Προς
    |Destinataire
        |Destinatario|Destinatário|Empfänger|收件人|收件者|宛先|받는 사람|To(宛先)|אל|إلى|Tới|Đến|Kepada|До
        |ถึง|Kam|Saaja""",
    "subject": """Subject|Betreff|Objet|Sujet|Asunto|Assunto|Oggetto|Onderwerp|Temat|Тема|Zadeva|Predmet
    |Předmět|Ämne
        |Emne|Aihe|Tárgy|Konu|Subiect|Θέμα|主题|主題|主旨|标题|件名|제목|Subject(件名)
        |נושא|الموضوع|Chủ đề|Subjek|Относно
        |เรื่อง|Temats|Teema""",
    "other": """Cc|Bcc|Kopie|Copie|Copia|Cópia|Kopia|Kopi|Kopio|Копия|Kp|Másolatot kap|Bilgi|Reply-To|Antwort an
        |Antwoord aan|Répondre à|Responder a|Risposta|Rispondi a|Ответить на|Odpowiedz do|Importance|Priority
    |Wichtigkeit
        |Attachments|Anlagen|Anhänge|Pièces jointes|Bijlagen|Organization|Message-ID|抄送|副本|附件|返信先""",
}  # fmt: skip

HEADER_KINDS: dict[str, str] = {
    word.strip().lower(): kind for kind, words in _HEADER_WORDS.items() for word in words.split("|")
}

# Between lines of dashes: "-----Original Message-----". A forward is told apart from a reply by its own words.
ORIGINAL = _any(
    """Original Message|Original Mail|Original E-mail|Original Email|Original-Nachricht|Ursprüngliche Nachricht
    |Originalnachricht|Ursprüngliche Mail|Ursprüngliche E-Mail|Original-Mail|Message d'origine|Message d’origine
    |Message original|Message initial|Mensaje original|Mensaje Original|Mensagem original|Mensagem Original
    |Messaggio originale|Messaggio Originale|Oorspronkelijk bericht|Oorspronkelijke bericht
    |Origineel bericht|Wiadomość oryginalna|Oryginalna wiadomość|Treść oryginalnej wiadomości|Исходное сообщение
    |Оригинальное сообщение|Первоначальное сообщение|Izvirno sporočilo|Prvotno sporočilo|Originalno sporočilo
    |Izvorna poruka|Původní zpráva|Původní e-mail|Pôvodná správa|Ursprungligt meddelande|Originalmeddelande
    |Oprindelig meddelelse|Opprinnelig melding|Original meddelelse|Alkuperäinen viesti|Eredeti üzenet|Mesaj original
    |Orijinal Mesaj|Özgün İleti|Αρχικό μήνυμα|原始邮件|原邮件|原始郵件|原始信件|元のメッセージ
    |Original Message 元のメッセージ|Original Appointment|Ursprünglicher Termin|Rendez-vous d'origine|Cita original
    |원본 메시지|Reply Message|Reply message|Antwort|回复邮件"""
)  # fmt: skip
FORWARDED = _any(
    """Forwarded message|Forwarded Message|Forward Message|Forwarded by|Forwarded mail|Begin forwarded message
    |Start forwarded message|Weitergeleitete Nachricht|Anfang der weitergeleiteten Nachricht|Weitergeleitet von
    |Beginn der weitergeleiteten Nachricht|Weitergeleitete Mail|Anfang der weitergeleiteten E-Mail
    |Message transféré|Début du message transféré|Message réexpédié|Début du message réexpédié|Transféré par
    |Mensaje reenviado|Inicio del mensaje reenviado|Comienzo del mensaje reenviado|Mensagem reencaminhada
    |Mensagem encaminhada|Início da mensagem encaminhada|Início da mensagem reencaminhada|Messaggio inoltrato
    |Inizio messaggio inoltrato|Messaggio Inoltrato|Doorgestuurd bericht|Begin doorgestuurd bericht
    |Doorgezonden bericht|Wiadomość przekazana dalej|Przekazana wiadomość|Przesłana dalej wiadomość
    |Początek przekazywanej wiadomości|Treść przekazanej wiadomości|Wiadomość przesłana dalej
    |Пересылаемое сообщение|Пересланное сообщение|Начало пересылаемого сообщения|Переадресованное сообщение
    |Конец пересылаемого сообщения|Posredovano sporočilo|Začetek posredovanega sporočila|Proslijeđena poruka
    |Přeposlaná zpráva|Preposlaná správa|Vidarebefordrat meddelande|Vidarebefordrat mail|Videresendt meddelelse
    |Videresendt melding|Videresendt besked|Edelleenlähetetty viesti|Välitetty viesti|Továbbított üzenet
    |Mesaj redirecționat|Mesaj redirectionat|Yönlendirilmiş ileti|İletilmiş mesaj|Προωθημένο μήνυμα|转发的邮件
    |转发邮件|轉寄郵件|轉寄的郵件|Forwarded Message 转发|以下是转发的邮件|下記のメールを転送します|転送されたメッセージ
    |転送メッセージ|転送|전달된 메시지"""
)  # fmt: skip

# Lines that phones and free mail services put below what a person wrote. Each is a whole line, or starts one.
SENT_FROM = _any(
    """Sent from my|Sent from|Sent via|Sent on|Sent using|Sent with|Sent by|Get Outlook for|Get BlueMail for
    |Von meinem|Gesendet von|Gesendet mit|Gesendet mit der|Gesendet vom|Diese Nachricht wurde von meinem
    |Holen Sie sich Outlook für
    |Outlook für iOS|Von unterwegs gesendet|Envoyé de mon|Envoyé depuis|Envoyé à partir de|Envoyé de|Envoyé avec
    |Téléchargez Outlook pour|Obtenez Outlook pour|Provenance : Courrier|Enviado desde|Enviado con
    |Obtener Outlook para
    |Enviado do meu|Enviado a partir de|Enviado de|Enviado via|Enviado pelo|Enviada do meu|Obter o Outlook para
    |Inviato da
    |Inviato dal|Inviato con|Ottieni Outlook per|Scarica Outlook per|Verzonden vanaf|Verzonden vanuit
    |Verstuurd vanaf
    |Verstuurd met|Verzonden met|Verzonden via|Outlook voor iOS|Outlook voor Android downloaden|Wysłane z
    |Wysłano z|Wysłano za pomocą
    |Pobierz program Outlook|Pobierz aplikację Outlook|Отправлено с|Отправлено из|Отправлено с помощью|Надіслано з
    |Poslano z|Poslano iz|Poslano s|Pridobite Outlook|Odesláno z|Odoslané z|Skickat från|Skickades från
    |Hämta Outlook
    |Sendt fra|Sendt via|Hent Outlook|Skaffa Outlook|Lähetetty|Küldve|Elküldve|Trimis de pe|iPhone'umdan gönderildi
    |Στάλθηκε από|发自我的|从我的|发自|來自我的|從我的|传送自|傳送自|iPhoneから送信|iPadから送信
    |からの送信|내 iPhone에서 보냄
    |Mit freundlichen Grüßen von meinem|Sendt min|Cordialement envoyé|나의|Enviat des del meu|נשלח מ|أُرسلت من|مرسل من
    |Được gửi từ|Dikirim dari|Изпратено от|Sent while mobile|Sent on the go|Sent while on the move|ส่งจาก|Išsiųsta iš
    |Nosūtīts no|Saadetud minu"""
)  # fmt: skip

REPLY_PREFIXES = frozenset(
    "re aw antw sv vs odp ответ отв відп odg r ris rif res resp réf ref rép 回复 回覆 答复 答覆 返信 ynt απ vá bls"  # noqa: SIM905
    " odpověď odpoveď ad".split()
)
FORWARD_PREFIXES = frozenset(
    "fw fwd wg tr rv enc i inoltrato doorst pd fs vb vl vidarebefordrat пересл 转发 轉寄 轉發 転送 ilt πρθ továbbítás"  # noqa: SIM905
    " posr preposl přep 전달".split()
)
# What is described above in full: the languages that `amends mail parse` tells apart.
LANGUAGES = frozenset("en de fr es pt it nl pl ru sl zh ja".split())  # noqa: SIM905
