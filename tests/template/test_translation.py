"""Checks the resources that SAM creates from the template. No emulator enforces their settings."""

import functools
import json
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RELEASES = [f"{digit}*" for digit in range(1, 10)]
TABLE = {
    "Fn::Sub": [
        "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${Name}",
        {"Name": {"Fn::If": ["CreatesTable", {"Ref": "Table"}, {"Ref": "ExistingTableName"}]}},
    ]
}
NO_VALUE = {"Ref": "AWS::NoValue"}


@functools.cache
def translate(**parameters):
    command = [ROOT / ".tools/sam/bin/python", ROOT / "tests/template/translate.py"]
    command += [f"{name}={value}" for name, value in parameters.items()]
    environment = {**os.environ, "AWS_DEFAULT_REGION": "eu-central-1"}
    output = subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout
    return json.loads(output)


def resources(**parameters):
    return translate(**parameters)["Resources"]


def of_type(resources, kind):
    return {name: resource["Properties"] for name, resource in resources.items() if resource["Type"] == kind}


def via(service):
    """What `kms:ViaService` is if this service uses a key for its caller."""
    return {"Fn::Sub": service + ".${AWS::Region}.${AWS::URLSuffix}"}


def test_the_function_has_only_the_role_of_the_template():
    found = resources()
    assert list(of_type(found, "AWS::IAM::Role")) == ["FunctionRole"]
    assert found["Function"]["Properties"]["Role"] == {"Fn::GetAtt": ["FunctionRole", "Arn"]}
    role = found["FunctionRole"]["Properties"]
    assert "ManagedPolicyArns" not in role, "SAM adds policies that allow more than the function needs"
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_the_function_can_write_only_releases_and_its_own_log():
    [policy] = resources()["FunctionRole"]["Properties"]["Policies"]
    log, read, write, key, traces = policy["PolicyDocument"]["Statement"]
    assert log["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert log["Resource"] == {"Fn::GetAtt": ["FunctionLogs", "Arn"]}
    assert read["Resource"] == write["Resource"] == TABLE
    assert write["Action"] == ["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
    is_present = {"dynamodb:LeadingKeys": "false"}
    assert write["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": RELEASES}, "Null": is_present}
    assert read["Action"] == ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"]
    readable = [*RELEASES, "projects", "project-path#*", "token#*"]
    assert read["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": readable}, "Null": is_present}
    for statement, condition in [(key, "HasKmsKey"), (traces, "IsTraced")]:
        name, allowed, otherwise = statement["Fn::If"]
        assert (name, otherwise) == (condition, NO_VALUE)
        assert all("*" not in action for action in allowed["Action"])
    assert key["Fn::If"][1]["Resource"] == {"Ref": "KmsKeyArn"}
    assert key["Fn::If"][1]["Condition"] == {"StringEquals": {"kms:ViaService": [via("dynamodb"), via("lambda")]}}


def test_the_table_outlives_its_stack():
    table = resources()["Table"]
    assert (table["Condition"], table["DeletionPolicy"], table["UpdateReplacePolicy"]) == (
        "CreatesTable", "RetainExceptOnCreate", "Retain",
    )


def test_everything_that_names_the_table_follows_existing_table_name():
    translated = translate()
    name = {"Fn::If": ["CreatesTable", {"Ref": "Table"}, {"Ref": "ExistingTableName"}]}
    found = translated["Resources"]
    assert found["Function"]["Properties"]["Environment"]["Variables"]["TABLE_NAME"] == name
    assert found["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"][1] == {"TableName": name}
    assert found["OperatorPolicy"]["Properties"]["PolicyDocument"]["Statement"][0]["Resource"] == TABLE
    assert translated["Outputs"]["TableName"]["Value"] == name
    # Every other reference to the table would fail, or name a table that is not in use.
    text = json.dumps(translated)
    assert text.count('{"Ref": "Table"}') == text.count(json.dumps(name)) and '["Table", ' not in text


def test_log_groups_outlive_the_stack_and_never_block_the_next_one():
    groups = of_type(resources(), "AWS::Logs::LogGroup")
    assert set(groups) == {"FunctionLogs", "AccessLogs"}
    for name, group in groups.items():
        resource = resources()[name]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
        template, values = group["LogGroupName"]["Fn::Sub"]
        assert values == {"Uuid": {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}} and "${Uuid}" in template
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    assert groups["AccessLogs"]["LogGroupName"]["Fn::Sub"][0].startswith("/aws/vendedlogs/")


