//! Descriptions whose Markdown is hard to render.

use std::{env, fs};

use release_links::markdown::{Budget, render};

use super::{BODY, alone, has_valgrind, instructions};

/// How many more instructions the worst description may take than plain text of its length.
const FACTOR: f64 = 20.0;
/// Large enough for quadratic time to show, and small enough for the parser to read all of it.
const BYTES: usize = 20_000;
const RENDERS: &str = "descriptions::a_description_is_rendered";

/// Prose with a line break now and then.
const PLAIN: &str = "The program starts faster, and reads what its older versions wrote.\n";

/// What is repeated up to the end.
const UNITS: [&str; 8] = [
    "[",
    "[a](",
    "[a](b \"\n",
    "[a][a] ",
    "*_~",
    "<",
    "&amp;",
    "- a\n",
];

/// What comes once, and what is repeated after it.
const BEGINNINGS: [(&str, usize, &str); 5] = [
    // Lines that continue nested blocks, as deep as they are parsed and deeper.
    ("> ", 100, "a\n"),
    ("- ", 100, "a\n"),
    (">", 5_000, "a\n"),
    // Rows without cells.
    ("", 0, "\n|\n"),
    ("[", 10_000, "]"),
];

fn texts() -> Vec<(String, String)> {
    let fill = |start: String, unit: &str| {
        let times = (BYTES - start.len()) / unit.len();
        start + &unit.repeat(times)
    };
    let units = UNITS.map(|unit| (format!("{unit:?}"), fill(String::new(), unit)));
    let beginnings = BEGINNINGS.map(|(start, times, unit)| {
        let name = format!("{times} of {start:?}, then {unit:?}");
        (name, fill(start.repeat(times), unit))
    });
    let table = format!("{}|\n{}|\n", "|a".repeat(1_000), "|-".repeat(1_000));
    let table = ("a table of 1000 columns".to_owned(), fill(table, "a\n"));
    let ticks: String = (1..200).map(|length| "`".repeat(length) + " ").collect();
    let mut texts = vec![("growing backticks".to_owned(), ticks)];
    texts.extend(units.into_iter().chain(beginnings).chain([table]));
    texts
}

#[test]
fn the_worst_description_takes_at_most_20_times_as_long_as_plain_text() {
    let _alone = alone();
    if !has_valgrind() {
        return;
    }
    let count = |text: &str| instructions(RENDERS, "", text.as_bytes());
    let start = count("a");
    let plain = count(&PLAIN.repeat(BYTES / PLAIN.len())) - start;
    println!("plain text: {plain} instructions");
    for (name, text) in texts() {
        let ratio = (count(&text) - start) / plain;
        println!("{name}: instructions {ratio:.2}");
        assert!(ratio <= FACTOR, "{name}: instructions {ratio:.2}");
    }
}

#[test]
#[ignore = "the other test starts this one, to count its instructions"]
fn a_description_is_rendered() {
    let text = fs::read_to_string(env::var(BODY).unwrap()).unwrap();
    let html = render(&text, &mut Budget::new());
    assert!(!html.as_str().is_empty());
}
