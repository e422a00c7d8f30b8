"""What staff of twelve countries write, with the day that it promises, or none. Read by `test_promises_books`.

All was written on Wednesday, 4 March 2026, at ten in the morning. Other sentences than those in the shipped books.
"""

from __future__ import annotations

# ruff: noqa: E501

PROMISED: dict[str, dict[str, str]] = {
    "en": {
        "Hi Anna,\n\nThanks for your patience. I've raised this with our warehouse and I'll have an update for you by close of business tomorrow.\n\nKind regards,\nBen": "2026-03-05",
        "Dear Mr Smith, we will credit your account before the end of the month.": "2026-03-31",
        "You will receive a full refund within 5-7 business days.": "2026-03-13",
        "I'll be in touch on Monday morning.": "2026-03-09",
        "Our engineer will be with you between 8 and 12 on Tuesday 10th March.": "2026-03-10",
        "We'll have this sorted by 3pm today": "2026-03-04",
        "We are going to send a replacement first thing tomorrow.": "2026-03-05",
        "I will personally see to it that you get a reply by Friday.": "2026-03-06",
        "Expect a call from us by Thursday": "2026-03-05",
        "We will get back to you within two working days": "2026-03-06",
        "Your case has been escalated and a manager will call you by the end of the day.": "2026-03-04",
    },
    "de": {
        "Guten Tag Frau Weber, wir melden uns spätestens morgen bei Ihnen.": "2026-03-05",
        "Die Gutschrift erhalten Sie innerhalb der nächsten 10 Tage.": "2026-03-14",
        "Ich werde mich bis Mittwoch nächster Woche bei Ihnen melden.": "2026-03-11",
        "Wir schicken Ihnen am Montag, den 9. März, ein neues Gerät.": "2026-03-09",
        "Bis zum 20.03.2026 haben Sie Ihr Geld zurück, das verspreche ich Ihnen.": "2026-03-20",
        "Sie bekommen bis Freitag Bescheid": "2026-03-06",
        "Unser Techniker kommt am Donnerstag zwischen 8 und 12 Uhr.": "2026-03-05",
    },
    "fr": {
        "Bonjour Madame, nous vous recontacterons d'ici vendredi soir.": "2026-03-06",
        "Votre remboursement sera effectué sous 48 heures.": "2026-03-06",
        "Je vous tiens informé d'ici demain midi.": "2026-03-05",
        "Vous aurez une réponse au plus tard le 20 mars.": "2026-03-20",
        "Nous reviendrons vers vous dans les 2 jours ouvrables.": "2026-03-06",
        "Nous vous rappelons lundi matin.": "2026-03-09",
    },
    "es": {
        "Hola Lucía, le daremos una respuesta antes del próximo viernes.": "2026-03-06",
        "Recibirás el paquete mañana antes de las 18:00.": "2026-03-05",
        "Nos comprometemos a resolverlo en 48 horas.": "2026-03-06",
        "Le escribiré el lunes sin falta.": "2026-03-09",
        "Su reembolso se hará efectivo en 3-5 días laborables.": "2026-03-11",
    },
    "pt": {
        "Olá João, entraremos em contacto consigo até amanhã.": "2026-03-05",
        "Até sexta-feira terá o valor na sua conta.": "2026-03-06",
        "Vou enviar a etiqueta até às 18h de hoje.": "2026-03-04",
        "Garantimos a entrega no dia 10 de março.": "2026-03-10",
        "O reembolso será feito em até 7 dias úteis.": "2026-03-13",
        "Respondo-lhe até segunda-feira.": "2026-03-09",
    },
    "it": {
        "Buongiorno, le faremo sapere entro domani sera.": "2026-03-05",
        "Il rimborso arriverà entro 3 giorni lavorativi.": "2026-03-09",
        "Vi ricontatteremo entro lunedì 9 marzo.": "2026-03-09",
        "Le prometto una risposta entro 24 ore.": "2026-03-05",
    },
    "nl": {
        "Beste mevrouw, we komen hier uiterlijk donderdag op terug.": "2026-03-05",
        "Het geld staat binnen drie werkdagen op uw rekening.": "2026-03-09",
        "Ik bel u vrijdagochtend terug.": "2026-03-06",
        "U ontvangt voor 20 maart een nieuwe factuur.": "2026-03-20",
    },
    "pl": {
        "Dzień dobry, odezwiemy się do jutra.": "2026-03-05",
        "Środki otrzyma Pan najpóźniej w piątek.": "2026-03-06",
        "Wyślemy zamiennik w przyszły poniedziałek.": "2026-03-09",
        "Do 15 wrz 2026 otrzymasz nową umowę.": "2026-09-15",
    },
    "ru": {
        "Здравствуйте! Мы свяжемся с вами до конца дня.": "2026-03-04",
        "Деньги вернутся на карту в течение 3-5 рабочих дней.": "2026-03-11",
        "Ответ вы получите не позднее пятницы.": "2026-03-06",
        "Я напишу вам в понедельник.": "2026-03-09",
        "Курьер будет у вас завтра до 18:00.": "2026-03-05",
    },
    "sl": {
        "Pozdravljeni, odgovor boste prejeli najkasneje do petka.": "2026-03-06",
        "Poklicali vas bomo jutri dopoldne.": "2026-03-05",
        "Nov izdelek vam pošljemo v ponedeljek, 9. marca.": "2026-03-09",
        "Denar bo na vašem računu v treh delovnih dneh.": "2026-03-09",
    },
    "zh": {
        "您好，我们会在今天下班前给您回复。": "2026-03-04",
        "退款将在3至5个工作日内到账。": "2026-03-11",
        "我们保证下周三之前把新的寄给您。": "2026-03-11",
        "我会在明天中午之前联系您": "2026-03-05",
    },
    "ja": {
        "お客様、明日中にご連絡いたします。": "2026-03-05",
        "来週水曜日までに代替品をお届けします。": "2026-03-11",
        "ご返金は3～5営業日以内に完了いたします。": "2026-03-11",
        "本日18時までに担当者よりお電話いたします。": "2026-03-04",
    },
}

