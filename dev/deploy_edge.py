"""`make deploy-edge`: deploys edge.yaml, a CloudFront distribution in front of the service.

The settings are in samconfig-edge.toml, which Git ignores. The first deployment asks for them. Before each deployment, this
program compares them with the service's stack, which samconfig.toml names.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError

from deploy import SAM
from settings import ROOT, Stop, ask_for_parameters, describe_stack, read_settings, require_terminal, write_settings

TEMPLATE = ROOT / "edge.yaml"
DOCUMENT = "docs/edge.md"
# CloudFront takes certificates, web ACLs, log deliveries and plans only from here.
REGION = "us-east-1"
ASKED = ["DomainName", "ApiHost", "HostedZoneId", "CertificateArn", "WebAclArn", "Plan", "LogRetentionDays"]


class Service:
    """The stack of the service."""

    def __init__(self, config_file):
        if not config_file.exists():
            raise Stop(f"{config_file.name} is missing. Deploy the service first, with make deploy.")
        self.name, self.region, _ = read_settings(config_file)
        described = describe_stack(self.name, self.region)
        if not described:
            raise Stop(f"There is no stack {self.name} in {self.region}. Deploy the service first, with make deploy.")
        self.parameters = {each["ParameterKey"]: each["ParameterValue"] for each in described.get("Parameters", [])}
        self.outputs = {each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", [])}

    @property
    def public_url(self):
        """The URL with which permanent URLs begin, or the empty text if each request determines it."""
        domain = self.parameters.get("DomainName")
        return self.parameters.get("PublicUrl") or (f"https://{domain}" if domain else "")

    @property
    def api_host(self):
        if not (host := self.outputs.get("ApiHost")):
            raise Stop(f"The stack {self.name} has no output ApiHost. Update the service first, with make deploy.")
        return host

    def check(self, domain, api_host):
        """Stops unless the service works behind an edge with this domain name and this origin."""
        url = urlsplit(self.public_url)
        if (url.scheme, url.netloc) != ("https", domain):
            seen = f"is {self.public_url}" if self.public_url else "is not set, so that permanent URLs would name the API"
            raise Stop(f"The PublicUrl of the stack {self.name} {seen}. Set PublicUrl=https://{domain} and "
                       "SharedCacheSeconds=600 in samconfig.toml, run make deploy, and try again.")
        if api_host == self.api_host and self.parameters.get("DisableDefaultEndpoint") == "true":
            raise Stop(f"The stack {self.name} has DisableDefaultEndpoint=true, so that its API would answer every request of the "
                       "edge with 403. Set DisableDefaultEndpoint=false in samconfig.toml, run make deploy, and try again; or set "
                       "ApiHost to a custom domain of the API.")
        if api_host == domain:
            raise Stop(f"ApiHost is {domain}, the name of the edge itself. Set it to the output ApiHost of the service's stack.")
        if self.parameters.get("SharedCacheSeconds", "-1") == "-1":
            click.echo("SharedCacheSeconds of the service is not set, so the edge keeps redirects for DownloadCacheSeconds only. "
                       "600 seconds save more.")


def check_parameters(parameters):
    """Stops if parameters are missing that only together make sense. CloudFormation would report it less clearly."""
    for name in ["DomainName", "ApiHost"]:
        if name not in parameters:
            raise Stop(f"samconfig-edge.toml does not set {name}, which has no default.")
    if not parameters.get("HostedZoneId") and not parameters.get("CertificateArn"):
        raise Stop("Set HostedZoneId, so that the edge gets a certificate, or CertificateArn to one in us-east-1.")
    if parameters.get("Plan") == "Free" and not parameters.get("WebAclArn"):
        raise Stop("Plan=Free requires WebAclArn: CloudFront's flat rates include a web ACL.")


def covers(name, domain):
    """Whether a certificate's name covers the domain. A wildcard stands for one label."""
    return name == domain or (name.startswith("*.") and name[2:] == domain.partition(".")[2])


def check_certificate(arn, domain):
    """Stops unless the certificate is valid and has the name of the edge."""
    try:
        found = boto3.client("acm", region_name=REGION).describe_certificate(CertificateArn=arn)["Certificate"]
    except ClientError as error:
        raise Stop(f"The certificate {arn} cannot be used: {error}.") from error
    names = [found["DomainName"], *found.get("SubjectAlternativeNames", [])]
    if not any(covers(name, domain) for name in names):
        raise Stop(f"The certificate {arn} is for {', '.join(dict.fromkeys(names))}, not for {domain}.")
    if found["Status"] != "ISSUED":
        raise Stop(f"The certificate {arn} has the status {found['Status']}. Wait until it is issued.")


def ask_for_settings(config_file, service):
    """Asks for the settings of the first deployment, and writes them to the file."""
    require_terminal(config_file, "make deploy-edge", DOCUMENT)
    click.echo("The first deployment asks for its settings. Press Enter to accept a value in brackets.\n")
    settings = {"stack_name": click.prompt("Name of the stack", default="release-links-edge"), "region": REGION}
    proposed = {"ApiHost": service.api_host}
    if host := urlsplit(service.public_url).netloc:
        proposed["DomainName"] = host
    write_settings(config_file, settings, ask_for_parameters(ASKED, proposed, TEMPLATE))
    click.echo(f"\nThe settings are in {config_file.name}.\n")


def deploy(config_file, service):
    """Checks the settings, and deploys the stack."""
    if not config_file.exists():
        ask_for_settings(config_file, service)
    stack, region, parameters = read_settings(config_file, TEMPLATE, DOCUMENT)
    if region != REGION:
        raise Stop(f'{config_file.name} sets region = "{region}". Set it to "{REGION}": CloudFront takes certificates and logs only '
                   "from there, whatever the region of the service.")
    check_parameters(parameters)
    domain = parameters["DomainName"]
    service.check(domain, parameters["ApiHost"])
    if arn := parameters.get("CertificateArn"):
        check_certificate(arn, domain)
    confirm = ["--confirm-changeset"] if sys.stdin.isatty() and not describe_stack(stack, region) else []
    # The SAM CLI accepts an empty value only in quotes.
    overrides = [f'{name}="{value}"' for name, value in parameters.items()]
    command = [
        SAM, "deploy", "--config-file", config_file, "--template-file", TEMPLATE, "--stack-name", stack, "--region", region,
        "--no-fail-on-empty-changeset", "--tags", "application=release-links", *confirm, "--parameter-overrides", *overrides,
    ]
    if subprocess.run(command, cwd=ROOT).returncode != 0:
        raise Stop("sam deploy failed. Its output above says why.")
    if not parameters.get("HostedZoneId"):
        click.echo(f"\nPoint the DNS record (CNAME) of {domain} to the output DnsTarget. Until then, nothing changes for clients.")


def main():
    parser = argparse.ArgumentParser(prog="make deploy-edge", description=__doc__)
    parser.add_argument("--config-file", type=Path, default=ROOT / "samconfig-edge.toml")
    parser.add_argument("--service-config-file", type=Path, default=ROOT / "samconfig.toml")
    arguments = parser.parse_args()
    try:
        deploy(arguments.config_file.resolve(), Service(arguments.service_config_file.resolve()))
    except Stop as reason:
        sys.exit(f"make deploy-edge: {reason}")
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"make deploy-edge: AWS refuses a request, or cannot be reached: {error}.")


if __name__ == "__main__":
    main()
