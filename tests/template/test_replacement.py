"""Checks that no deployment replaces what people refer to from outside the stack."""

import json
import subprocess

import pytest

from test_translation import ROOT, resources

UUID = {"Uuid": {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}}
LOGS = "the former log group would stay outside the stack, and queries that name it would find nothing new"
PINNED = {
    "OperatorPolicy": ({}, "operators would keep the former policy, and CloudFormation cannot delete it while it is attached"),
    "Api": ({"ProtocolType": "HTTP"}, "the API would get another address, and every published URL that contains it would break"),
    "Table": (
        {"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]},
        "the service would start with an empty table",
    ),
    "FunctionLogs": ({"LogGroupName": {"Fn::Sub": ["/release-links/${AWS::StackName}/${Uuid}/function", UUID]}}, LOGS),
    "AccessLogs": (
        {"LogGroupName": {"Fn::Sub": ["/aws/vendedlogs/release-links/${AWS::StackName}/${Uuid}/access", UUID]}}, LOGS,
    ),
    "Domain": ({"DomainName": {"Ref": "DomainName"}}, "the DNS record would point to a target that no longer exists"),
}
"""By resource, the properties whose change replaces it, with their values, and why it must not be replaced."""


@pytest.fixture(scope="module")
def create_only():
    """By type, the properties whose change replaces a resource."""
    types = sorted({resources()[name]["Type"] for name in PINNED})
    command = [ROOT / ".tools/sam/bin/python", ROOT / "tests/template/create_only.py", *types]
    return json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


@pytest.mark.parametrize("name", PINNED)
def test_no_deployment_replaces_what_people_refer_to(create_only, name):
    resource = resources()[name]
    names = create_only[resource["Type"]]
    assert names, f"cfn-lint knows no property of {resource['Type']} whose change replaces the resource"
    values, reason = PINNED[name]
    found = {key: value for key, value in resource["Properties"].items() if key in names}
    assert found == values, f"this change would replace {name}: {reason}"


def test_every_resource_of_a_type_that_people_refer_to_is_pinned():
    types = {resources()[name]["Type"] for name in PINNED}
    assert {name for name, resource in resources().items() if resource["Type"] in types} == set(PINNED)
