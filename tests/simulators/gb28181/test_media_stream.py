"""What a media session sends, taken apart as a program stream."""

import asyncio

from protocols.mpeg_ps.conformance import judge_program_stream
from simulators.camera.encoders import ClipSpec
from simulators.camera.gb28181.media import MediaStream, StreamPlan
from simulators.camera.gb28181.pictures import ClipPictures, CodedPicture, clip_of
from simulators.camera.sound import make_sound

_HEADER = 12
_LEFT_OUT = 5


class _Kept:
    """A carrier that keeps the program stream."""

    def __init__(self) -> None:
        self.stream = bytearray()

    def send(self, header: bytes, payload: bytes) -> None:
        assert len(header) == _HEADER
        self.stream += payload

    def report(self, data: bytes) -> None:
        assert data

    def flush(self) -> None:
        """Nothing is gathered."""

    def close(self) -> None:
        """Nothing is open."""


class _Breathless:
    """Pictures of a head that leaves some out after every fifth one, told only once it is coded."""

    def __init__(self, source: ClipPictures) -> None:
        self._source = source
        self._given = 0
        self._late = 0.0

    def due(self) -> float:
        return self._source.due() + self._late

    async def next_picture(self) -> CodedPicture:
        self._given += 1
        if self._given % 5 == 0:
            self._late += _LEFT_OUT / 25
        taken = self.due()
        picture = await self._source.next_picture()
        return CodedPicture(picture.data, picture.key, taken)

    def force_key(self) -> None:
        self._source.force_key()


async def test_the_stream_clock_never_goes_back_where_pictures_were_left_out():
    clip = await clip_of(ClipSpec(width=320, height=180, fps=25, seconds=1.0, gop=25))
    carrier, over = _Kept(), asyncio.Event()
    plan = StreamPlan(ssrc=1, payload_type=96, codec="H264", end=1.5)
    stream = MediaStream(
        plan, _Breathless(ClipPictures(clip)), make_sound("PCMA"), lambda: 1_800_000_000.0
    )
    stream.start(carrier, over.set)
    async with asyncio.timeout(20):
        await over.wait()
    await stream.stop()
    found = {one.code for one in judge_program_stream(bytes(carrier.stream))}
    assert "ps-clock-backwards" not in found, found
    assert len(carrier.stream) > 10_000