NOT_PROMISED: dict[str, list[str]] = {
    "en": [
        "Could you let me know by Friday whether the replacement arrived?",
        "Our support line is open Monday to Friday, 9am to 5pm.",
        "I spoke to the carrier on Monday and they told me it will be delivered by Friday.",
        "Unfortunately we will not have stock before April.",
        "We will need the serial number by Friday to proceed.",
        "You will have 14 days to return the item.",
        "The warranty will be valid for 2 years.",
        "We'll close this ticket in 7 days if we don't hear from you.",
        "This ticket will be closed in 3 days.",
        "I will be out of the office until Monday, 9 March.",
        "Have a great weekend! We will always do our best.",
        "I will look into order 10-3 for you.",
        "On Tue, 3 March 2026 at 10:00 Jane wrote:\n> I will pay by Friday.",
        "We will call you on 020 7946 0018.",
        "You mentioned that the delivery would come by Thursday; I will check.",
    ],
    "de": [
        "Wir benötigen bis Freitag Ihre Rückmeldung.",
        "Unser Büro ist am Freitag geschlossen, wir werden danach antworten.",
        "Leider werden wir das bis Freitag nicht schaffen.",
        "Haben Sie am Freitag Zeit?",
        "Das Angebot gilt bis 31.03.2026.",
        "Ich bin bis Montag nicht im Büro.",
    ],
    "fr": [
        "Nous vous remercions de nous répondre avant vendredi.",
        "Vous disposez de 14 jours pour retourner l'article.",
        "Nous vous avons écrit lundi.",
        "Nous vous confirmons que le colis a été livré mardi.",
        "Je vous souhaite une bonne fin de semaine.",
    ],
    "es": [
        "Le rogamos que nos responda antes del viernes.",
        "Dispone de 14 días para devolver el artículo.",
        "Vamos a necesitar su factura antes del viernes.",
        "Le confirmo que se entregó el lunes.",
    ],
    "pt": [
        "Necessitamos da fatura até sexta-feira.",
        "Dispõe de 14 dias para devolver o artigo.",
        "Vamos encerrar este pedido em 7 dias se não responder.",
        "Na segunda-feira enviámos a fatura.",
    ],
    "it": [
        "Ha 14 giorni per restituire l'articolo.",
        "Le confermo che il pacco è arrivato lunedì.",
        "Saremo chiusi fino a lunedì.",
    ],
    "nl": [
        "U heeft 14 dagen om het artikel terug te sturen.",
        "We hebben u maandag een mail gestuurd.",
        "Ons kantoor is vrijdag gesloten.",
    ],
    "pl": [
        "Ma Pani 14 dni na zwrot towaru.",
        "W poniedziałek wysłaliśmy fakturę.",
        "Biuro będzie nieczynne do poniedziałku.",
    ],
    "ru": [
        "У вас есть 14 дней на возврат.",
        "В понедельник мы отправили вам счёт.",
        "Нам нужен ваш ответ до пятницы.",
    ],
    "sl": [
        "Za vračilo imate 14 dni.",
        "V ponedeljek smo vam poslali račun.",
        "Do petka potrebujemo vaš odgovor.",
    ],
    "zh": [
        "您有14天的时间退货。",
        "我们周一已经给您发了邮件。",
        "请您在周五前提供发票。",
    ],
    "ja": [
        "返品は14日以内にお願いいたします。",
        "月曜日にメールをお送りしました。",
        "金曜日はお休みをいただきます。",
    ],
}
