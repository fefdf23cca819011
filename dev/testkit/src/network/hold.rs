//! Holds single calls, so that a test decides what happens meanwhile.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::call::Call;

/// The longest time that a test waits for a call to be held.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where a call is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// Before it reaches DynamoDB.
    Call,
    /// After DynamoDB has executed it, before its answer reaches the SDK.
    Answer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Expected,
    Held,
    Released,
}

/// Where the held call waits.
pub(super) type Gate = Arc<watch::Sender<Stage>>;

/// A rule that holds one call.
pub(super) struct Rule {
    point: Point,
    /// The number of matching calls before the one that is held; `None` once it came.
    skip: Option<usize>,
    matches: Box<dyn Fn(&Call) -> bool + Send>,
    gate: Gate,
}

impl fmt::Debug for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Rule");
        debug.field("point", &self.point).finish_non_exhaustive()
    }
}

/// A call that is to be held. A test that drops it leaves the call where it is.
#[derive(Debug)]
pub struct Hold(Gate);

pub(super) fn rule(
    point: Point,
    n: usize,
    matches: impl Fn(&Call) -> bool + Send + 'static,
) -> (Rule, Hold) {
    let gate = Arc::new(watch::Sender::new(Stage::Expected));
    let rule = Rule {
        point,
        skip: Some(n.checked_sub(1).expect("calls are counted from 1")),
        matches: Box::new(matches),
        gate: Arc::clone(&gate),
    };
    (rule, Hold(gate))
}

impl Rule {
    /// Counts the call, and returns where it waits if it is the one to hold.
    pub(super) fn gate(&mut self, call: &Call) -> Option<(Point, Gate)> {
        let skip = self.skip.filter(|_| (self.matches)(call))?;
        self.skip = skip.checked_sub(1);
        (skip == 0).then(|| (self.point, Arc::clone(&self.gate)))
    }
}

/// Waits at this point for the release of the call.
pub(super) async fn wait(held: &[(Point, Gate)], point: Point) {
    for (_, gate) in held.iter().filter(|(other, _)| *other == point) {
        gate.send_if_modified(|stage| {
            let is_expected = *stage == Stage::Expected;
            if is_expected {
                *stage = Stage::Held;
            }
            is_expected
        });
        let mut stage = gate.subscribe();
        let released = stage.wait_for(|stage| *stage == Stage::Released).await;
        released.expect("the gate outlives the call");
    }
}

impl Hold {
    /// Waits until the call is held.
    ///
    /// # Panics
    ///
    /// If no such call comes within 20 seconds.
    pub async fn reached(&self) {
        let mut stage = self.0.subscribe();
        let held = stage.wait_for(|stage| *stage != Stage::Expected);
        let held = tokio::time::timeout(PATIENCE, held).await;
        held.expect("the call comes in time")
            .expect("the gate exists");
    }

    /// Whether the call is held now.
    #[must_use]
    pub fn is_held(&self) -> bool {
        *self.0.borrow() == Stage::Held
    }

    /// Lets the call go on. If it has not come yet, it is not held.
    pub fn release(&self) {
        self.0.send_replace(Stage::Released);
    }
}
