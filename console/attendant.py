"""The person at the vendor's client, asked step by step at the terminal."""

from __future__ import annotations

import asyncio
import getpass
import sys
from collections.abc import Callable

from messages import default_language, text
from targets.platform.attended import Reply, Task

_SKIP = ("", "-", "?")
_WORDS = {
    "done": ("y", "yes", "done", "ok", "是", "好", "完成", "已完成"),
    "refused": ("n", "no", "refused", "否", "拒绝", "被拒绝"),
    "absent": ("x", "absent", "none", "没有", "无此功能"),
}


class ConsoleAttendant:
    """Asks at the terminal, one task at a time; an empty answer leaves the task open.

    Args:
        read: shows a question and gives the line that was typed.
        lang: of the questions.
    """

    def __init__(self, read: Callable[[str], str], lang: str) -> None:
        self._read = read
        self._lang = lang
        self._turn = asyncio.Lock()
        self._who = ""

    @classmethod
    def of_this_process(cls) -> ConsoleAttendant | None:
        """At this terminal, ``None`` when nobody sits at it."""
        if not (sys.stdin and sys.stdin.isatty()):
            return None
        return cls(input, default_language())

    async def ask(self, task: Task) -> Reply | None:
        """See ``targets.platform.attended.Attendant``."""
        async with self._turn:
            return await asyncio.to_thread(self._asked, task)

    def _asked(self, task: Task) -> Reply | None:
        if not self._who:
            self._who = self._read(text("attended.who", self._lang)).strip() or getpass.getuser()
        parameters = dict(task.parameters)
        if "kind" in parameters:
            parameters["kind"] = text(f"attended.kind.{parameters['kind']}", self._lang)
        question = text(task.key, self._lang, **parameters)
        if task.secret is not None:
            question += " " + text("attended.password", self._lang, word=task.secret.reveal())
        hint = text(f"attended.expects.{task.expects}", self._lang)
        typed = self._read(f"{question}\n{hint} ").strip()
        if typed in _SKIP:
            return None
        if task.expects != "done":
            return Reply(typed.strip("'\""), self._who)
        return next(
            (
                Reply(answer, self._who)
                for answer, words in _WORDS.items()
                if typed.lower() in words
            ),
            None,
        )
