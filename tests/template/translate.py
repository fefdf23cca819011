"""Prints the template as SAM's macro in CloudFormation translates it, with the parameters given as Name=Value."""

import json
import logging
import sys
from pathlib import Path

from samcli.yamlhelper import yaml_parse
from samtranslator.public.translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"


class NoManagedPolicies(ManagedPolicyLoader):
    """The template names none, so there is nothing to load from IAM."""

    def __init__(self):
        super().__init__(iam_client=None)

    def load(self):
        return {}


logging.getLogger("samtranslator").setLevel(logging.ERROR)
template = yaml_parse(TEMPLATE.read_text())
# `sam deploy` uploads the program and puts its address here.
template["Resources"]["Function"]["Properties"]["CodeUri"] = "s3://bucket/key"
json.dump(transform(template, dict(argument.split("=", 1) for argument in sys.argv[1:]), NoManagedPolicies()), sys.stdout)
