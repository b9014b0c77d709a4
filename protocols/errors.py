"""The one error that a parser may raise on what a peer sent."""


class ProtocolError(ValueError):
    """The peer's bytes break the protocol: their fault, never the harness's.

    The text says what and where, without the bytes of secrets.
    """
