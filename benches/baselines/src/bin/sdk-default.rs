//! A function as in the SDK's documentation: it uses aws-config and the SDK with their defaults,
//! and makes one `GetItem` call per request.

use aws_sdk_dynamodb::types::AttributeValue;
use lambda_http::{Error, Request, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    let client = aws_sdk_dynamodb::Client::new(&config);
    let table = std::env::var("TABLE_NAME")?;
    run(service_fn(|_request: Request| async {
        let request = client
            .get_item()
            .table_name(&table)
            .key("pk", AttributeValue::S("projects".to_owned()));
        let output = request
            .key("sk", AttributeValue::S(format!("{:020}", 24)))
            .send()
            .await?;
        Ok::<_, Error>(output.item.map_or("nothing", |_| "something"))
    }))
    .await
}
