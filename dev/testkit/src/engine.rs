//! Connects the SDK to the DynamoDB engine, and creates the table in it exactly as `template.yaml`
//! defines it.

use std::net::SocketAddr;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TimeToLiveSpecification,
};
use aws_smithy_http_client::Builder as HttpClient;
use release_links::store::operator::Operator;
use serde_yaml_ng::Value;

/// The name of the table.
pub const TABLE: &str = "release-links";

/// The operator's handle on the table of this engine.
pub fn operator(address: SocketAddr) -> Operator {
    Operator::new(client_config(address), TABLE.to_owned())
}

/// Returns a DynamoDB client for the engine at this address.
pub fn client(address: SocketAddr) -> Client {
    Client::from_conf(client_config(address).build())
}

/// Returns the client settings for the engine, for tests that extend them.
pub fn client_config(address: SocketAddr) -> aws_sdk_dynamodb::config::Builder {
    aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new("local", "local", None, None, "the engine"))
        .region(Region::new("eu-central-1"))
        .endpoint_url(format!("http://{address}"))
        // The engine speaks plain HTTP.
        .http_client(HttpClient::new().build_http())
}

/// Creates the table as the template defines it, unless it already exists.
///
/// # Errors
///
/// Fails with a message for the developer if the template is invalid or the engine rejects it.
pub async fn create_table(client: &Client, name: &str) -> Result<(), String> {
    if client
        .describe_table()
        .table_name(name)
        .send()
        .await
        .is_ok()
    {
        return Ok(());
    }
    let template: Value = serde_yaml_ng::from_str(include_str!("../../../template.yaml"))
        .map_err(|error| error.to_string())?;
    let properties = &template["Resources"]["Table"]["Properties"];
    let request = describe(client.create_table().table_name(name), properties);
    request
        .send()
        .await
        .map_err(|error| DisplayErrorContext(error).to_string())?;

    let ttl = &properties["TimeToLiveSpecification"];
    let ttl = TimeToLiveSpecification::builder()
        .attribute_name(text(&ttl["AttributeName"]))
        .enabled(
            ttl["Enabled"]
                .as_bool()
                .expect("the template enables or disables TTL"),
        )
        .build()
        .expect("both attributes are set");
    let request = client
        .update_time_to_live()
        .table_name(name)
        .time_to_live_specification(ttl);
    request
        .send()
        .await
        .map(|_| ())
        .map_err(|error| DisplayErrorContext(error).to_string())
}

fn describe(mut request: CreateTableFluentBuilder, properties: &Value) -> CreateTableFluentBuilder {
    for definition in properties["AttributeDefinitions"]
        .as_sequence()
        .expect("the template defines attributes")
    {
        let definition = AttributeDefinition::builder()
            .attribute_name(text(&definition["AttributeName"]))
            .attribute_type(ScalarAttributeType::from(text(
                &definition["AttributeType"],
            )));
        request = request.attribute_definitions(definition.build().expect("name and type are set"));
    }
    for element in properties["KeySchema"]
        .as_sequence()
        .expect("the template defines a key")
    {
        let element = KeySchemaElement::builder()
            .attribute_name(text(&element["AttributeName"]))
            .key_type(KeyType::from(text(&element["KeyType"])));
        request = request.key_schema(element.build().expect("name and type are set"));
    }
    request.billing_mode(BillingMode::from(text(&properties["BillingMode"])))
}

fn text(value: &Value) -> &str {
    value.as_str().expect("the template has a string here")
}
