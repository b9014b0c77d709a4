import asyncio
import contextlib
import itertools
import ssl

import pytest

from protocols.errors import ProtocolError
from protocols.http_digest import DigestGuard
from protocols.time_source import VirtualTime
from simulators.camera import rtsp_session
from simulators.certificates import authority_file
from tests.simulators.rtsp_bench import player, serving, small_state, watch
from tests.simulators.rtsp_player import Player


async def test_a_session_from_options_to_teardown():
    state = small_state()
    async with serving(state), player(state) as client:
        url = client.url("/main")
        options = await client.ask("OPTIONS", url)
        assert "GET_PARAMETER" in options.header("Public")
        _description, session = await client.open()
        named = ("Session", session)
        assert (await client.ask("PLAY", url, named)).header("RTP-Info").count("rtptime=") == 2
        assert (await client.ask("GET_PARAMETER", url, named)).status == 200
        assert (await client.ask("SET_PARAMETER", url, named)).status == 200
        assert (await client.ask("PAUSE", url, named)).status == 200
        client.frames.clear()
        assert (await client.ask("TEARDOWN", url, named)).status == 200
        assert (await client.ask("PLAY", url, named)).status == 454
        assert all(len(frame.data) < 200 for _arrival, frame in client.frames)


async def test_pictures_come_25_times_a_second_with_a_key_picture_first():
    played = await watch(small_state(), 2.0)
    pictures = played.pictures()
    assert 48 <= len(pictures) <= 54
    steps = {(b[1] - a[1]) & 0xFFFFFFFF for a, b in itertools.pairwise(pictures)}
    assert steps == {3600}
    assert pictures[0][2][0][0] & 31 == 7
    numbers = [packet.sequence for _arrival, packet in played.packets[0]]
    assert all((b - a) & 0xFFFF == 1 for a, b in itertools.pairwise(numbers))
    assert played.packets[0][-1][1].marker or len(pictures[-1][2]) > 0


async def test_sender_reports_tell_the_cameras_own_clock():
    clock = VirtualTime(1_000_000_000.5)
    played = await watch(small_state(clock=clock), 0.5)
    arrival, report = played.reports[0][0]
    first_arrival, first = played.packets[0][0]
    assert report.ntp_time == pytest.approx(1_000_000_000.5, abs=1e-6)
    ticks = (first.timestamp - report.rtp_timestamp + (1 << 31)) % (1 << 32) - (1 << 31)
    assert abs(ticks / 90_000 - (first_arrival - arrival)) < 0.05


async def test_sound_runs_beside_the_picture():
    played = await watch(small_state(), 1.0)
    packets = [packet for _arrival, packet in played.packets[1]]
    assert played.description.media[1].rtpmap(8).encoding == "PCMA"
    assert 23 <= len(packets) <= 28
    assert (packets[1].timestamp - packets[0].timestamp) & 0xFFFFFFFF == 320
    assert len(packets[0].payload) == 320


async def test_a_wrong_password_is_refused_and_an_anonymous_client_challenged():
    state = small_state()
    async with serving(state):
        address, port = state.address, state.ports["rtsp"]
        for password, challenges in (("wrong", 1), ("", 1)):
            async with Player(address, port, "admin", password) as client:
                answer = await client.ask("DESCRIBE", client.url("/main"))
                assert answer.status == 401
                assert len(answer.all_headers("WWW-Authenticate")) == challenges


async def test_an_old_nonce_is_told_stale_and_the_client_may_go_on():
    state = small_state()
    async with serving(state) as server, player(state) as client:
        server._guard = DigestGuard("Tantou camera", nonce_seconds=-1)
        answer = await client.ask("DESCRIBE", client.url("/main"))
        assert "stale=true" in answer.header("WWW-Authenticate")


async def test_sha256_is_offered_first_and_serves():
    state = small_state("sha256-digest")
    async with serving(state), player(state) as client:
        await client.open()
        assert client.challenge.algorithm == "SHA-256"


@pytest.mark.parametrize("how", ["defect", "state"])
async def test_anonymous_streams(how):
    state = small_state(*(["anonymous-rtsp"] if how == "defect" else []))
    state.anonymous_rtsp = how == "state"
    async with serving(state), Player(state.address, state.ports["rtsp"]) as client:
        assert (await client.ask("DESCRIBE", client.url("/main"))).status == 200


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("DESCRIBE", "/nothing", (), 404),
        ("SETUP", "/main/trackID=0", (), 400),
        ("SETUP", "/main/trackID=0", (("Transport", "RTP/AVP;multicast"),), 461),
        ("SETUP", "/main/trackID=0", (("Transport", "RTP/AVP;client_port=x"),), 400),
        ("SETUP", "/main/trackID=0", (("Transport", "RTP/AVP/TCP"), ("Session", "1")), 454),
        ("PLAY", "/main", (), 454),
        ("RECORD", "/main", (), 501),
        ("GET_PARAMETER", "/main", (), 200),
    ],
)
async def test_requests_that_cannot_be_served(method, path, headers, status):
    state = small_state()
    async with serving(state), player(state) as client:
        assert (await client.ask(method, client.url(path), *headers)).status == status


