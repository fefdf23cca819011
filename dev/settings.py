"""The settings of a stack, in a file that the SAM CLI reads, too: the stack's name, its region and its parameters."""

import re
import sys
import tomllib
from pathlib import Path

import boto3
import click
import tomlkit
from botocore.exceptions import BotoCoreError, ClientError
from samcli.yamlhelper import yaml_parse

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "template.yaml"
REMEDY = "Correct the file, or delete it to be asked for the settings again."


class Stop(Exception):
    """A reason not to go on, in whole sentences for the user."""


def template_parameters(template=TEMPLATE):
    """The declarations of the template's parameters, by name."""
    return yaml_parse(template.read_text())["Parameters"]


def find_problem(name, declaration, value, template=TEMPLATE):
    """The problem with the value of a parameter, or None. CloudFormation would report it only after the build."""
    allowed = [str(choice) for choice in declaration.get("AllowedValues", [])]
    if allowed and value not in allowed:
        return f"{name} must be one of {', '.join(allowed)}."
    if declaration["Type"] == "Number":
        if not re.fullmatch(r"-?\d+", value):
            return f"{name} must be a whole number."
        low, high = declaration.get("MinValue"), declaration.get("MaxValue")
        if (low is not None and int(value) < low) or (high is not None and int(value) > high):
            return f"{name} must be from {low} to {high}." if high is not None else f"{name} must be at least {low}."
    pattern = declaration.get("AllowedPattern")
    if pattern and not re.search(pattern, value):
        return f"{name} does not have the form that {template.name} requires: {pattern}"
    return None


def ask_for_parameters(names, defaults=None, template=TEMPLATE):
    """Asks for parameters, and returns what samconfig.toml has to say about them."""
    declarations, overrides = template_parameters(template), []
    for name in names:
        declaration = declarations[name]
        default = str(declaration.get("Default", ""))
        proposed = (defaults or {}).get(name, default)

        def check(value, name=name, declaration=declaration):
            if problem := find_problem(name, declaration, value, template):
                raise click.BadParameter(problem)
            return value

        click.echo(f"\n{declaration['Description']}")
        # Without a proposal, click asks until there is an answer, so a parameter that may be empty proposes that.
        has_proposal = proposed or "Default" in declaration
        value = click.prompt(name, default=proposed if has_proposal else None, value_proc=check)
        if "Default" not in declaration or value != default:
            overrides.append(f"{name}={value}")
    return overrides


def write_settings(config_file, settings, overrides):
    """Writes the settings of a first deployment."""
    if overrides:
        settings["parameter_overrides"] = overrides
    config_file.write_text(tomlkit.dumps({"version": 0.1, "default": {"global": {"parameters": settings}}}))


def require_terminal(config_file, command, document):
    """Stops unless somebody can answer questions."""
    if not sys.stdin.isatty():
        raise Stop(f"{config_file.name} is missing. Run {command} once in a terminal, which asks for the settings, or write "
                   f"the file as {document} shows.")


def read_settings(config_file, template=TEMPLATE, document="docs/configuration.md"):
    """Reads stack name, region and parameters from the file, and checks them."""
    try:
        sections = tomllib.loads(config_file.read_text())["default"]
        settings = sections["global"]["parameters"]
        stack, region = settings["stack_name"], settings["region"]
    except tomllib.TOMLDecodeError as error:
        raise Stop(f"{config_file.name} is not valid TOML ({error}). {REMEDY}") from error
    except KeyError as error:
        raise Stop(f"{config_file.name} lacks {error}, which {document} shows. {REMEDY}") from error
    for command in ["build", "deploy"]:
        if "parameter_overrides" in sections.get(command, {}).get("parameters", {}):
            raise Stop(f"{config_file.name} sets parameter_overrides for sam {command} alone. Move them to "
                       "[default.global.parameters], so that sam build and sam deploy use the same values.")
    parameters, declarations = {}, template_parameters(template)
    overrides = settings.get("parameter_overrides", [])
    if not isinstance(overrides, list):
        raise Stop(f'{config_file.name} sets parameter_overrides to {overrides!r}. Write a list, such as ["MemorySize=512"].')
    for override in overrides:
        name, separator, value = override.partition("=")
        if not separator or name not in declarations:
            raise Stop(f"{config_file.name} sets {override!r}, but {template.name} has no such parameter. Write Name=Value.")
        if problem := find_problem(name, declarations[name], value, template):
            raise Stop(f"{config_file.name} sets {override!r}. {problem}")
        parameters[name] = value
    return stack, region, parameters


def describe_stack(stack, region):
    """CloudFormation's description of the stack, or None if there is none. The call also fails if there are no credentials."""
    try:
        return boto3.client("cloudformation", region_name=region).describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise Stop(f"AWS refuses to describe the stack {stack} in {region}: {error}. Check your credentials.") from error
    except BotoCoreError as error:
        raise Stop(f"AWS cannot be reached: {error} Set AWS_PROFILE, or sign in with the AWS CLI.") from error
