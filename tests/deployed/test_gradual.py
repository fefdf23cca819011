"""Deploys the stack with gradual deployments. The emulator has no CodeDeploy, so it shifts all requests at once."""


def test_the_api_invokes_the_alias(aws):
    stack = aws.deploy("gradual", DeploymentPreference="Canary10Percent5Minutes")
    [integration] = aws.cli("apigatewayv2", "get-integrations", "--api-id", stack.resource("Api"))["Items"]
    assert integration["IntegrationUri"].endswith(f":function:{stack.resource('Function')}:live")
    assert stack.curl("/api/v4/projects/1/releases/v1/assets/links") == (404, '{"message":"404 Project Not Found"}')
