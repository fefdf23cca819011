"""Deploys the edge with `make deploy-edge`'s program, and checks what it refuses."""

import json
import subprocess

import pytest

from conftest import REGION, ROOT
from test_first_deployment import run_in_terminal

EDGE_REGION = "us-east-1"
DOMAIN = "links.example.com"
API_HOST = "abc123.execute-api.eu-central-1.amazonaws.com"
PARAMETERS = ["PublicUrl", "DomainName", "DisableDefaultEndpoint", "SharedCacheSeconds"]
SERVICE = {
    "Parameters": {name: {"Type": "String", "Default": ""} for name in PARAMETERS},
    "Resources": {"Logs": {"Type": "AWS::Logs::LogGroup"}},
    "Outputs": {"ApiHost": {"Value": API_HOST}},
}
"""Stands for the service's stack: what the program reads of it."""


def service(aws, name, **parameters):
    """Creates a stack like the service's, and returns its settings file."""
    values = [f"ParameterKey={key},ParameterValue={value}" for key, value in parameters.items()]
    aws.cli("cloudformation", "create-stack", "--stack-name", name, "--template-body", json.dumps(SERVICE),
            *(["--parameters", *values] if values else []))
    file = aws.folder / f"{name}.toml"
    file.write_text(f'version = 0.1\n[default.global.parameters]\nstack_name = "{name}"\nregion = "{REGION}"\n')
    return file


def command(aws, service_config, config):
    return ["dev/deploy_edge.py", "--config-file", config, "--service-config-file", service_config]


def edge(aws, service_config, *overrides, region=EDGE_REGION):
    """Runs the program without a terminal, and returns the result."""
    config = aws.folder / "samconfig-edge.toml"
    config.write_text(
        f'version = 0.1\n[default.global.parameters]\nstack_name = "edge"\nregion = "{region}"\n'
        f"parameter_overrides = {json.dumps(overrides)}\n"
    )
    return subprocess.run(
        [ROOT / ".tools/sam/bin/python", *command(aws, service_config, config)], cwd=ROOT, env=aws.environment,
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120,
    )


def certificate(aws, domain, region=EDGE_REGION):
    return aws.cli("acm", "request-certificate", "--domain-name", domain, "--region", region)["CertificateArn"]


@pytest.fixture(scope="module")
def ready(aws):
    """A service that is ready for an edge."""
    return service(aws, "ready", PublicUrl=f"https://{DOMAIN}", SharedCacheSeconds="600")


@pytest.fixture(scope="module")
def wildcard(aws):
    return certificate(aws, "*.example.com")


def refusal(result):
    assert result.returncode == 1 and result.stderr.startswith("make deploy-edge: "), result
    return result.stderr.removeprefix("make deploy-edge: ").strip()


def test_the_edge_is_deployed_in_a_terminal_that_asks_for_the_settings(aws, ready, wildcard):
    config = aws.folder / "asked-edge.toml"
    code, output = run_in_terminal(aws, command(aws, ready, config), [
        ("Name of the stack [release-links-edge]: ", "asked-edge"),
        (f"DomainName [{DOMAIN}]: ", ""),
        (f"ApiHost [{API_HOST}]: ", f"https://{API_HOST}/"),
        ("ApiHost does not have the form that edge.yaml requires", ""),
        ("HostedZoneId []: ", ""),
        ("CertificateArn []: ", wildcard),
        ("WebAclArn []: ", ""),
        ("Plan [PayAsYouGo]: ", ""),
        ("LogRetentionDays [0]: ", ""),
        ("Deploy this changeset? [y/N]: ", "y"),
    ])
    assert code == 0, output
    assert f"Point the DNS record (CNAME) of {DOMAIN} to the output DnsTarget." in output
    described = aws.cli("cloudformation", "describe-stacks", "--stack-name", "asked-edge", "--region", EDGE_REGION)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
    assert outputs["Url"] == f"https://{DOMAIN}"
    found = aws.cli("cloudfront", "get-distribution-config", "--id", outputs["DistributionId"])["DistributionConfig"]
    assert found["Aliases"]["Items"] == [DOMAIN]
    assert [origin["DomainName"] for origin in found["Origins"]["Items"]] == [API_HOST]
    assert f'"CertificateArn={wildcard}"' in config.read_text()


