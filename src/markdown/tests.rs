use super::*;

fn html(markdown: &str) -> String {
    render(markdown, &mut Budget::new()).into_string()
}

fn assert_rendered(cases: &[(&str, &str)]) {
    for (markdown, expected) in cases {
        assert_eq!(html(markdown), *expected, "{markdown}");
    }
}

#[test]
fn commonmark_is_rendered() {
    assert_rendered(&[
        ("", ""),
        (" \n\n", ""),
        (
            "a *b* **c** _d_ `e<f`",
            "<p>a <em>b</em> <strong>c</strong> <em>d</em> <code>e&lt;f</code></p>",
        ),
        ("a\nb  \nc\\\nd", "<p>a\nb<br>\nc<br>\nd</p>"),
        ("a\n\n***\n\nb", "<p>a</p>\n<hr>\n<p>b</p>"),
        (
            "> a\n>\n> b",
            "<blockquote>\n<p>a</p>\n<p>b</p>\n</blockquote>",
        ),
        (
            "- a\n- b\n  1. c",
            "<ul>\n<li>a</li>\n<li>b<ol>\n<li>c</li>\n</ol>\n</li>\n</ul>",
        ),
        (
            "- a\n\n- b",
            "<ul>\n<li><p>a</p>\n</li>\n<li><p>b</p>\n</li>\n</ul>",
        ),
        ("7) a", "<ol start=\"7\">\n<li>a</li>\n</ol>"),
        (
            "```sh onclick=\"x\"\na <b>\n```",
            "<pre><code>a &lt;b&gt;\n</code></pre>",
        ),
        ("    a & b", "<pre><code>a &amp; b</code></pre>"),
        (
            "&lt;b&gt; &#60;i&#62; &copy; &amp;amp;",
            "<p>&lt;b&gt; &lt;i&gt; © &amp;amp;</p>",
        ),
    ]);
}

#[test]
fn tables_strikethrough_and_tasks_are_rendered_without_styles_and_forms() {
    assert_rendered(&[
        (
            "| a | *b* |\n|:--|--:|\n| c | d |\n| e |",
            "<table>\n<thead>\n<tr><th>a</th><th><em>b</em></th></tr>\n</thead>\n<tbody>\n\
             <tr><td>c</td><td>d</td></tr>\n<tr><td>e</td><td></td></tr>\n</tbody>\n</table>",
        ),
        ("~~a~~ ~b~", "<p><del>a</del> <del>b</del></p>"),
        (
            "- [ ] a\n- [x] b",
            "<ul>\n<li>☐ a</li>\n<li>☑ b</li>\n</ul>",
        ),
        ("[^1]\n\n[^1]: a $b$", "<p>[^1]</p>\n<p>[^1]: a $b$</p>"),
    ]);
}

#[test]
fn headings_move_down_two_levels_and_skip_none() {
    assert_rendered(&[
        ("# a\n#### b", "<h3>a</h3>\n<h4>b</h4>"),
        (
            "### a\n# b\n## c\n###### d\n## e",
            "<h3>a</h3>\n<h3>b</h3>\n<h4>c</h4>\n<h5>d</h5>\n<h4>e</h4>",
        ),
        (
            "# 1\n## 2\n### 3\n#### 4\n##### 5\n###### 6\n## 7",
            "<h3>1</h3>\n<h4>2</h4>\n<h5>3</h5>\n<h6>4</h6>\n<h6>5</h6>\n<h6>6</h6>\n<h4>7</h4>",
        ),
        ("a\n===\nb\n---", "<h3>a</h3>\n<h4>b</h4>"),
        ("# a {#id .class}", "<h3>a {#id .class}</h3>"),
    ]);
}

#[test]
fn raw_html_becomes_text() {
    assert_rendered(&[
        (
            "a <b onclick=\"x\">c</b>",
            "<p>a &lt;b onclick=&quot;x&quot;&gt;c&lt;/b&gt;</p>",
        ),
        (
            "<script>\nalert(1)\n</script>",
            "<p>&lt;script&gt;\nalert(1)\n&lt;/script&gt;</p>",
        ),
        ("<!-- a -->\n\nb", "<p>&lt;!-- a --&gt;\n</p>\n<p>b</p>"),
    ]);
}

