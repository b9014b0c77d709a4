"""What the platform refuses or cannot do, as a code with parameters; worded where it is read."""

from __future__ import annotations

from typing import Any


class PlatformError(Exception):
    """A refusal or failure that a user is told of.

    Attributes:
        code: key of the wording, ``platform.error.<code>`` in the message catalogue.
        status: HTTP status that fits it.
        parameters: of the wording; never a secret.
    """

    def __init__(self, code: str, status: int = 400, **parameters: Any) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.parameters = parameters


class Denied(PlatformError):  # noqa: N818  (a refusal, not a fault)
    """The asking user may not do this; says the same of what exists and of what does not."""

    def __init__(self, code: str = "access.denied", **parameters: Any) -> None:
        super().__init__(code, 403, **parameters)


class Conflict(PlatformError):  # noqa: N818
    """Somebody else's change, or the state of things, stands in the way."""

    def __init__(self, code: str, **parameters: Any) -> None:
        super().__init__(code, 409, **parameters)


class StartFailure(PlatformError):  # noqa: N818
    """The platform cannot start; the operator is told why, and nothing was changed."""

    def __init__(self, code: str, **parameters: Any) -> None:
        super().__init__(code, 503, **parameters)
