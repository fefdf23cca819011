//! The faults that [`crate::faults`] injects into DynamoDB calls.

/// A fault in one DynamoDB call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// DynamoDB rejects the call with this status and error code, and changes nothing.
    ServiceError(u16, &'static str),
    /// DynamoDB cancels a transaction with this reason for every step; any other operation fails
    /// with the corresponding exception.
    Cancelled(&'static str),
    /// DynamoDB cancels a transaction with this reason for every second step, beginning with the
    /// first or the second, and with a failed condition for the others.
    Mixed(&'static str, FirstTransientStep),
    /// DynamoDB returns the whole batch as unprocessed.
    Unprocessed,
    /// DynamoDB returns the last request of the batch as unprocessed.
    PartlyProcessed,
    /// The connection is reset before DynamoDB receives the call.
    ResetBefore,
    /// The connection is reset after DynamoDB executes the call.
    ResetAfter,
    /// No response arrives, and DynamoDB never receives the call.
    StalledBefore,
    /// No response arrives, although DynamoDB executes the call.
    StalledAfter,
    /// DynamoDB executes the call, but the response is not valid JSON.
    Malformed,
    /// The items in the response contain only their keys.
    MissingAttributes,
    /// The items in the response have the wrong type in every attribute except the keys.
    MistypedAttributes,
}

/// The first transient step of a mixed cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstTransientStep {
    /// Even step indices are transient.
    First = 0,
    /// Odd step indices are transient.
    Second = 1,
}

impl Fault {
    /// The faults that the fault matrix covers, by class. The SDK and the store treat the faults of
    /// a class alike: they retry them in the same way, or return the same error.
    pub const CLASSES: [&[Self]; 12] = [
        &[
            Self::ServiceError(400, "ProvisionedThroughputExceededException"),
            Self::ServiceError(400, "ThrottlingException"),
            Self::ServiceError(400, "RequestLimitExceeded"),
            Self::ServiceError(400, "TransactionInProgressException"),
        ],
        &[
            Self::ServiceError(500, "InternalServerError"),
            Self::ServiceError(503, "ServiceUnavailable"),
        ],
        &[
            Self::Cancelled("TransactionConflict"),
            Self::Cancelled("ThrottlingError"),
        ],
        &[
            Self::ServiceError(400, "ValidationException"),
            Self::Cancelled("ValidationError"),
        ],
        &[
            Self::Mixed("TransactionConflict", FirstTransientStep::First),
            Self::Mixed("TransactionConflict", FirstTransientStep::Second),
            Self::Mixed("ThrottlingError", FirstTransientStep::First),
            Self::Mixed("ThrottlingError", FirstTransientStep::Second),
        ],
        &[Self::PartlyProcessed],
        &[Self::ResetBefore],
        &[Self::ResetAfter],
        &[Self::StalledBefore],
        &[Self::StalledAfter],
        &[Self::Malformed],
        &[Self::MissingAttributes, Self::MistypedAttributes],
    ];

    /// The faults that the fault matrix covers.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::CLASSES.into_iter().flatten().copied()
    }

    /// Whether the fault can occur in this DynamoDB operation.
    pub fn applies_to(self, operation: &str) -> bool {
        match self {
            Self::Mixed(..) | Self::Cancelled("ValidationError") => {
                operation == "TransactWriteItems"
            }
            Self::Unprocessed | Self::PartlyProcessed => operation.starts_with("Batch"),
            _ => true,
        }
    }

    /// Whether the fault produces a corrupt item or an invalid call. Retries cannot help, so the
    /// service returns 500.
    pub fn is_permanent(self) -> bool {
        matches!(
            self,
            Self::MissingAttributes
                | Self::MistypedAttributes
                | Self::ServiceError(_, "ValidationException")
                | Self::Cancelled("ValidationError")
        )
    }
}

/// Injects a fault into the first `times` calls of an operation after those that it skips.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The DynamoDB operation.
    pub operation: &'static str,
    /// The fault to inject.
    pub fault: Fault,
    /// The number of calls before them that succeed.
    pub skip: u32,
    /// The number of calls that fail.
    pub times: u32,
}