#[test]
fn links_to_hosts_and_mailboxes_stay() {
    let a = |address: &str, text: &str| {
        format!("<p><a href=\"{address}\" rel=\"nofollow noopener\">{text}</a></p>")
    };
    for (markdown, address, text) in [
        (
            "[a *b*](https://host/?c&d \"title\")",
            "https://host/?c&amp;d",
            "a <em>b</em>",
        ),
        ("<HTTP://host/>", "HTTP://host/", "HTTP://host/"),
        (
            "<me@host.example>",
            "mailto:me@host.example",
            "me@host.example",
        ),
        ("[a](MailTo:me@host.example)", "MailTo:me@host.example", "a"),
        (
            "[a](<  &#1;https://ho&#9;st/&quot;>)",
            "https://host/&quot;",
            "a",
        ),
        ("[a]\n\n[A]: http://host/", "http://host/", "a"),
        (
            "[a <http://b/>](http://host/)",
            "http://host/",
            "a http://b/",
        ),
        ("[](http://host/)", "http://host/", "http://host/"),
        ("[![](i.png)](http://host/)", "http://host/", "http://host/"),
        ("[![b *c*](i.png)](http://host/)", "http://host/", "b c"),
    ] {
        assert_eq!(html(markdown), a(address, text), "{markdown}");
    }
}

#[test]
fn of_other_links_and_of_images_the_text_stays() {
    for destination in [
        "javascript:alert(1)",
        "JaVaScRiPt&colon;alert(1)",
        "&#1;javascript:alert(1)",
        "java&Tab;script:alert(1)",
        "data:text/html,a",
        "vbscript:a",
        "ftp://host/",
        "//host/",
        "/path",
        "path",
        "?query",
        "#fragment",
        "https:path",
        "https:/path",
        "https:\\\\\\\\host",
        "http",
        "&nbsp;https://host",
        "",
    ] {
        let link = format!("[a *b*]({destination})");
        assert_eq!(html(&link), "<p>a <em>b</em></p>", "{link}");
    }
    assert_rendered(&[
        (
            "![a *b* `c` [d](http://host/)](https://host/i.png \"title\")",
            "<p>a b c d</p>",
        ),
        ("![](i.png)", "<p></p>"),
        ("<javascript:alert(1)>", "<p>javascript:alert(1)</p>"),
        ("https://host", "<p>https://host</p>"),
    ]);
}

#[test]
fn characters_that_xml_forbids_are_replaced() {
    let forbidden = "a\u{1}\u{B}\u{C}\u{1F}\u{FFFE}\u{FFFF}b";
    let replaced = format!("a{}b", "\u{FFFD}".repeat(6));
    assert_eq!(html(forbidden), format!("<p>{replaced}</p>"));
    assert_eq!(
        html("\0&#0;&#xD800;"),
        format!("<p>{}</p>", "\u{FFFD}".repeat(3))
    );
    let link = format!("[{forbidden}](http://host/\u{FFFE}&#1;)");
    assert_eq!(
        html(&link),
        format!("<p><a href=\"http://host/\u{FFFD}\" rel=\"nofollow noopener\">{replaced}</a></p>")
    );
    assert_eq!(
        html(&format!("`{forbidden}`")),
        format!("<p><code>{replaced}</code></p>")
    );
}

#[test]
fn what_nests_deeper_than_100_levels_is_preformatted() {
    let quotes = |levels: usize, text: &str| {
        let [start, end] = ["<blockquote>\n", "</blockquote>\n"].map(|tag| tag.repeat(levels));
        format!("{start}{text}{end}")
    };
    let hundred = format!("{}a *b*", "> ".repeat(99));
    assert_eq!(
        html(&hundred),
        quotes(99, "<p>a <em>b</em></p>\n").trim_end()
    );
    let beyond = format!("{}a *b*\n\nc", ">".repeat(100));
    let expected = quotes(100, "<p>a </p>\n") + "<pre>*b*\n\nc</pre>";
    assert_eq!(html(&beyond), expected);
    let line = format!("{}a *b*\n\nc", "- ".repeat(101));
    assert_eq!(
        html(&format!("*a*\n\n{line}")),
        format!("<p><em>a</em></p>\n<pre>{line}</pre>")
    );
    let mut list: String = (0..101)
        .map(|level| format!("{}- {level}\n", "  ".repeat(level)))
        .collect();
    let rendered = html(&list);
    assert_eq!(rendered.matches("<ul>").count(), 100);
    let last = list.split_off(list.find("  ".repeat(100).as_str()).unwrap());
    assert!(
        rendered.ends_with(&format!("<pre>{}</pre>", last.trim_end())),
        "{rendered}"
    );
}

