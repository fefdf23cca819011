"""Checks edge.yaml. Tests of the service send requests through what it describes."""

import json
import subprocess

import pytest

from test_translation import ROOT

CODES_THAT_CLOUDFRONT_KEEPS = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504]
"""The errors for which a distribution can say how long it keeps them."""
READ = "import json, sys; from samcli.yamlhelper import yaml_parse; json.dump(yaml_parse(sys.stdin.read()), sys.stdout)"


@pytest.fixture(scope="module")
def edge():
    command, text = [ROOT / ".tools/sam/bin/python", "-c", READ], (ROOT / "edge.yaml").read_text()
    return json.loads(subprocess.run(command, input=text, capture_output=True, check=True, text=True).stdout)


@pytest.fixture(scope="module")
def distribution(edge):
    return edge["Resources"]["Distribution"]["Properties"]["DistributionConfig"]


def test_everything_passes_over_https_with_all_methods_and_headers(distribution):
    [kept] = distribution["CacheBehaviors"]
    passing = distribution["DefaultCacheBehavior"]
    assert {key for key in kept if kept[key] != passing.get(key)} == {"PathPattern", "CachePolicyId"}
    assert kept["PathPattern"] == "/*/-/releases/*"
    assert kept["ViewerProtocolPolicy"] == "https-only"
    assert kept["AllowedMethods"] == ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
    all_viewer_except_host_header, caching_disabled = "b689b0a8-53d0-40ab-baf2-68738e2966ac", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert (passing["OriginRequestPolicyId"], passing["CachePolicyId"]) == (all_viewer_except_host_header, caching_disabled)
    [origin] = distribution["Origins"]
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert (distribution["HttpVersion"], distribution["IPV6Enabled"]) == ("http2and3", True)
    assert distribution["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"


def test_the_function_alone_says_how_long_an_answer_is_kept(edge, distribution):
    policy = edge["Resources"]["CachePolicy"]["Properties"]["CachePolicyConfig"]
    # The service's parameters allow as much as a day.
    assert (policy["MinTTL"], policy["DefaultTTL"], policy["MaxTTL"]) == (0, 0, 86400)
    errors = {response["ErrorCode"]: response["ErrorCachingMinTTL"] for response in distribution["CustomErrorResponses"]}
    assert errors == dict.fromkeys(CODES_THAT_CLOUDFRONT_KEEPS, 0)


def test_the_log_has_no_query_no_referrer_and_no_address(edge):
    fields = edge["Resources"]["LogDelivery"]["Properties"]["RecordFields"]
    assert fields == ["date", "time", "cs-method", "cs-uri-stem", "sc-status", "x-edge-result-type", "c-country"]
    assert {name for name, found in edge["Resources"].items() if found.get("Condition") == "HasLog"} == {
        "Logs", "LogSource", "LogDestination", "LogDelivery",
    }
    assert edge["Parameters"]["LogRetentionDays"]["Default"] == 0


def test_rules_reject_parameters_that_do_not_work_alone(edge):
    not_empty = {name: {"Fn::Not": [{"Fn::Equals": [{"Ref": name}, ""]}]} for name in ["CertificateArn", "WebAclArn"]}
    rules = {name: (rule.get("RuleCondition"), rule["Assertions"][0]["Assert"]) for name, rule in edge["Rules"].items()}
    assert rules == {
        "RegionIsUsEast1": (None, {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}),
        "DomainNeedsZoneOrCertificate": ({"Fn::Equals": [{"Ref": "HostedZoneId"}, ""]}, not_empty["CertificateArn"]),
        "FreePlanNeedsWebAcl": ({"Fn::Equals": [{"Ref": "Plan"}, "Free"]}, not_empty["WebAclArn"]),
    }


def test_every_parameter_is_documented_with_its_default(edge):
    document = (ROOT / "docs/edge.md").read_text()
    for name, declaration in edge["Parameters"].items():
        default = declaration.get("Default", "required")
        shown = {"": "empty", "required": "required"}.get(default, f"`{default}`")
        assert f"\n| `{name}` | {shown} | " in document, name
