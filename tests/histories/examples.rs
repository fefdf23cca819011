//! Small histories of which the search has to know whether they are possible.

use std::collections::BTreeSet;

use crate::history::{Link, Record, ReleaseChanges};
use crate::model::{Lock, Write};
use crate::reads::Claim;
use crate::search::{Effect, Finding, Read, Requests, search};

fn record() -> Record {
    Record {
        created_at: "now".to_owned(),
        released_at: "now".to_owned(),
        name: "v1".to_owned(),
        description: None,
        immutable_at: None,
    }
}

fn link(name: &str) -> Link {
    Link {
        name: name.to_owned(),
        url: format!("https://e.com/{name}"),
        filepath: None,
    }
}

fn create(id: u64, name: &str) -> Write {
    Write::CreateLink {
        record: record(),
        id,
        link: link(name),
        key: None,
    }
}

fn snapshot(present: &[(u64, &str)], absent: &[u64]) -> Claim {
    let present = present.iter().map(|(id, name)| (*id, link(name)));
    Claim::Snapshot {
        created_at: Some("now".to_owned()),
        record: Some(record()),
        present: present.collect(),
        absent: absent.iter().copied().collect::<BTreeSet<_>>(),
    }
}

/// Searches for an order of these writes and claims with their times.
fn find(writes: Vec<(Write, u64, Option<u64>)>, claims: Vec<(Claim, u64, u64)>) -> Finding {
    let effects = writes.into_iter().map(|(write, invoked, answered)| Effect {
        alternatives: vec![write],
        invoked,
        answered,
        may_be_lost: true,
        operation: 0,
    });
    let reads = claims.into_iter().map(|(claim, invoked, answered)| Read {
        claim,
        invoked,
        answered,
        operation: 1,
    });
    search(&Requests {
        effects: effects.collect(),
        reads: reads.collect(),
    })
}

fn is_possible(writes: Vec<(Write, u64, Option<u64>)>, claims: Vec<(Claim, u64, u64)>) -> bool {
    let finding = find(writes, claims);
    assert_ne!(finding, Finding::Unknown);
    finding == Finding::Possible
}

#[test]
fn an_acknowledged_link_is_seen_by_all_later_reads() {
    let created = || vec![(create(1, "a"), 1, Some(3))];
    assert!(is_possible(
        created(),
        vec![(snapshot(&[(1, "a")], &[]), 2, 4)]
    ));
    assert!(is_possible(created(), vec![(Claim::NoLink(1), 3, 5)]));
    assert!(!is_possible(created(), vec![(Claim::NoLink(1), 4, 5)]));
    assert!(!is_possible(created(), vec![(snapshot(&[], &[1]), 4, 5)]));
}

#[test]
fn a_write_of_unknown_outcome_happens_once_or_never() {
    let created = || vec![(create(1, "a"), 1, None)];
    let seen = |from| (Claim::Link(1, link("a")), from, from + 1);
    let unseen = |from| (Claim::NoLink(1), from, from + 1);
    assert!(is_possible(created(), vec![unseen(3), unseen(5)]));
    assert!(is_possible(created(), vec![unseen(3), seen(5)]));
    assert!(!is_possible(created(), vec![seen(3), unseen(5)]));
}

#[test]
fn the_links_of_an_answer_may_be_of_several_moments_of_one_life() {
    let both = || {
        let second = Write::DeleteLink {
            id: 1,
            answer: None,
        };
        vec![
            (create(1, "a"), 1, Some(2)),
            (second, 4, Some(5)),
            (create(2, "b"), 6, Some(7)),
        ]
    };
    let mixed = |from| (snapshot(&[(1, "a"), (2, "b")], &[]), from, 8);
    assert!(is_possible(both(), vec![mixed(3)]));
    assert!(!is_possible(both(), vec![mixed(6)]));

    let mut lives = both();
    lives[1].0 = Write::DeleteRelease { answer: None };
    if let Write::CreateLink { record, .. } = &mut lives[2].0 {
        record.created_at = "later".to_owned();
    }
    assert!(!is_possible(lives, vec![mixed(3)]));
}

