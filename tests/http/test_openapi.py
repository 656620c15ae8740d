"""The document is the one that is checked in, and what the views answer is what it says."""

from __future__ import annotations

import json
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.test import Client
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config.wsgi import application
from docs.make_openapi import PLACE, document
from moderation import api as facade
from moderation.http.problems import STATUS, status_of
from moderation.http.v1.service import api
from tests.http.servers import Caller
from tests.pictures import encode, scene

pytestmark = pytest.mark.django_db(transaction=True)
SCHEMA = schemathesis.openapi.from_wsgi("/v1/openapi.json", application)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 15


def test_the_document_is_checked_in() -> None:
    assert PLACE.read_text(encoding="utf-8") == document(), "run python docs/make_openapi.py"


def test_the_document_is_served_to_everybody() -> None:
    answer = Client().get("/v1/openapi.json")

    assert answer.status_code == 200
    assert answer.json() == json.loads(document())


def test_every_operation_names_its_problems_and_wants_a_key() -> None:
    for path, operations in api.get_openapi_schema(path_prefix="v1/")["paths"].items():
        for method, operation in operations.items():
            assert operation["security"] == [{"KeyAuth": []}], (method, path)
            assert {401, 403, 422, 429, 503} <= set(operation["responses"]), (method, path)


@pytest.mark.parametrize("kind", STATUS)
def test_every_problem_has_a_status_and_a_stable_code(kind: type) -> None:
    assert status_of(kind()) == STATUS[kind]


@pytest.fixture
def key() -> str:
    """Return a key that may do everything, where there is something to do."""
    facade.ban(encode(scene(1)))
    caller = Caller("screen", "upload", "curate", lower=True)
    caller.raw("/v1/uploads", encode(scene(1)))
    return caller.key.token


@SCHEMA.parametrize()
@hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
def test_no_request_is_a_500_and_answers_are_as_described(case: Any, key: str) -> None:
    response = case.call(headers={"Authorization": f"Bearer {key}"})

    case.validate_response(response, checks=CHECKS)
