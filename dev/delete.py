"""`make delete`: deletes the stack that samconfig.toml names, and says what stays.

CloudFormation cannot delete the policy for operators while it is attached to somebody, so this program detaches it first. It
may be interrupted at any point and run again.
"""

import argparse
import sys
from pathlib import Path

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from settings import ROOT, Stop, read_settings

# List prices in us-east-1, for a gigabyte and a month: a table with its backups, and logs.
TABLE_PRICE, LOG_PRICE = 0.25 + 0.20, 0.03
GIGABYTE = 1_000_000_000
# What a policy can be attached to, and how IAM's operations name it.
KINDS = {"user": ("PolicyUsers", "UserName"), "group": ("PolicyGroups", "GroupName"), "role": ("PolicyRoles", "RoleName")}


class Stack:
    """The stack, or what is left of it."""

    def __init__(self, name, region):
        self.name, self.region = name, region
        self.formation = boto3.client("cloudformation", region_name=region)
        self.iam = boto3.client("iam", region_name=region)
        self.tables = boto3.client("dynamodb", region_name=region)
        self.logs = boto3.client("logs", region_name=region)

    def describe(self):
        """CloudFormation's description of the stack, or None if there is none."""
        try:
            return self.formation.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":
                return None
            raise

    def policy(self):
        """The ARN of the policy for operators, or None if a failed deployment or deletion has left none."""
        for resource in self.formation.describe_stack_resources(StackName=self.name)["StackResources"]:
            if resource["LogicalResourceId"] == "OperatorPolicy" and resource["ResourceStatus"] != "DELETE_COMPLETE":
                return resource.get("PhysicalResourceId") or None
        return None

    def entities(self, policy, usage):
        """Who uses the policy, as pairs of kind and name."""
        try:
            pages = self.iam.get_paginator("list_entities_for_policy").paginate(PolicyArn=policy, PolicyUsageFilter=usage)
            return [(kind, entity[field]) for page in pages for kind, (group, field) in KINDS.items() for entity in page[group]]
        except self.iam.exceptions.NoSuchEntityException:
            return []

    def detach(self, policy, kind, name):
        """Detaches the policy. Somebody may have done so meanwhile."""
        try:
            getattr(self.iam, f"detach_{kind}_policy")(**{KINDS[kind][1]: name, "PolicyArn": policy})
        except self.iam.exceptions.NoSuchEntityException:
            pass

    def kept_tables(self):
        """The tables that stacks of this name have created and that exist, with their sizes."""
        pages = self.tables.get_paginator("list_tables").paginate()
        # CloudFormation puts the names of the stack and of the resource into the table's name.
        names = [name for page in pages for name in page["TableNames"] if name.startswith(f"{self.name}-Table-")]
        return {name: self.tables.describe_table(TableName=name)["Table"].get("TableSizeBytes", 0) for name in names}

    def kept_logs(self):
        """The log groups of stacks of this name, with their sizes."""
        groups = {}
        for prefix in [f"/release-links/{self.name}/", f"/aws/vendedlogs/release-links/{self.name}/"]:
            for page in self.logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
                groups |= {group["logGroupName"]: group.get("storedBytes", 0) for group in page["logGroups"]}
        return groups

    def reasons(self, stack_id):
        """Why the last deletion failed, by resource."""
        found = self.formation.describe_stack_resources(StackName=stack_id)["StackResources"]
        return [f"  {resource['LogicalResourceId']}: {resource.get('ResourceStatusReason', 'CloudFormation gives no reason')}"
                for resource in found if resource["ResourceStatus"] == "DELETE_FAILED"]


def size(count, price):
    """A size in bytes, and what storing it costs a month."""
    dollars = count / GIGABYTE * price
    shown = f"${dollars:.2f}" if dollars >= 0.01 else "less than $0.01"
    return f"{count / 1_000_000:,.1f} MB, {shown} a month"


def show_remainder(stack):
    """Prints what stays after the deletion, and what it costs. Returns whether anything does."""
    tables, logs = stack.kept_tables(), stack.kept_logs()
    if tables or logs:
        click.echo("These stay, because they contain your data (sizes as AWS last measured them, prices of us-east-1):")
    for name, count in tables.items():
        click.echo(f"  table {name}: {size(count, TABLE_PRICE)}, with its backups")
    for name, count in logs.items():
        click.echo(f"  log group {name}: {size(count, LOG_PRICE)}, until its events expire")
    return bool(tables or logs)


