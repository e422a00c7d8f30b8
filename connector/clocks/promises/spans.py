"""Where a text names a date or a time of day, in the words of one language. Called by `finding`.

One regular expression a language, put together from its book. Texts are lower case, with plain apostrophes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from connector.clocks.promises.book import Book, End, Unit

FIGURES = r"(?<![\w.,:/-])"  # where a figure may begin
NO_MORE = r"(?![\d/:%€$£])(?![.,-]\d)"
ORDINAL = r"(?:\.|-?(?:st|nd|rd|th|er|ere|го|ого|е|ое|ego)\b|º|°|ª)?"
OF = r"(?:\s*(?:of|de|del|d')(?=\s|\d|\w))?"
NEVER = r"(?!)"
ONE = (Unit.HOUR, Unit.WEEK, Unit.MONTH)  # "within the hour", "в течение недели": of these, no number is one
# A day with a word that may be a month's in a form that no book lists; dateparser is asked for it.
UNKNOWN_MONTH = rf"(?P<words>{FIGURES}\d{{1,2}}{ORDINAL}{OF}\s+[^\W\d_]{{3,}}\.?(?:\s+\d{{4}}(?!\d))?)"


class Span(msgspec.Struct, frozen=True):
    """A date or time of day as it is named, characters `start` to `end`. `parts` are the pieces by their names;
    `latest` says that it is a limit ("by Friday"), `bare` that no preposition leads to it."""

    start: int
    end: int
    parts: dict[str, str]
    latest: bool
    bare: bool


def any_of(words: Iterable[str], *, spaced: bool) -> str:
    """A pattern for any of these words, the longest first; one that never matches where there are none."""
    listed = sorted(set(words), key=len, reverse=True)
    if not listed:
        return NEVER
    inner = "|".join(_pattern(word) for word in listed)
    return rf"(?<!\w)(?:{inner})(?!\w)" if spaced else f"(?:{inner})"


def _pattern(word: str) -> str:
    return re.escape(word.lower()).replace(r"\ ", r"\s+").replace(r"\*", r"\w*")


class Grammar:
    """A book made ready to search in; built once, and shared by threads."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.spaced = book.spaced
        gap = r"\s+" if book.spaced else r"\s*"
        self._gap = gap
        self.latest = re.compile(self._any((*book.by, *book.by_after)))
        self.within = re.compile(self._any(book.within))
        self.limit = re.compile(self._any((*book.by, *book.by_after, *book.within, *book.within_after)))
        self._named = {
            f"{kind}_{number}": re.compile(self._any(words, whole=True))
            for kind, groups in (("weekday", book.weekdays), ("month", book.months))
            for number, words in enumerate(groups)
        }
        self._units = {unit: re.compile(self._any(words, whole=True)) for unit, words in book.units.items()}
        self._ends = {end: re.compile(self._any(words, whole=True)) for end, words in book.ends.items()}
        self._relative = [(re.compile(_pattern(word)), days) for word, days in book.relative.items()]
        self._numbers = [(re.compile(_pattern(word)), number) for word, number in book.numbers.items()]
        self.morning, self.afternoon = (re.compile(self._any(words)) for words in (book.morning, book.afternoon))
        self.pattern = re.compile(self._whole())

    def _any(self, words: Iterable[str], *, whole: bool = False) -> str:
        found = any_of(words, spaced=self.spaced)
        return rf"\A(?:{found})\Z" if whole else found

    # -- the pattern -----------------------------------------------------------------------------------------------

    def _whole(self) -> str:
        book, gap = self.book, self._gap
        lead = rf"(?:(?:{self._any((*book.by, *book.on, *book.articles, *book.within, *book.at))}){gap}){{0,4}}"
        after = rf"(?P<after>(?:\s*(?:{self._any((*book.by_after, *book.within_after))}))+)?"
        lead_in = self._any((*book.by, *book.on, *book.at, *book.articles))
        times = [self._time(name) for name in ("a", "b", "c")]
        between = rf"\s*,?\s*(?:(?:{lead_in})\s*){{0,3}}"
        # "close of business on Friday", "18h de hoje": an end or an hour of a day that is named with it.
        closing = self._any(book.ends.get(End.DAY, ()))
        dated = rf"(?:(?:{times[0]}|{closing}){between})?(?:{self._date()})(?:{between}(?:{times[1]}|{closing}))?"
        return rf"(?P<lead>{lead})(?:{dated}|(?:(?:{self._any(book.at)}){gap})?{times[2]}){after}"

    def _date(self) -> str:
        book = self.book
        weekday = self._any(word for words in book.weekdays for word in words)
        articles = rf"(?:(?:{self._any((*book.articles, *book.on))})\s+)?"
        figures = "|".join((self._written(), self._in_figures()))
        with_weekday = rf"(?:(?:{weekday})\s*[,(]?\s*{articles})?(?:{figures})"
        found = (with_weekday, self._length(), self._weekday(weekday), self._ends_pattern(), self._day())
        return "|".join((*found, UNKNOWN_MONTH) if self.spaced else found)

    def _weekday(self, weekday: str) -> str:
        book, gap = self.book, self._gap
        week = self._any(book.next_week)
        joint = rf"(?:{self._any((*book.on, *book.articles))}{gap})?"
        before = rf"(?:(?P<week_before>{week})\s*,?\s*{joint})?(?:(?P<next>{self._any(book.next)})\s*)?"
        coming = rf"(?:(?P<coming>{self._any(book.coming)})\s*)?"
        behind = (
            rf"(?:\s*(?:(?P<week_behind>{week})|(?P<next_behind>{self._any(book.next)})|{self._any(book.coming)}))?"
        )
        return rf"{before}{coming}(?P<weekday>{weekday}){behind}"

    def _day(self) -> str:
        return rf"(?P<relative>{self._any(self.book.relative)})"

    def _length(self) -> str:
        number = rf"(?:\d{{1,3}}|{self._any(self.book.numbers)})"
        to = rf"\s*(?:-|–|~|〜|～|{self._any(self.book.to)})\s*"
        figure = FIGURES if self.spaced else r"(?<![\d.,:/])"
        unit = self._any(word for words in self.book.units.values() for word in words)
        if self.spaced:
            unit = unit.removeprefix(r"(?<!\w)")
        counted = rf"{figure}(?:(?P<fewest>{number}){to})?(?P<number>{number})\s*-?\s*(?P<unit>{unit})"
        few = (word for one in ONE for word in self.book.units.get(one, ()))
        return rf"{counted}|(?P<lone>{self._any(few)})" if self.spaced else counted

    def _ends_pattern(self) -> str:
        return rf"(?P<end>{self._any(word for words in self.book.ends.values() for word in words)})"

    def _written(self) -> str:
        month = self._any(word for words in self.book.months for word in words)
        year = r"(?:,?\s*(?:de\s+|del\s+)?(?P<{}>\d{{4}})(?!\d))?"
        day_first = rf"(?<!\d)(?P<day_a>\d{{1,2}}){ORDINAL}{OF}\s*(?P<month_a>{month}){year.format('year_a')}"
        month_first = (
            rf"(?P<month_b>{month})\s+(?:the\s+)?(?P<day_b>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:.h]){year.format('year_b')}"
        )
        return "|".join((day_first, month_first) if self.spaced else (day_first,))

    def _in_figures(self) -> str:
        signs = re.escape(self.book.separators)
        iso = r"(?P<iso>(?<!\d)\d{4}-\d{1,2}-\d{1,2}(?!\d))"
        sign = r"\s?[./-]\s?"
        full = rf"{FIGURES}(?P<first>\d{{1,2}}){sign}(?P<second>\d{{1,2}}){sign}(?P<year>\d{{4}}|\d{{2}}){NO_MORE}"
        short = rf"{FIGURES}(?P<first_s>\d{{1,2}})(?:[{signs}]\s?)(?P<second_s>\d{{1,2}})\.?{NO_MORE}"
        ideographic = r"(?:(?P<year_i>\d{4})\s*年\s*)?(?:(?P<month_i>\d{1,2})\s*月\s*)(?P<day_i>\d{1,2})\s*[日号號]"
        return "|".join((iso, full, short, ideographic))

    def _time(self, name: str) -> str:
        book = self.book
        noon = rf"(?<!-)(?P<noon_{name}>{self._any(book.noon)})"  # "après-midi" is none
        mark = self._any((*book.hour, *book.morning, *book.afternoon)).removeprefix(r"(?<!\w)")
        part = rf"(?:(?P<part_{name}>{self._any((*book.morning, *book.afternoon))})\s*)?"
        begin = FIGURES if self.spaced else r"(?<![\d.,:/])"
        minutes = rf"(?:[:h](?P<minute_{name}>\d{{2}})(?!\d)|\s*[点時时點]\s*(?P<minute_i_{name}>\d{{1,2}})分)"
        dotted = rf"(?:[.](?P<minute_d_{name}>\d{{2}}))?"
        marked = rf"{dotted}[.]?\s*(?P<mark_{name}>{mark}(?:\s*{self._any((*book.morning, *book.afternoon))})?)"
        clock = rf"{part}{begin}(?P<hour_{name}>\d{{1,2}})(?:{minutes}(?:\s*(?P<mark_m_{name}>{mark}))?|{marked})"
        return f"(?:{noon}|{clock})"

    # -- reading ---------------------------------------------------------------------------------------------------

    def spans(self, text: str) -> Iterator[Span]:
        """Every date or time that is named in `text`, in order."""
        for found in self.pattern.finditer(text):
            parts = {name: value for name, value in found.groupdict().items() if value}
            lead, after = parts.get("lead", ""), parts.get("after", "")
            length = "number" in parts or "lone" in parts
            # "3 days ago" and "for 3 days" are no promises: a length of time needs the word that makes it a limit.
            if length and not self.limit.search(f"{lead}\x00{after}"):
                continue
            if "lone" in parts and not self.within.search(lead):
                continue
            if not lead.strip() and not after.strip() and ("first_s" in parts or "words" in parts):
                continue  # a part number, or three of something
            start = found.start() + len(lead) - len(lead.lstrip())
            latest = length or "end" in parts or bool(self.latest.search(f"{lead}\x00{after}"))
            yield Span(start, found.end(), parts, latest, bare=not lead.strip() and not after.strip())

    def number_of(self, kind: str, word: str) -> int:
        """Which weekday (Monday 0) or month (January 0) the word is."""
        return next(
            int(name.rpartition("_")[2])
            for name, one in self._named.items()
            if name.startswith(kind) and one.match(word)
        )

    def unit_of(self, word: str) -> Unit:
        return next(unit for unit, pattern in self._units.items() if pattern.match(word))

    def end_of(self, word: str) -> End:
        return next(end for end, pattern in self._ends.items() if pattern.match(word))

    def days_of(self, word: str) -> int:
        """How many days after the reply."""
        return next(days for pattern, days in self._relative if pattern.fullmatch(word))

    def amount_of(self, word: str) -> int:
        if word.isdecimal():
            return int(word)
        return next(number for pattern, number in self._numbers if pattern.fullmatch(word))