def test_the_access_log_names_the_request_of_the_function():
    stage = resources()["Stage"]["Properties"]
    fields = json.loads(stage["AccessLogSettings"]["Format"])
    assert fields["functionRequestId"] == "$context.integration.requestId"
    assert fields["requestId"] == "$context.requestId"
    assert stage["DefaultRouteSettings"]["DetailedMetricsEnabled"] is False


def test_the_log_level_and_tracing_follow_their_parameters():
    function = resources()["Function"]["Properties"]
    assert function["LoggingConfig"] == {
        "LogFormat": "JSON", "ApplicationLogLevel": {"Ref": "LogLevel"}, "SystemLogLevel": "WARN",
        "LogGroup": {"Ref": "FunctionLogs"},
    }
    assert function["TracingConfig"] == {"Mode": {"Ref": "Tracing"}}
    parameters = translate()["Parameters"]
    assert (parameters["LogLevel"]["Default"], parameters["Tracing"]["Default"]) == ("INFO", "PassThrough")


def test_rules_reject_parameters_that_do_not_work_alone():
    not_empty = {name: {"Fn::Not": [{"Fn::Equals": [{"Ref": name}, ""]}]} for name in ["CertificateArn", "DomainName", "Revision"]}
    expected = {
        "DomainNeedsCertificate": (not_empty["DomainName"], not_empty["CertificateArn"]),
        "DisabledEndpointNeedsDomain": ({"Fn::Equals": [{"Ref": "DisableDefaultEndpoint"}, "true"]}, not_empty["DomainName"]),
        "GradualDeploymentNeedsRevision": (
            {"Fn::Not": [{"Fn::Equals": [{"Ref": "DeploymentPreference"}, "AllAtOnce"]}]}, not_empty["Revision"],
        ),
    }
    rules = translate()["Rules"]
    assert {name: (rule["RuleCondition"], rule["Assertions"][0]["Assert"]) for name, rule in rules.items()} == expected


def test_the_kms_key_encrypts_the_table_the_logs_and_the_environment():
    found, key = resources(), {"Ref": "KmsKeyArn"}
    condition, encrypted, otherwise = found["Table"]["Properties"]["SSESpecification"]["Fn::If"]
    assert (condition, otherwise) == ("HasKmsKey", NO_VALUE)
    assert encrypted == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
    for resource, name in [("FunctionLogs", "KmsKeyId"), ("AccessLogs", "KmsKeyId"), ("Function", "KmsKeyArn")]:
        assert found[resource]["Properties"][name] == {"Fn::If": ["HasKmsKey", key, NO_VALUE]}