def show_commands(stack):
    """Prints the commands that remove what stayed."""
    tables, logs = stack.kept_tables(), stack.kept_logs()
    if not tables and not logs:
        return
    click.echo("\nA new stack can use the table, with the parameter ExistingTableName. If no stack uses it, and nobody needs the "
               "data, these commands remove what is left, for good:\n")
    aws = f"--region {stack.region}"
    for name in tables:
        click.echo(f"aws dynamodb update-table {aws} --table-name {name} --no-deletion-protection-enabled")
        click.echo(f"aws dynamodb delete-table {aws} --table-name {name}")
    for name in logs:
        click.echo(f"aws logs delete-log-group {aws} --log-group-name {name}")


def confirm(stack, status, attached, is_agreed):
    """Shows what will happen, and asks."""
    click.echo(f"The stack {stack.name} in {stack.region} has the status {status}.")
    if attached:
        click.echo("The policy for operators is attached to these, and will be detached:")
        for kind, name in attached:
            click.echo(f"  {kind} {name}")
    show_remainder(stack)
    if is_agreed:
        return
    if not sys.stdin.isatty():
        raise Stop("nothing was changed. Run make delete in a terminal, which asks for a confirmation, or make delete YES=1.")
    question = "Detach the policy and delete the stack?" if attached else "Delete the stack?"
    if not click.confirm(f"\n{question}", default=False):
        raise Stop("nothing was changed.")


def wait(stack, stack_id):
    """Waits until the stack is deleted."""
    click.echo("CloudFormation deletes the stack. This takes some minutes.")
    try:
        stack.formation.get_waiter("stack_delete_complete").wait(StackName=stack_id, WaiterConfig={"Delay": 5, "MaxAttempts": 360})
    except WaiterError as error:
        reasons = "\n".join(stack.reasons(stack_id))
        raise Stop(f"CloudFormation could not delete the stack:\n{reasons or error}\nRemove the causes, and run make delete "
                   "again: it continues with what is left.") from error
    except KeyboardInterrupt as error:
        raise Stop("interrupted. CloudFormation continues to delete the stack. Run make delete again to wait for it, and to see "
                   "what stays.") from error
    click.echo(f"The stack {stack.name} is deleted.")


def delete(stack, is_agreed):
    """Deletes the stack if it exists, and prints how to remove the rest."""
    described = stack.describe()
    if described is None:
        click.echo(f"There is no stack {stack.name} in {stack.region}.")
        show_remainder(stack)
        return show_commands(stack)
    status, stack_id = described["StackStatus"], described["StackId"]
    if status != "DELETE_IN_PROGRESS":
        if status.endswith("_IN_PROGRESS"):
            raise Stop(f"the stack {stack.name} has the status {status}. Wait until CloudFormation is done, and try again.")
        policy = stack.policy()
        boundaries = policy and stack.entities(policy, "PermissionsBoundary")
        if boundaries:
            names = ", ".join(f"{kind} {name}" for kind, name in boundaries)
            raise Stop(f"the policy for operators, {policy}, is the permissions boundary of {names}. Give them another boundary "
                       "first: without one, they could do more than before.")
        attached = stack.entities(policy, "PermissionsPolicy") if policy else []
        confirm(stack, status, attached, is_agreed)
        for kind, name in attached:
            stack.detach(policy, kind, name)
        stack.formation.delete_stack(StackName=stack_id)
    wait(stack, stack_id)
    return show_commands(stack)


def main():
    parser = argparse.ArgumentParser(prog="make delete", description=__doc__)
    parser.add_argument("--config-file", type=Path, default=ROOT / "samconfig.toml")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    arguments = parser.parse_args()
    file = arguments.config_file.resolve()
    try:
        if not file.exists():
            raise Stop(f"{file.name} is missing. It names the stack and its region; docs/configuration.md shows it.")
        name, region, _ = read_settings(file)
        delete(Stack(name, region), arguments.yes)
    except Stop as reason:
        sys.exit(f"make delete: {reason}")
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"make delete: AWS refuses a request, or cannot be reached: {error}. Check your credentials and permissions.")


if __name__ == "__main__":
    main()
