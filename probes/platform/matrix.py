"""What the standard's three levels say of each operation of an interface, and of its answers.

Nothing here knows what a platform calls its rights: an operation belongs to a level by what it does
(4.3.3.6-c): managing the system, working its functions, or reaching its data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from assessment.recording import Recording
from probes.platform.reading import mappings

Level = Literal["data-access", "system-function", "system-management", ""]
LEVELS: tuple[Level, ...] = ("data-access", "system-function", "system-management")
#: By what an operation does; the first that fits. "" is open to whoever is logged in.
_BY_SHAPE: tuple[tuple[str, Level], ...] = (
    (r"^\w+ /api/live/\{\w+\}/viewers", "system-management"),
    (r"^\w+ /api/recordings/storage", "system-management"),
    # Lists of what is one's own, and a ticket, which is worth what its redeeming gives.
    (r"^(GET /api/downloads(/history)?|GET /api/playbacks|\w+ /api/tickets)$", ""),
    (r"^\w+ /api/(live|recordings|device-recordings|playbacks|downloads)\b", "data-access"),
    (r"^(live|playback)$", "data-access"),
    (r"^(POST|PUT|PATCH|DELETE) /api/channels/\{\w+\}/(control|presets)", "system-function"),
    (r"^(POST|PUT|PATCH|DELETE) /api/patrols", "system-function"),
    (r"^(POST|PUT|PATCH|DELETE) /api/(channels|organisations)", "system-management"),
    (r"^\w+ /api/(devices|users|roles|audit|services|customers)\b", "system-management"),
    (r"^\w+ /api/(network|security|alarms|upper-platforms|watermarks)\b", "system-management"),
)
#: One may end or follow what one has begun oneself; whose it is shows in the visit of crossings.
_OF_ONES_OWN = re.compile(r"/api/(playbacks|downloads)/\{")


@dataclass(frozen=True)
class Cell:
    """One operation asked by somebody.

    Attributes:
        who: a level, ``no-role``, ``nobody``, ``suspended``, ``expired``, ``only-...``.
        operation: ``GET /api/things/{id}``.
        about: ``own``, ``sibling``, ``foreign``, or "" where it names no camera.
        status: of HTTP, 0 when no answer came.
    """

    who: str
    operation: str
    about: str
    status: int

    @property
    def level(self) -> Level:
        """The level of rights that the operation belongs to."""
        if _OF_ONES_OWN.search(self.operation):
            return ""
        return next((level for shape, level in _BY_SHAPE if re.search(shape, self.operation)), "")

    @property
    def names_camera(self) -> bool:
        """Whether the operation is about one camera, and not a list of all."""
        return bool(self.about) and ("{" in self.operation or self.level == "data-access")

    @property
    def passed(self) -> bool:
        """Whether it was let through: carried out, or failed for a reason other than rights."""
        return 200 <= self.status < 400 or self.status in (409, 416) or 500 <= self.status < 600

    @property
    def denied(self) -> bool:
        """Whether it was refused, or what it names is not there for whoever asks."""
        return self.status in (401, 403, 404, 410, 423)


def cells_of(recording: Recording) -> Iterator[Cell]:
    """The cells of a ``platform:rights`` recording."""
    for one in mappings(recording.facts.get("cells")):
        status: Any = one.get("status")
        yield Cell(
            str(one.get("as", "")),
            str(one.get("operation", "")),
            str(one.get("about", "")),
            status if isinstance(status, int) else 0,
        )
