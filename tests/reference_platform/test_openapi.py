"""The API's description is complete and true: schemathesis asks everything, and nothing breaks.

Every operation is asked with valid and with invalid requests, half of them naming things that are
there. No answer may be our own fault, and each must be as the description says.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import hypothesis
import requests
import schemathesis
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from reference_platform.platform import Platform
from tests.reference_platform.conftest import People, StartPlatform
from tests.reference_platform.platforms import PASSWORD, Client

AnyOperation = APIOperation[Any, Any, Any, Any]
AnyCase = Case[Any]
EXAMPLES = 5
DEVICE, GATE = "34020000001320000001", "34020000001310000001"
LAST = ("/api/me/password", "/api/logout")
CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]


async def furnish(admin: Client) -> dict[str, str]:
    """One of everything; what a path parameter's name stands for."""
    made = {"device": DEVICE, "channel": GATE, "role": "viewer"}
    await admin.ok("POST", "/api/devices", {"id": DEVICE, "name": "Gate"})
    await admin.ok("POST", "/api/channels", {"id": GATE, "device": DEVICE, "name": "Gate"})
    for name, body in (
        ("organisation", {"name": "Area"}),
        ("user", {"name": "one", "password": PASSWORD, "roles": ["viewer"]}),
        ("customer", {"name": "Community"}),
    ):
        made[name] = (await admin.ok("POST", f"/api/{name}s", body))["id"]
    contract = {"customer": made["customer"], "channels": [GATE]}
    made["service"] = (await admin.ok("POST", "/api/services", contract))["id"]
    return made


class Inspector:
    """Asks one platform, from a thread."""

    def __init__(self, platform: Platform, token: str, made: Mapping[str, str]) -> None:
        self.base = platform.https_url
        self.authority = str(platform.certificate.authority)
        self.token = token
        self.made = made
        self.statuses: Counter[int] = Counter()
        self.failures: list[str] = []

    def inspect(self, description: dict[str, Any]) -> None:
        """Ask every operation."""
        schema = schemathesis.openapi.from_dict(description)
        with requests.Session() as session:
            session.trust_env = False
            for operation in sorted(_operations(schema), key=lambda each: each.path in LAST):
                for mode in GenerationMode:
                    self._ask(operation, mode, session)

    def _ask(
        self, operation: AnyOperation, mode: GenerationMode, session: requests.Session
    ) -> None:
        turn = itertools.count()

        @hypothesis.settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: AnyCase) -> None:
            if next(turn) % 2:
                self._name_what_is_there(case)
            answer = case.call(
                base_url=self.base,
                session=session,
                headers={"Authorization": f"Bearer {self.token}"},
                timeout=20,
                verify=self.authority,
            )
            self.statuses[answer.status_code] += 1
            assert answer.status_code < 500 or answer.status_code == 503, (
                case.as_curl_command(),
                answer.text,
            )
            case.validate_response(answer, checks=CHECKS)

        try:
            ask()
        except hypothesis.errors.Unsatisfiable:
            return  # nothing can be wrong with a request that has no parts
        except (AssertionError, BaseExceptionGroup) as failure:
            self.failures.append(f"{operation.label}: {_words(failure)}")

    def _name_what_is_there(self, case: AnyCase) -> None:
        for name in case.path_parameters or {}:
            for word, identifier in self.made.items():
                if word in name:
                    case.path_parameters[name] = identifier
        if isinstance(case.body, dict) and "version" in case.body:
            case.body["version"] = 1
        if "version" in (case.query or {}):
            case.query["version"] = 1


def _words(failure: BaseException) -> str:
    if isinstance(failure, BaseExceptionGroup):
        return "; ".join(_words(each) for each in failure.exceptions)
    return str(failure)


def _operations(schema: Any) -> Iterator[AnyOperation]:
    for each in schema.get_all_operations():
        yield each.ok()


async def test_everything_answers_as_described(new_platform: StartPlatform, client: People) -> None:
    load_all_checks()
    platform = await new_platform()
    admin = await client(platform)
    made = await furnish(admin)
    description = await admin.ok("GET", "/api/openapi.json")
    inspector = Inspector(platform, admin.token, made)
    await asyncio.to_thread(inspector.inspect, description)
    assert "\n\n".join(inspector.failures) == "", inspector.statuses
    done = sum(count for status, count in inspector.statuses.items() if status < 300)
    assert done > 60, inspector.statuses
    assert inspector.statuses.total() > 400, inspector.statuses
    again = await client(platform)
    assert (await again.ok("GET", "/api/audit/verify"))["intact"]