def test_the_table_has_a_maximum_unless_the_parameters_remove_it():
    condition, maximum, otherwise = resources()["Table"]["Properties"]["OnDemandThroughput"]["Fn::If"]
    assert (condition, otherwise) == ("HasMaxUnits", NO_VALUE)
    assert maximum == {f"Max{kind}RequestUnits": {"Fn::If": [f"HasMax{kind}Units", {"Ref": f"Max{kind}Units"}, NO_VALUE]}
                       for kind in ["Read", "Write"]}
    translated = translate()
    for kind, default in [("Read", "4000"), ("Write", "1000")]:
        parameter = translated["Parameters"][f"Max{kind}Units"]
        assert parameter["Default"] == default
        # CloudFormation refuses a maximum of 0, and does not know -1.
        accepted = [value for value in ["-1", "0", "1", "40000", "-2", "1.5", ""] if re.search(parameter["AllowedPattern"], value)]
        assert accepted == ["-1", "1", "40000"]
        assert translated["Conditions"][f"HasMax{kind}Units"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": f"Max{kind}Units"}, "-1"]}]}


def test_an_alarm_on_the_number_of_requests_exists_only_on_request():
    alarm, translated = resources()["RequestAlarm"], translate()
    assert alarm["Condition"] == "HasRequestAlarm" and alarm["Properties"]["Threshold"] == {"Ref": "AlarmRequestsPerHour"}
    assert (alarm["Properties"]["MetricName"], alarm["Properties"]["Period"]) == ("Count", 3600)
    assert translated["Parameters"]["AlarmRequestsPerHour"]["Default"] == 0
    others = [name for name, found in of_type(resources(), "AWS::CloudWatch::Alarm").items() if "Condition" in resources()[name]]
    assert others == ["RequestAlarm"]


def test_every_alarm_names_a_row_of_the_runbook():
    document = (ROOT / "docs/operations.md").read_text()
    for name, alarm in of_type(resources(), "AWS::CloudWatch::Alarm").items():
        [row] = re.findall(r'See "([a-z ]+)" in docs/operations.md\.$', alarm["AlarmDescription"])
        assert f"\n| {row} | " in document, name


def test_clients_may_use_ipv6():
    found = resources()
    assert found["Api"]["Properties"]["IpAddressType"] == "dualstack"
    [configuration] = found["Domain"]["Properties"]["DomainNameConfigurations"]
    assert configuration["IpAddressType"] == "dualstack"


def test_the_api_may_invoke_the_function_before_it_does():
    assert resources()["Integration"]["DependsOn"] == "Permission"


def test_the_operators_policy_has_no_wildcards():
    table, key = resources()["OperatorPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert table["Effect"] == "Allow" and table["Resource"] == TABLE
    assert isinstance(table["Action"], list) and not [action for action in table["Action"] if "*" in action]
    condition, allowed, otherwise = key["Fn::If"]
    assert (condition, allowed["Resource"], otherwise) == ("HasKmsKey", {"Ref": "KmsKeyArn"}, NO_VALUE)
    assert allowed["Condition"] == {"StringEquals": {"kms:ViaService": via("dynamodb")}}


def versions(**parameters):
    return list(of_type(resources(**parameters), "AWS::Lambda::Version"))


def test_only_a_new_revision_publishes_a_version_for_a_changed_parameter():
    """This is why `make deploy` sets Revision."""
    assert versions(DownloadCacheSeconds="60") == versions(DownloadCacheSeconds="61")
    assert versions(Revision="0123456789abcdef") != versions(Revision="fedcba9876543210")
    [version] = [resource for resource in resources().values() if resource["Type"] == "AWS::Lambda::Version"]
    assert version["DeletionPolicy"] == "Delete", "a version of a failed deployment would block the next one"


def test_a_gradual_deployment_rolls_back_when_an_error_alarm_fires():
    found = resources(DeploymentPreference="Linear10PercentEvery1Minute")
    [group] = of_type(found, "AWS::CodeDeploy::DeploymentGroup").values()
    assert group["AlarmConfiguration"]["Alarms"] == [{"Name": {"Ref": "FunctionErrorAlarm"}}, {"Name": {"Ref": "ServerErrorAlarm"}}]
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    assert group["DeploymentConfigName"]["Fn::Sub"][1] == {"ConfigName": "Linear10PercentEvery1Minute"}
    assert "CodeDeployLambdaAliasUpdate" in found["FunctionAliaslive"]["UpdatePolicy"]


def test_without_gradual_deployments_there_is_no_codedeploy_and_the_api_invokes_the_function_itself():
    found = resources()
    assert not [resource["Type"] for resource in found.values() if "CodeDeploy" in resource["Type"]]
    target = {"Fn::If": ["IsGradual", {"Ref": "FunctionAliaslive"}, {"Fn::GetAtt": ["Function", "Arn"]}]}
    assert found["Integration"]["Properties"]["IntegrationUri"] == target
    assert found["Permission"]["Properties"]["FunctionName"] == {"Fn::If": ["IsGradual", target["Fn::If"][1], {"Ref": "Function"}]}


def test_the_default_endpoint_is_disabled_only_on_request():
    translated = translate()
    assert translated["Resources"]["Api"]["Properties"]["DisableExecuteApiEndpoint"] == {"Ref": "DisableDefaultEndpoint"}
    assert translated["Parameters"]["DisableDefaultEndpoint"]["Default"] == "false"


def test_the_queries_of_the_dashboard_name_existing_fields_and_no_custom_metrics():
    body, values = resources()["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    widgets = json.loads(re.sub(r"\$\{[\w:]+\}", "x", body))["widgets"]
    namespaces = set(re.findall(r'\["(AWS/\w+)"', body))
    assert namespaces == {"AWS/ApiGateway", "AWS/Lambda", "AWS/DynamoDB"} and "SEARCH(" not in body
    [query] = [widget["properties"]["query"] for widget in widgets if widget["type"] == "log"]
    telemetry = (ROOT / "src/telemetry.rs").read_text()
    for field in set(re.findall(r"fields\.(\w+)", query)):
        assert f"                    {field} = self." in telemetry, field


def test_every_parameter_is_documented_with_its_default():
    document = (ROOT / "docs/configuration.md").read_text()
    for name, declaration in translate()["Parameters"].items():
        default = f"`{declaration['Default']}`" if declaration["Default"] != "" else "empty"
        assert f"\n| `{name}` | {default} | " in document, name