fn of_bytes(bytes: usize) -> Budget {
    Budget {
        bytes,
        marks: Budget::MARKS,
    }
}

#[test]
fn what_exceeds_the_budget_is_preformatted() {
    let text = "*a* ".repeat(20);
    // 80 bytes are read, and the rest may take 80 and its tags. 45 are left for markup.
    let mut budget = of_bytes(80 + 80 + PRE_BYTES + 45);
    let rendered = render(&text, &mut budget);
    let written = "<p><em>a</em> <em>a</em> <em>a</em> <em>a</em> <em>a</em> </p>\n";
    let rest = "*a* ".repeat(15);
    assert_eq!(rendered.as_str(), format!("{written}<pre>{rest}</pre>"));
    assert_eq!(budget.bytes, 2);

    let mut budget = of_bytes(80 + PRE_BYTES);
    let rendered = render(&text, &mut budget);
    assert_eq!(rendered.as_str(), format!("<pre>{text}</pre>"));
    assert_eq!(budget.bytes, 0);
}

#[test]
fn what_exceeds_the_budget_even_preformatted_is_cut() {
    let mut budget = of_bytes(9 + PRE_BYTES);
    let rendered = render("a < b, and *c*", &mut budget);
    assert_eq!(rendered.as_str(), format!("<pre>a &lt; b,</pre>{CUT}"));
    assert_eq!(budget.bytes, 0);
    assert_eq!(render("a", &mut budget).as_str(), CUT);
    assert_eq!(render("", &mut budget).as_str(), "");
}

#[test]
fn renderings_share_their_budget() {
    let mut budget = Budget::new();
    let text = "a".repeat(200_000);
    let sizes = [(); 4].map(|()| render(&text, &mut budget).as_str().len());
    assert_eq!(budget.bytes, 0);
    let tags = "<p></p>".len();
    let last = Budget::BYTES - 2 * (400_000 + tags) - (200_000 + PRE_BYTES);
    let expected = [
        200_000 + tags,
        200_000 + tags,
        200_000 + PRE_BYTES,
        last + CUT.len(),
    ];
    assert_eq!(sizes, expected);
}

#[test]
fn after_too_many_marks_the_lines_are_preformatted() {
    let lines = "`a` **b**\n".repeat(100_000 / 10);
    let mut budget = Budget::new();
    let rendered = render(&lines, &mut budget);
    let line = "<code>a</code> <strong>b</strong>";
    // Each line has seven marks, its end included.
    let shown = Budget::MARKS / 7;
    let written = vec![line; shown].join("\n");
    let rest = "`a` **b**\n".repeat(10_000 - shown);
    let expected = format!("<p>{written}</p>\n<pre>{}</pre>", rest.trim_end());
    assert_eq!(rendered.as_str(), expected);
    assert_eq!(render("**a**", &mut budget).as_str(), "<pre>**a**</pre>");
}

#[test]
fn a_row_counts_all_columns_of_its_table() {
    let table = format!("|{}\n|{}\n", "a|".repeat(999), "-|".repeat(999));
    let rendered = html(&format!("{table}{}\n*b*", "a\n".repeat(100)));
    // The two lines of the head have 1,000 marks each and an end, the second its columns, and the
    // dashes; a row has an end and the columns.
    let rows = (Budget::MARKS - (1_001 + 2_000 + 1_001)) / 1_002;
    assert_eq!(rendered.matches("<tr><td>a</td>").count(), rows);
    let rest = "a\n".repeat(100 - rows);
    assert!(rendered.ends_with(&format!("<pre>{rest}\n*b*</pre>")));
    // A blank line ends the table.
    let rendered = html(&format!("{table}a\n\n{}*b*", "a\n".repeat(100)));
    assert!(rendered.ends_with("\na\n<em>b</em></p>"));
}
