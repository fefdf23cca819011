//! The HTML of Markdown, as a browser reads it: whatever the text is, the HTML is well-formed, and
//! has no other elements, attributes and destinations than the service writes.

use proptest::prelude::*;

use crate::properties::{nearly_valid, without_files};

/// One a line.
const PAYLOADS: &str = r#"<script>alert(1)</script>
<SCRIPT SRC=https://evil.example/x.js></SCRIPT>
<scr<script>ipt>alert(1)</script>
<img src=x onerror=alert(1)>
<img src="javascript:alert(1)">
<IMG """><SCRIPT>alert(1)</SCRIPT>">
<svg onload=alert(1)>
<svg><script xlink:href=data:,alert(1) />
<math><mi xlink:href="javascript:alert(1)">a</mi></math>
<body onload=alert(1)>
<iframe src="javascript:alert(1)"></iframe>
<iframe srcdoc="<script>alert(1)</script>">
<object data="javascript:alert(1)">
<embed src="data:text/html,<script>alert(1)</script>">
<form action="javascript:alert(1)"><input type=submit>
<button formaction=javascript:alert(1)>a</button>
<input autofocus onfocus=alert(1)>
<details open ontoggle=alert(1)>
<a href="javascript:alert(1)">a</a>
<a href="https://host.example" onclick="alert(1)" target=_blank>a</a>
<base href="https://evil.example/">
<link rel=stylesheet href=https://evil.example/x.css>
<meta http-equiv=refresh content="0;url=https://evil.example/">
<style>@import 'https://evil.example/x.css';</style>
<div style="background:url(javascript:alert(1))">
<template><script>alert(1)</script></template>
<noscript><p title="</noscript><img src=x onerror=alert(1)>">
<!--><img src=x onerror=alert(1)>-->
<![CDATA[<script>alert(1)</script>]]>
<?xml-stylesheet href="javascript:alert(1)"?>
</p></div></body><script>alert(1)</script>
"><script>alert(1)</script>
' onmouseover='alert(1)
" onmouseover="alert(1)" x="
javascript:alert(1)
JaVaScRiPt&#58;alert(1)
&#1;java&Tab;script&colon;alert(1)
data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==
vbscript:msgbox(1)
https://host.example/"onmouseover="alert(1)
&lt;script&gt;alert(1)&lt;/script&gt;
//evil.example/x"#;

/// Where a payload may stand: for `{}`.
const PLACES: [&str; 14] = [
    "{}",
    "# {}",
    "> - {}",
    "a {} `{}`",
    "```{}\n{}\n```",
    "~~~ {}\n{}",
    "    {}",
    "| {} |\n|:-:|\n| {} |",
    "[{}]({})",
    "[a](<{}> \"{}\")",
    "![{}]({} '{}')",
    "<{}>",
    "[a][{}]\n\n[a]: {} \"{}\"\n[{}]: {}",
    "- [ ] <{}\n{}",
];

#[test]
fn no_payload_leaves_an_element_or_attribute_in_any_place() {
    assert_eq!(PAYLOADS.lines().count(), 42);
    for payload in PAYLOADS.lines() {
        for place in PLACES {
            harness::markdown(place.replace("{}", payload).as_bytes());
        }
    }
}

const MARKDOWN: &[&str] = &[
    "\n",
    "\n\n",
    "    ",
    "# ",
    "\n====",
    "> ",
    "- ",
    "* [x] ",
    "2. ",
    "```",
    "~~~js",
    "| a | b |\n|---|:-:|\n| c",
    "|",
    "*",
    "**",
    "_",
    "~~",
    "`",
    "[",
    "![",
    "](",
    "](https://host.example/",
    ")",
    "][a]",
    "\n\n[a]: http://host.example/",
    "<https://host.example>",
    "<me@host.example>",
    "<div>",
    "<!--",
    "javascript:",
    "&amp;",
    "&#0;",
    "\\",
    "  \n",
    "\r",
    "\t",
];

proptest! {
    #![proptest_config(without_files())]

    #[test]
    fn every_text_becomes_well_formed_html_without_foreign_elements(
        data in prop::collection::vec(nearly_valid(MARKDOWN), 1..8),
    ) {
        harness::markdown(&data.concat());
    }
}

#[test]
fn long_texts_of_markup_become_well_formed_html() {
    for markup in MARKDOWN {
        let text = format!("a {markup} b{markup}c");
        for text in [*markup, &text, &format!("> {text}\n")] {
            harness::markdown(text.repeat(20_000 / text.len()).as_bytes());
        }
    }
}
