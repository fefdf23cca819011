//! Bodies that are hard to read.

/// A body of a certain shape.
pub struct Shape {
    pub name: &'static str,
    pub content_type: &'static str,
    pub body: Vec<u8>,
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=b";

/// The bodies of each content type, first the flat one. Each has about `bytes` bytes.
pub fn by_content_type(bytes: usize) -> [Vec<Shape>; 3] {
    [json(bytes), form(bytes), multipart(bytes)]
}

/// Repeats `unit` between `start` and `end` up to this size.
fn repeat(start: &str, unit: &str, end: &str, bytes: usize) -> String {
    let times = (bytes - start.len() - end.len()) / unit.len();
    [start, &unit.repeat(times), end].concat()
}

/// Members or pairs with different names, each made by `unit` from a number.
fn numbered(start: &str, unit: impl Fn(usize) -> String, end: &str, bytes: usize) -> String {
    let mut text = start.to_owned();
    // Falling names are the worst for a sorted list.
    for number in (0..100_000).rev() {
        let next = unit(number);
        if text.len() + next.len() + end.len() > bytes {
            break;
        }
        text += &next;
    }
    text + end
}

/// A text of this size with at most `times` repetitions, each filled up with `x`.
fn flat(start: &str, unit: [&str; 2], end: &str, times: usize, bytes: usize) -> String {
    let [before, after] = unit;
    let space = bytes - start.len() - end.len();
    let fill = (space / times).saturating_sub(before.len() + after.len());
    let unit = [before, &"x".repeat(fill), after].concat();
    let text = [start, &unit.repeat(times.min(space / unit.len()))].concat();
    let rest = bytes - text.len() - end.len();
    [&text, &" ".repeat(rest), end].concat()
}

/// JSON bodies that are as deep as a body may be, or deeper.
fn deep_json(bytes: usize) -> [(&'static str, String); 4] {
    let nested = |open: &str, inner: &str, close: &str, levels: usize| {
        [&open.repeat(levels), inner, &close.repeat(levels)].concat()
    };
    // The body and the array around the repetitions are two of 32 levels.
    let deep_objects = nested("{\"\":", "1", "}", 30) + ",";
    let deep_arrays = nested("[", "1", "]", 30) + ",";
    let too_deep = format!(
        "{{\"x\":{}",
        nested("[", &repeat("", "{\"\":1},", "1", bytes - 300), "]", 120)
    );
    [
        (
            "deep objects",
            repeat("{\"x\":[", &deep_objects, "1]}", bytes),
        ),
        (
            "deep arrays",
            repeat("{\"x\":[", &deep_arrays, "1]}", bytes),
        ),
        ("objects too deep", too_deep + "}"),
        (
            "arrays too deep",
            repeat("", "[", "", bytes / 2) + &"]".repeat(bytes / 2),
        ),
    ]
}

fn json(bytes: usize) -> Vec<Shape> {
    let shapes = [
        (
            "short texts",
            flat("{\"x\":[", ["\"", "\","], "\"\"]}", 19_990, bytes),
        ),
        (
            "objects of one member",
            repeat("{\"x\":[", "{\"\":1},", "1]}", bytes),
        ),
        ("empty objects", repeat("{\"x\":[", "{},", "1]}", bytes)),
        ("empty arrays", repeat("{\"x\":[", "[],", "1]}", bytes)),
        (
            "members",
            numbered("{", |n| format!("\"{n:05}\":1,"), "\"\":1}", bytes),
        ),
        (
            "members of an object",
            numbered("{\"x\":{", |n| format!("\"{n:05}\":1,"), "\"\":1}}", bytes),
        ),
        ("equal members", repeat("{", "\"a\":1,", "\"\":1}", bytes)),
        ("numbers", repeat("{\"x\":[", "1,", "1]}", bytes)),
        ("one long number", repeat("{\"x\":0.", "1", "}", bytes)),
        ("escapes", repeat("{\"x\":\"", "\\u00e9", "\"}", bytes)),
        (
            "escapes of emoji",
            repeat("{\"x\":\"", "\\ud83d\\ude00", "\"}", bytes),
        ),
        (
            "escaped quotes",
            repeat("{\"x\":[1,\"", "\\\"", "\",1]}", bytes),
        ),
        (
            "links",
            repeat(
                "{\"tag_name\":\"v\",\"assets\":{\"links\":[",
                "1,",
                "1]}}",
                bytes,
            ),
        ),
    ];
    let shapes = shapes.into_iter().chain(deep_json(bytes));
    shapes.map(|(name, body)| shape(name, JSON, body)).collect()
}

fn form(bytes: usize) -> Vec<Shape> {
    let deep = format!("x{}=&", "[a]".repeat(31));
    let shapes = [
        (
            "pairs of an array",
            flat("", ["x[]=", "&"], "", 9_990, bytes),
        ),
        ("objects in an array", repeat("", "x[][a]&", "", bytes)),
        ("deep objects", repeat("", &deep, "", bytes)),
        (
            "deep objects of different names",
            numbered("", |n| format!("{n}{deep}"), "", bytes),
        ),
        ("levels too deep", repeat("x", "[a]", "=", bytes)),
        ("brackets", repeat("x", "[", "=", bytes)),
        ("pairs", numbered("", |n| format!("{n:05}&"), "", bytes)),
        (
            "pairs of an object",
            numbered("", |n| format!("x[{n:05}]&"), "", bytes),
        ),
        ("equal pairs", repeat("", "a&", "", bytes)),
        ("separators", repeat("", "&", "", bytes)),
        ("escapes", repeat("x=", "%C3%A9", "", bytes)),
        ("plus signs", repeat("x=", "+", "", bytes)),
    ];
    shapes.map(|(name, body)| shape(name, FORM, body)).into()
}

fn multipart(bytes: usize) -> Vec<Shape> {
    const END: &str = "--b--\r\n";
    let part = |name: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name={name}\r\n\r\n{value}\r\n")
    };
    let file = "--b\r\nContent-Disposition: form-data; name=x; filename=y\r\n\r\n\r\n";
    let deep = part(&format!("x{}", "[a]".repeat(31)), "");
    let nameless = "--b\r\nContent-Disposition: form-data\r\n\r\n\r\n";
    let shapes = [
        ("parts", repeat("", &part("x[]", "a"), END, bytes)),
        (
            "parts of different names",
            numbered("", |n| part(&format!("{n:05}"), ""), END, bytes),
        ),
        (
            "objects in an array",
            repeat("", &part("x[][a]", ""), END, bytes),
        ),
        ("deep objects", repeat("", &deep, END, bytes)),
        ("files", repeat("", file, END, bytes)),
        ("parts without a name", repeat("", nameless, END, bytes)),
        (
            "one long part",
            part("x", &repeat("", "a", "", bytes - 80)) + END,
        ),
        (
            "line breaks",
            part("x", &repeat("", "\r\n", "", bytes - 80)) + END,
        ),
        (
            "almost boundaries",
            part("x", &repeat("", "\r\n--", "", bytes - 80)) + END,
        ),
    ];
    shapes
        .map(|(name, body)| shape(name, MULTIPART, body))
        .into()
}

fn shape(name: &'static str, content_type: &'static str, body: String) -> Shape {
    Shape {
        name,
        content_type,
        body: body.into_bytes(),
    }
}
