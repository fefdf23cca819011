//! The IAM policies of the template, and the permissions that DynamoDB calls need. The engine
//! enforces no policies.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use serde_yaml_ng::Value as Yaml;

/// One access to an item or a partition, which a policy has to allow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// The IAM action, such as `dynamodb:GetItem`.
    pub action: String,
    /// The partition key; a scan has none.
    pub partition: Option<String>,
}

/// Returns the accesses of a call. DynamoDB authorizes the steps of a transaction as single
/// operations, and the requests of a batch as a batch.
///
/// Source: AWS, "Using IAM with DynamoDB transactions".
pub fn accesses(operation: &str, body: &Json) -> Vec<Access> {
    let access = |operation: &str, request: &Json| {
        let key = request.get("Key").or_else(|| request.get("Item"));
        let pk = match key.unwrap_or(&request["ExpressionAttributeValues"][":pk"]) {
            Json::Object(key) if key.contains_key("pk") => &key["pk"],
            other => other,
        };
        Access {
            action: format!("dynamodb:{operation}"),
            partition: pk["S"].as_str().map(str::to_owned),
        }
    };
    let entries = |value: &Json| value.as_object().into_iter().flatten().count();
    match operation {
        "TransactWriteItems" => {
            let steps = body["TransactItems"].as_array().unwrap().iter();
            let steps = steps.flat_map(|step| step.as_object().unwrap());
            steps
                .map(|(kind, step)| access(&format!("{kind}Item"), step))
                .collect()
        }
        "BatchGetItem" | "BatchWriteItem" => {
            assert_eq!(entries(&body["RequestItems"]), 1, "there is one table");
            let requests = body["RequestItems"].as_object().unwrap().values();
            requests
                .flat_map(batch)
                .map(|request| access(operation, &request))
                .collect()
        }
        _ => vec![access(operation, body)],
    }
}

/// The requests of a batch, in the shape of single operations.
fn batch(table: &Json) -> Vec<Json> {
    match table.as_array() {
        Some(writes) => {
            let writes = writes.iter().flat_map(|write| write.as_object().unwrap());
            writes.map(|(_, request)| request.clone()).collect()
        }
        None => {
            let keys = table["Keys"].as_array().unwrap().iter();
            keys.map(|key| serde_json::json!({"Key": key})).collect()
        }
    }
}

/// A policy of the template: its statements about DynamoDB.
pub struct Policy(Vec<Statement>);

struct Statement {
    actions: BTreeSet<String>,
    /// The patterns of `dynamodb:LeadingKeys`; `None` allows every partition.
    partitions: Option<Vec<String>>,
}

impl Policy {
    /// The policy of the function's role.
    pub fn of_function() -> Self {
        let role = resource("FunctionRole");
        Self::read(&role["Policies"][0]["PolicyDocument"])
    }

    /// The policy for operators.
    pub fn of_operator() -> Self {
        Self::read(&resource("OperatorPolicy")["PolicyDocument"])
    }

    /// The policy of this document, in JSON or YAML.
    pub fn parse(document: &str) -> Self {
        Self::read(&serde_yaml_ng::from_str(document).unwrap())
    }

    fn read(document: &Yaml) -> Self {
        let statements = document["Statement"].as_sequence().unwrap().iter();
        let statements = statements.map(Statement::read);
        Self(
            statements
                .filter(|statement| !statement.actions.is_empty())
                .collect(),
        )
    }

    /// The DynamoDB actions that the policy allows.
    pub fn actions(&self) -> BTreeSet<String> {
        let actions = self.0.iter().flat_map(|statement| &statement.actions);
        actions.cloned().collect()
    }

    /// Whether the policy allows the access.
    pub fn allows(&self, access: &Access) -> bool {
        self.0.iter().any(|statement| statement.allows(access))
    }
}

impl Statement {
    fn read(statement: &Yaml) -> Self {
        // A statement that depends on a parameter is about KMS or X-Ray.
        assert!(matches!(statement, Yaml::Tagged(_)) || statement["Effect"] == "Allow");
        let texts = |value: &Yaml| -> Vec<String> {
            let single = value.as_str().map(str::to_owned);
            let texts = value.as_sequence().into_iter().flatten();
            let texts = texts.map(|text| text.as_str().unwrap().to_owned());
            single.into_iter().chain(texts).collect()
        };
        let actions = texts(&statement["Action"]).into_iter();
        let condition = statement.get("Condition");
        let partitions = condition.map(|condition| {
            assert_eq!(condition.as_mapping().unwrap().len(), 2);
            // `ForAllValues` alone is true for a call without the key.
            assert_eq!(condition["Null"]["dynamodb:LeadingKeys"], "false");
            texts(&condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"])
        });
        Self {
            actions: actions
                .filter(|action| action.starts_with("dynamodb:"))
                .collect(),
            partitions,
        }
    }

    fn allows(&self, access: &Access) -> bool {
        let is_like = |pattern: &String, partition: &str| match pattern.strip_suffix('*') {
            Some(prefix) => partition.starts_with(prefix),
            None => partition == pattern,
        };
        let is_allowed = match (&self.partitions, &access.partition) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(patterns), Some(partition)) => {
                patterns.iter().any(|pattern| is_like(pattern, partition))
            }
        };
        self.actions.contains(&access.action) && is_allowed
    }
}

fn resource(name: &str) -> Yaml {
    let template: Yaml =
        serde_yaml_ng::from_str(include_str!("../../../template.yaml")).expect("it is valid YAML");
    template["Resources"][name]["Properties"].clone()
}
