"""Prints the properties of resource types whose change makes CloudFormation replace the resource, by cfn-lint's schemas."""

import json
import sys

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

KINDS = ["createOnlyProperties", "conditionalCreateOnlyProperties"]


def create_only(resource_type):
    """The names of the properties. Some types replace a resource only for certain changes of a property."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource_type).schema
    return sorted(path.removeprefix("/properties/") for kind in KINDS for path in schema.get(kind, []))


json.dump({resource_type: create_only(resource_type) for resource_type in sys.argv[1:]}, sys.stdout)
