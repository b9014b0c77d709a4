"""Whether a survey report was given for this site (5.1-a): it names the site and has a date.

Quantity ``survey-given``: ``conforms``, or spoilt where the report is of another site or tells no
day. Read from the words of xlsx, docx and csv; what cannot be read as text (a scan, a pdf) gives no
measurement, and the word of whoever looked at it stands alone.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterable, Iterator

from assessment.measurement import Measurement
from assessment.tables import TablesError, read_words
from probes.papers.judging import Paper, PaperJudgement, named

INSTRUMENT = "survey-given/1"
QUANTITY = "survey-given"
_DAY = re.compile(r"(?<!\d)(20\d{2})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?!\d)")
_LEAST_NAME = 2
#: Not for reading: a picture, a pdf, an old file of Office.
_NO_TEXT = ("not-a-table-file", "old-format")


def measure_survey_given(paper: Paper, names: Iterable[str]) -> Measurement | None:
    """Judge whether ``paper`` is a dated report on the site known by ``names``.

    ``names`` are the site's name and the ids and names of its points; one of them is enough.
    ``None`` where the file has no text that can be read.
    """
    judgement = PaperJudgement(QUANTITY, INSTRUMENT)
    try:
        words = [_plain(word) for word in read_words(paper.file.read())]
    except TablesError as error:
        if error.code in _NO_TEXT:
            return None
        judgement.doubts.append(error.reason(QUANTITY))
        return judgement.measurement(paper)
    text = "\n".join(words)
    wanted = [name for name in names if len(_plain(name)) >= _LEAST_NAME]
    found = [name for name in wanted if _plain(name) in text]
    days = sorted(_days(words))
    looked = paper.ended.date()
    judgement.details |= {"named": found[:5], "days": [day.isoformat() for day in days[:5]]}
    if not found:
        judgement.doubt("other-site", names=named(wanted))
    if not days:
        judgement.doubt("undated")
    elif days[0] > looked:
        judgement.doubt("dated-later", day=days[0].isoformat(), looked=looked.isoformat())
    return judgement.measurement(paper)


def _plain(word: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", word)).casefold()


def _days(words: Iterable[str]) -> Iterator[datetime.date]:
    for word in words:
        for parts in _DAY.findall(word):
            try:
                yield datetime.date(*map(int, parts))
            except ValueError:
                continue
