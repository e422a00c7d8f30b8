"""What machines write into subjects and texts, by language, and what they call themselves: patterns. Data only.

Called by `automatic`. A subject is matched from its start, without "Re:": a person who answers a machine's mail keeps
its subject behind a prefix of their own.
"""

from __future__ import annotations

import re

ROBOT = re.compile(
    r"(?:mailer[-_.]?daemon|postmaster|mail[-_.]?delivery(?:[-_.]?(?:subsystem|system|service))?|mdaemon"
    r"|mail[-_]?system"
    r"|microsoftexchange[0-9a-f]{20,}|bounces?(?:[+=-].*)?|mailerdaemon|uucp|maildaemon|autoreply|auto-reply"
    r"|auto-responder|maiser|mail[-_.]?administrator|mdelivery"
    r"|autoresponder|.*-bounces)$",
    re.IGNORECASE,
)
ROBOT_NAME = re.compile(
    r"\W*(?:(?:internet )?mail delivery(?: (?:sub)?system| service| agent)?|mailer[- ]?daemon|post ?master"
    r"|mail administrator|mail system|e-?mail delivery(?: system)?|(?:microsoft )?exchange(?: server)?)\W*$",
    re.IGNORECASE,
)
NO_REPLY = re.compile(r"(?:.*[._-])?(?:no|not|do[-_.]?not)[-_.]?(?:reply|respond|antwort)(?:[._+-].*)?$", re.IGNORECASE)
BOUNCE_SUBJECT = re.compile(
    r"(?:[\[*\s]*)(?:(?:mail )?delivery (?:status )?(?:notification|failure|failed|has failed|problem|report"
    r"|error|delayed)"
    r"|undeliver(?:able|ed)|returned (?:mail|e-?mail|message)|mail (?:delivery|system) (?:failed|error|failure"
    r"|subsystem)|mail (?:could not be|was not|not) delivered|mail failed|postmaster notify|e-?mail undeliverable"
    r"|non[- ]?delivery (?:report|notice|notification)|message not delivered|address (?:not found|unknown)"
    r"|failure notice|delivery failure|message (?:delivery )?(?:status|failure)|message (?:undeliverable"
    r"|not delivered)"
    r"|warning: (?:could not send|message).{0,60}(?:delayed|past)|non[- ]?deliver(?:able|y)|nondeliverable"
    r"|could not (?:send|deliver)|error sending|mail failure"
    r"|unzustellbar|nicht zustellbar|unable to deliver|non remis|échec de (?:la )?remise"
    r"|notification d['’]échec|no se puede entregar"
    r"|notificaci[oó]n de (?:estado|error) de entrega|mensaje no entregado|não (?:foi )?entregue"
    r"|mancato recapito|recapito non"
    r"|niet afgeleverd|onbestelbaar|niedostarczon|nie(?:doręczon)|недоставлен|не доставлен"
    r"|ni (?:bilo )?dostavljen|nedostavljiv|退信|系统退信"
    r"|配信不能|配送できません|メールが届|returned to sender|permanent delivery failure|user unknown|rejected mail)",
    re.IGNORECASE,
)
# Only what no person puts at the start of a subject: "Absence de livraison", "On holiday with you" and "Auto: Mangel"
# are complaints. So the general words need the colon, or the end, that machines put behind them.
AWAY_SUBJECT = re.compile(
    r"[\[*<(\s]*(?:"
    r"(?:automatic[- ]?(?:reply|response|answer)|auto(?:mated)?[- ]?(?:reply|response|responder|answer)"
    r"|vacation[- ](?:reply|message|response|notice)|ooo|automatische (?:antwort|rückantwort|e-?mail-?antwort)"
    r"|autom\. antwort|autoantwort|abwesend|abwesenheit|réponse automatique|reponse automatique|absence"
    r"|respuesta autom[aá]tica|ausencia|resposta autom[aá]tica|ausência|risposta automatica|assenza"
    r"|automatisch(?:e)? antwoord|automatische reactie|afwezig(?:heid)?|odpowied[źz] automatyczna"
    r"|automatyczna odpowied[źz]|autoodpowied[źz]|nieobecno[śs][ćc]|автоматический ответ|автоответ|samodejni odgovor"
    r"|avtomatski odgovor|odsotnost|autosvar|automatiskt svar|automatisk svar|frånvaro|automaattinen vastaus"
    r"|automatikus válasz|automatická odpov[eě]ď|otomatik yanıt|răspuns automat"
    r"|自动回复|自動回覆|自動回復|自動返信|自動応答"
    r"|자동 응답)\s*(?:[:：\]>)-]|$)"
    r"|out[- ]of[- ](?:the[- ])?office|(?:away|absent) from (?:my|the) (?:desk|mail|office|e-?mail)"
    r"|auto: .{1,80}(?:out of (?:the )?office|abwesend|absent|is away)|abwesenheits(?:notiz|meldung|assistent|info)"
    r"|(?:message|avis|notification) d['’]absence|absence du bureau|je suis absent|fuera de (?:la )?oficina"
    r"|(?:aviso|mensaje) de ausencia|fora do escrit[oó]rio|aviso de ausência|fuori (?:sede|ufficio)|avviso di assenza"
    r"|afwezigheids(?:bericht|melding)|poza biurem|nieobecno[śs][ćc] w biurze|вне офиса|obvestilo o odsotnosti"
    r"|odsot(?:en|na) (?:do|iz|od)|外出中|不在のお知らせ|부재중)",
    re.IGNORECASE,
)
AWAY_TEXT = re.compile(
    r"out of (?:the )?office|on (?:vacation|holiday|annual leave|maternity|parental leave)|away from"
    r"|limited access to (?:my )?e?-?mail|i(?:'| a)m (?:currently )?away"
    r"|nicht im (?:büro|haus)|im urlaub|abwesend|außer haus|en congé|absent|en vacances|de vacaciones"
    r"|fuera de la oficina|de férias|ausente|in ferie|fuori ufficio|assente|met vakantie|afwezig"
    r"|na urlopie|nieobecn|в отпуске|отсутству|na dopustu|odsoten|odsotna|休假|外出|不在|休暇",
    re.IGNORECASE,
)
RECEIPT_SUBJECT = re.compile(
    r"(?:read|gelesen|lu|leído|leido|lida|lido|letto|gelezen|przeczytane|прочтено|prebrano|已读|開封済み|開封確認)\s?[:：]"
    r"|not read:|ungelesen gelöscht:|return receipt|disposition notification|lesebestätigung"
    r"|accusé de (?:lecture|réception)"
    r"|confirmación de lectura|confirmação de leitura|conferma di lettura|leesbevestiging"
    r"|potwierdzenie (?:odczyt|przeczyt)|уведомление о прочтении|potrdilo o branju",
    re.IGNORECASE,
)
REPLY_SUBJECT = re.compile(r"(?:re|aw|antw|sv|odp|ответ|回复|回覆|返信|rif|res)\s?(?:\[\d+\])?\s?[:：]", re.IGNORECASE)
ROBOT_TEXT = re.compile(
    r"(?:automatically|automatic(?:ally)? generated|auto-?generated|automated (?:message|response|reply|e-?mail"
    r"|notification))|do not reply|please don't reply"
    r"|automatisch (?:generiert|erstellt|erzeugt)|nicht auf diese|automatiquement|ne pas répondre"
    r"|automáticamente|no responda|automaticamente|non rispondere|não responda"
    r"|automatisch gegenereerd|niet (?:te )?(?:beantwoorden|reageren)|automatycznie|nie odpowiada|автоматически"
    r"|не отвечайте|samodejno|ne odgovarjajte|自动发送|请勿回复|自動送信|自動的|返信しないで",
    re.IGNORECASE,
)