async def test_udp_is_refused_where_only_tcp_is_spoken():
    state = small_state("tcp-only")
    udp = ("Transport", "RTP/AVP;unicast;client_port=40000-40001")
    async with serving(state), player(state) as client:
        answer = await client.ask("SETUP", client.url("/main/trackID=0"), udp)
        assert answer.status == 461
        await client.open()


async def test_udp_ends_with_a_goodbye_and_frees_its_ports():
    state = small_state()
    loop = asyncio.get_running_loop()
    received: list[bytes] = []

    class Ear(asyncio.DatagramProtocol):
        def datagram_received(self, data, _source):
            received.append(data)

    rtcp, _ = await loop.create_datagram_endpoint(Ear, local_addr=("127.10.0.1", 0))
    port = rtcp.get_extra_info("sockname")[1]
    async with serving(state), player(state) as client:
        udp = ("Transport", f"RTP/AVP;unicast;client_port={port - 1}-{port}")
        client.writer.close()
        client.reader, client.writer = await asyncio.open_connection(
            state.address, state.ports["rtsp"], local_addr=("127.10.0.1", 0)
        )
        answer = await client.ask("SETUP", client.url("/main/trackID=0"), udp)
        named = ("Session", answer.header("Session").partition(";")[0])
        assert "server_port=" in answer.header("Transport")
        await client.ask("PLAY", client.url("/main"), named)
        await asyncio.sleep(0.3)
        await client.ask("TEARDOWN", client.url("/main"), named)
        await asyncio.sleep(0.05)
    rtcp.close()
    assert received[0][1] == 200
    assert received[-1][-8:-6] == b"\x81\xcb"


async def test_a_silent_udp_client_is_dropped(monkeypatch):
    monkeypatch.setattr(rtsp_session, "TIMEOUT_S", 0.5)
    state = small_state()
    async with serving(state), player(state) as client:
        await client.play("/main", 0.1)
        with pytest.raises(ConnectionResetError):
            await client.listen(3.0)


async def test_rtsps_shows_a_certificate_of_this_process_and_no_udp():
    state = small_state("rtsps-only")
    context = ssl.create_default_context(cafile=str(authority_file()))
    async with serving(state):
        assert state.ports["rtsp"] == 0
        client = Player(state.address, state.ports["rtsps"], state.user, state.password)
        client.reader, client.writer = await asyncio.open_connection(
            state.address, state.ports["rtsps"], ssl=context
        )
        udp = ("Transport", "RTP/AVP;unicast;client_port=40000-40001")
        answer = await client.ask("SETUP", client.url("/main/trackID=0"), udp)
        assert answer.status == 461
        played = await client.play("/main", 0.3)
        assert played.pictures()
        client.writer.close()


async def test_a_camera_that_refuses_opens_no_port():
    state = small_state("rtsp-refuses")
    async with serving(state):
        assert state.ports["rtsp"] == 0


async def test_garbage_is_no_rtsp():
    state = small_state("rtsp-garbage")
    async with serving(state), player(state) as client:
        with pytest.raises((ProtocolError, ConnectionResetError)):
            await client.ask("OPTIONS", client.url("/main"))


async def test_the_endless_header_reaches_the_readers_bound():
    state = small_state("rtsp-endless-header")
    async with serving(state), player(state) as client:
        with pytest.raises(ProtocolError, match="65536"):
            await client.ask("OPTIONS", client.url("/main"))


async def test_the_wrong_length_keeps_a_client_waiting():
    state = small_state("rtsp-wrong-content-length")
    async with serving(state), player(state) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await client.ask("DESCRIBE", client.url("/main"))


async def test_a_stalled_stream_answers_play_and_sends_nothing():
    state = small_state("stall-after-play")
    async with serving(state), player(state) as client:
        _description, session = await client.open()
        url = client.url("/main")
        assert (await client.ask("PLAY", url, ("Session", session))).status == 200
        with pytest.raises(TimeoutError):
            await client.listen(0.5)


async def test_what_is_no_rtsp_closes_the_connection_and_serves_the_next():
    state = small_state()
    async with serving(state):
        reader, writer = await asyncio.open_connection(state.address, state.ports["rtsp"])
        writer.write(b"\x16\x03\x01\x02\x00" * 10)
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
        async with player(state) as client:
            assert (await client.ask("OPTIONS", "*")).status == 200
