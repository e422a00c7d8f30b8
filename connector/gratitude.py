"""Whether a message only says thanks: such a one after a resolution asks for nothing, and opens nothing again.

Pure. Called by `timeline` for short messages of customers. On purpose it knows few words: a message with one word more
("thanks, still broken") counts as a message like any other.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 120

# What has to be said at least once, in the languages that Amends tells apart.
_THANKING = """
thank thanks thankyou thx ty cheers appreciated
danke dankeschon dankesehr vielen dank
bedankt dank dankjewel dankuwel
merci remerciements
gracias agradezco
grazie ringrazio
obrigado obrigada obg valeu
спасибо благодарю спс
dziekuje dzieki dziekujemy
hvala zahvaljujem
"""
# What may stand beside it.
_POLITE = """
you so much very a lot many again for your the all help support quick fast reply answer response service great perfect
excellent brilliant lovely super wonderful ok okay good got it received works working fine now that s is was best kind
warm regards wishes have nice day evening weekend everything sorted solved and i we really hi hello dear team to
schon sehr herzlichen fur ihre die das der hilfe schnelle antwort und alles gut jetzt geht funktioniert hat geklappt
super toll prima klasse mfg viele grusse liebe freundliche mit freundlichen grussen schonen tag ihnen euch nochmals
je u wel hartelijk voor uw de snelle hulp antwoord goed gelukt top groet groeten vriendelijke met fijne dag
beaucoup bien mille pour votre l aide reponse rapide c est parfait tres super cordialement bonne journee et a vous
muchas muchisimas por su tu la ayuda respuesta rapida perfecto genial todo bien saludos cordiales un saludo y buen dia
mille molte tante per il vostro aiuto la risposta rapida perfetto ottimo tutto bene saluti cordiali buona giornata e
muito muita pela ajuda resposta rapida tudo certo bem perfeito otimo cumprimentos abraco bom dia e a todos
большое огромное вам за помощь ответ быстрый все хорошо отлично супер заработало работает с уважением и очень
bardzo serdecznie za pomoc szybka odpowiedz wszystko dobrze swietnie super dziala pozdrawiam i milego dnia
najlepsa lepa za pomoc hiter odgovor vse v redu super odlicno deluje lep pozdrav dan in vam
"""
_ALONE = re.compile(
    "^(?:(?:非常|太|多|十分)?(?:感谢|感謝|谢谢|謝謝|谢啦|多谢|多謝)(?:你们?|您|妳)?(?:的)?(?:帮助|幫助|回复|回覆|支持)?(?:了|啦|啊|哦|呀)?|好的?|收到|解决了|没问题了|"
    "(?:どうも|本当に|誠に|大変|ご対応|ご返信|迅速な)*(?:いただき|くださり)?(?:ありがとう(?:ございました|ございます)?|助かりました|感謝(?:します|いたします|しております)?)|"
    "了解(?:です|しました)?|承知(?:しました|いたしました)?)+$"
)
_SAYS_THANKS = re.compile("感谢|感謝|谢|謝|ありがとう|助かり")
_THANKS = frozenset(_THANKING.split())
_ALLOWED = _THANKS | frozenset(_POLITE.split())
_WORDS = re.compile(r"[^\W\d_]+")
_MARKS = re.compile(r"[\s\W_]+")


def only_thanks(text: str | None) -> bool:
    """Whether `text` says thanks and nothing else: no question, no figure, no word that might ask for something."""
    if not text or len(text) > LONGEST or "?" in text or any(character.isdigit() for character in text):
        return False
    if _SAYS_THANKS.search(text):
        return _ALONE.match(_MARKS.sub("", text)) is not None
    bare = "".join(one for one in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(one))
    words = _WORDS.findall(bare)
    return bool(words) and not _THANKS.isdisjoint(words) and _ALLOWED.issuperset(words)