@pytest.mark.parametrize("parameters, expected", [
    ({}, "The PublicUrl of the stack NAME is not set, so that permanent URLs would name the API. Set "
         f"PublicUrl=https://{DOMAIN} and SharedCacheSeconds=600 in samconfig.toml, run make deploy, and try again."),
    ({"PublicUrl": "https://other.example.com"}, "The PublicUrl of the stack NAME is https://other.example.com. Set "
     f"PublicUrl=https://{DOMAIN} and SharedCacheSeconds=600 in samconfig.toml, run make deploy, and try again."),
    ({"PublicUrl": f"http://{DOMAIN}"}, f"The PublicUrl of the stack NAME is http://{DOMAIN}. Set PublicUrl=https://{DOMAIN} and "
     "SharedCacheSeconds=600 in samconfig.toml, run make deploy, and try again."),
    ({"PublicUrl": f"https://{DOMAIN}", "DisableDefaultEndpoint": "true"}, "The stack NAME has DisableDefaultEndpoint=true, so that "
     "its API would answer every request of the edge with 403. Set DisableDefaultEndpoint=false in samconfig.toml, run make "
     "deploy, and try again; or set ApiHost to a custom domain of the API."),
])
def test_a_service_that_would_not_work_behind_the_edge_is_refused(aws, wildcard, parameters, expected):
    name = f"refused-{len(str(parameters))}"
    file = service(aws, name, **parameters)
    result = edge(aws, file, f"DomainName={DOMAIN}", f"ApiHost={API_HOST}", f"CertificateArn={wildcard}")
    assert refusal(result) == expected.replace("NAME", name)


FORM = "does not have the form that edge.yaml requires"
CERTIFICATE = "CertificateArn=arn:aws:acm:us-east-1:111122223333:certificate/1"
NAMES = [f"DomainName={DOMAIN}", f"ApiHost={API_HOST}"]


@pytest.mark.parametrize("overrides, expected", [
    ([f"DomainName={DOMAIN}.", f"ApiHost={API_HOST}"], f"DomainName {FORM}"),
    (["DomainName=Links.example.com", f"ApiHost={API_HOST}"], f"DomainName {FORM}"),
    (["DomainName=*.example.com", f"ApiHost={API_HOST}"], f"DomainName {FORM}"),
    ([f"DomainName={DOMAIN}", f"ApiHost=https://{API_HOST}"], f"ApiHost {FORM}"),
    ([f"DomainName={DOMAIN}", f"ApiHost={API_HOST}/prod"], f"ApiHost {FORM}"),
    ([f"DomainName={DOMAIN}", f"ApiHost={DOMAIN}", CERTIFICATE], f"ApiHost is {DOMAIN}, the name of the edge itself."),
    ([f"DomainName={DOMAIN}"], "samconfig-edge.toml does not set ApiHost, which has no default."),
    (NAMES, "Set HostedZoneId, so that the edge gets a certificate, or CertificateArn to one in us-east-1."),
    ([*NAMES, "CertificateArn=arn:aws:acm:eu-central-1:111122223333:certificate/1"], f"CertificateArn {FORM}"),
    ([*NAMES, "HostedZoneId=Z1", "Plan=Free"], "Plan=Free requires WebAclArn: CloudFront's flat rates include a web ACL."),
    ([*NAMES, "HostedZoneId=example.com"], f"HostedZoneId {FORM}"),
    ([*NAMES, "LogRetentionDays=3"], "LogRetentionDays must be one of 0, 1, 7, 14, 30, 90, 180, 365, 731."),
    ([*NAMES, "Price=1"], "samconfig-edge.toml sets 'Price=1', but edge.yaml has no such parameter. Write Name=Value."),
])
def test_settings_that_cannot_work_are_refused(aws, ready, overrides, expected):
    assert expected in refusal(edge(aws, ready, *overrides))


def test_an_edge_in_another_region_is_refused(aws, ready):
    result = edge(aws, ready, *NAMES, "HostedZoneId=Z1", region="eu-central-1")
    assert refusal(result).startswith('samconfig-edge.toml sets region = "eu-central-1". Set it to "us-east-1": ')


def test_a_certificate_of_another_name_is_refused(aws, ready):
    arn = certificate(aws, "files.example.com")
    result = edge(aws, ready, *NAMES, f"CertificateArn={arn}")
    assert refusal(result) == f"The certificate {arn} is for files.example.com, not for {DOMAIN}."


def test_without_a_service_there_is_no_edge(aws):
    result = edge(aws, aws.folder / "missing.toml", *NAMES, "HostedZoneId=Z1")
    assert refusal(result) == "missing.toml is missing. Deploy the service first, with make deploy."
