"""What a hostile or broken device sends instead of an answer."""

from __future__ import annotations

import asyncio
import contextlib
import random

from aiohttp import web

from simulators.behaviours import defect, variant
from simulators.camera.state import CameraState

REFUSES = defect("onvif-refuses", "The ONVIF ports are closed.")
GARBAGE = defect("onvif-garbage", "ONVIF answers are bytes without meaning.")
ENDLESS = defect("onvif-endless-xml", "An ONVIF answer goes on without end.")
WRONG_LENGTH = defect("onvif-wrong-length", "ONVIF answers are shorter than their Content-Length.")
STALLS = defect("onvif-stalls", "ONVIF requests are taken and never answered.")
ENTITY_BOMB = defect("onvif-entity-bomb", "ONVIF answers are a document type of nested entities.")
SLOW = variant("slow-answers", "Each ONVIF answer takes 0.8 s.")

SLOW_S = 0.8
_XML = "application/soap+xml; charset=utf-8"
_MISSING_BYTES = 4096
_ENVELOPE = b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
_ENTITIES = "".join(
    f'<!ENTITY level{level} "{f"&level{level - 1};" * 10}">' for level in range(1, 10)
)
_BOMB = (
    f'<?xml version="1.0"?><!DOCTYPE bomb [<!ENTITY level0 "boom">{_ENTITIES}]>'
    f"{_ENVELOPE.decode()}<bomb>&level9;</bomb></s:Body></s:Envelope>"
)


async def misbehave(request: web.BaseRequest, state: CameraState) -> web.StreamResponse | None:
    """Answer in a hostile way if the state says so, else None after the delay it asks for."""
    if state.has(STALLS):
        await asyncio.Event().wait()
    if state.has(GARBAGE):
        noise = random.Random(state.point).randbytes(2048)
        return web.Response(body=noise, headers={"Content-Type": _XML})
    if state.has(ENTITY_BOMB):
        return web.Response(body=_BOMB.encode(), headers={"Content-Type": _XML})
    if state.has(ENDLESS):
        return await _endless(request)
    if state.has(SLOW):
        await asyncio.sleep(SLOW_S)
    return None


async def _endless(request: web.BaseRequest) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": _XML})
    response.force_close()
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        await response.write(_ENVELOPE)
        while True:
            await response.write(b"<more>and more</more>" * 400)
    return response


async def cut_short(request: web.BaseRequest, whole: web.Response) -> web.StreamResponse:
    """Send a response whose Content-Length promises more than follows, then close."""
    body = whole.body if isinstance(whole.body, bytes) else b""
    response = web.StreamResponse(status=whole.status, headers=whole.headers)
    response.content_length = len(body) + _MISSING_BYTES
    response.force_close()
    await response.prepare(request)
    await response.write(body)
    return response
