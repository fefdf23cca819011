"""Checks that the API's description is a valid OpenAPI document."""

import json

from openapi_spec_validator import OpenAPIV31SpecValidator

from conftest import DOCUMENT


def test_the_description_is_valid_openapi_3_1():
    document = json.loads(DOCUMENT.read_text())
    assert document["openapi"].startswith("3.1.")
    errors = OpenAPIV31SpecValidator(document).iter_errors()
    assert [f"{error.json_path}: {error.message}" for error in errors] == []