#[test]
fn two_links_of_one_name_are_possible_only_in_a_release_that_is_deleted_meanwhile() {
    let two = || vec![(create(1, "a"), 1, Some(2)), (create(2, "a"), 3, Some(8))];
    assert!(!is_possible(two(), vec![]));
    let mut with_deletion = two();
    with_deletion.push((Write::DeleteRelease { answer: None }, 4, Some(6)));
    assert!(is_possible(with_deletion, vec![]));
    let mut with_earlier_deletion = two();
    with_earlier_deletion[1].1 = 7;
    with_earlier_deletion.push((Write::DeleteRelease { answer: None }, 4, Some(6)));
    let seen = (Claim::Link(2, link("a")), 9, 10);
    assert!(is_possible(with_earlier_deletion, vec![seen]));
}

/// A release with a link, which is locked from 4 to 5 and immutable from 20 to 21, and this write.
fn locked(write: Write, invoked: u64, answered: Option<u64>) -> Vec<(Write, u64, Option<u64>)> {
    let lock = Lock {
        last_invocation: 5,
        is_due: false,
    };
    let lock = Write::UpdateRelease {
        changes: ReleaseChanges {
            locks: true,
            ..ReleaseChanges::default()
        },
        lock: Some(("20".to_owned(), lock)),
        answer: None,
    };
    vec![
        (create(1, "a"), 1, Some(2)),
        (lock, 4, Some(5)),
        (Write::ImmutableAt("20".to_owned()), 20, Some(21)),
        (write, invoked, answered),
    ]
}

#[test]
fn a_locked_release_refuses_what_begins_after_the_answer_to_the_lock() {
    let create = || create(2, "b");
    let seen = (Claim::Link(2, link("b")), 17, 18);
    assert!(is_possible(locked(create(), 5, Some(9)), vec![]));
    assert!(!is_possible(locked(create(), 6, Some(9)), vec![]));
    assert!(is_possible(locked(create(), 6, None), vec![]));
    assert!(!is_possible(locked(create(), 6, None), vec![seen]));
    let delete = || Write::DeleteLink {
        id: 1,
        answer: None,
    };
    assert!(is_possible(locked(delete(), 5, Some(9)), vec![]));
    assert!(!is_possible(locked(delete(), 6, Some(9)), vec![]));
    let delete_release = || Write::DeleteRelease { answer: None };
    assert!(!is_possible(locked(delete_release(), 6, Some(9)), vec![]));
    let refused = |from| (Claim::Locked, from, from + 1);
    assert!(is_possible(locked(create(), 3, Some(9)), vec![refused(4)]));
    assert!(!is_possible(locked(create(), 3, Some(9)), vec![refused(2)]));
}

#[test]
fn the_links_of_an_immutable_release_never_change() {
    let create = |answered| locked(create(2, "b"), 3, answered);
    let unseen = |from| (Claim::NoLink(2), from, from + 1);
    let seen = |from| (Claim::Link(2, link("b")), from, from + 1);
    assert!(is_possible(create(Some(30)), vec![unseen(16), seen(18)]));
    assert!(is_possible(create(Some(30)), vec![seen(22), seen(24)]));
    assert!(!is_possible(create(Some(30)), vec![unseen(22), seen(24)]));
    let delete = Write::DeleteRelease { answer: None };
    let deleted = locked(delete, 6, None);
    assert!(!is_possible(deleted, vec![(Claim::NoRelease, 22, 23)]));
}

#[test]
fn a_release_is_immutable_from_its_creation_on_if_it_is_created_so() {
    let create_release = Write::CreateRelease {
        record: Record {
            immutable_at: Some("1".to_owned()),
            ..record()
        },
        links: vec![(1, link("a"))],
        key: None,
    };
    for (write, is_allowed) in [
        (create(2, "b"), false),
        (Write::DeleteRelease { answer: None }, false),
        (Write::ImmutableAt("1".to_owned()), true),
    ] {
        let writes = vec![(create_release.clone(), 1, Some(2)), (write, 3, Some(4))];
        assert_eq!(is_possible(writes, vec![]), is_allowed);
    }
}
