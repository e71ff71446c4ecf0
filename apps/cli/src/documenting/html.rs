//! A code book as one page of HTML that needs nothing else.

use std::fmt::Write;

use sampan_form::codebook::{Codebook, Entry, List};

use super::language;

const STYLE: &str = "\
body{font:15px/1.45 system-ui,'Noto Sans','Noto Sans Khmer','Noto Sans Myanmar',sans-serif;color:#1b1f24;max-width:60rem;\
margin:2rem auto;padding:0 1rem}\
h1{font-size:1.6rem;margin-bottom:.4rem}h2{font-size:1.15rem;margin-top:2rem}\
dl.facts{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:0 0 1.5rem}\
dt{color:#57606a}dd{margin:0}\
section{border-top:1px solid #d0d7de;padding:.7rem 0;break-inside:avoid}\
section.group{border-top:2px solid #1b1f24;break-after:avoid}\
.head{display:flex;gap:.6rem;align-items:baseline;flex-wrap:wrap}\
.number{color:#57606a}.name{font-weight:600}.sort{color:#57606a;margin-left:auto}\
p.text{margin:.2rem 0}p.text.Question,p.text.Heading{font-size:1.05rem}\
.language,.what{color:#57606a;font-size:.85rem;margin-right:.4rem}\
.missing{color:#b42318;font-style:italic}\
dl.rules{display:grid;grid-template-columns:9rem 1fr;gap:.15rem .8rem;margin:.4rem 0}\
code{font:.85rem ui-monospace,monospace;color:#57606a;overflow-wrap:anywhere}\
dl.rules code{display:block}\
table{border-collapse:collapse;margin:.5rem 0;font-size:.92rem}\
th,td{text-align:left;border-bottom:1px solid #d0d7de;padding:.15rem .8rem .15rem 0;vertical-align:top}\
th{color:#57606a;font-weight:500}\
@media print{body{margin:0;max-width:none;font-size:10pt}tr{break-inside:avoid}thead{display:table-header-group}}\
@page{margin:18mm}";

/// The whole page.
pub fn page(book: &Codebook) -> String {
    let title = safe(&book.title);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<h1>{title}</h1>\n<dl class=\"facts\">\n",
        code(book.languages.first().map_or("", String::as_str))
    );
    for (name, value) in &book.facts {
        put(
            &mut out,
            format_args!("<dt>{}</dt><dd>{}</dd>", safe(name), safe(value)),
        );
    }
    for (own, n) in &book.n_missing {
        let of = match language(own) {
            "" => "Missing texts".to_string(),
            own => format!("Missing texts in {own}"),
        };
        put(
            &mut out,
            format_args!("<dt>{}</dt><dd class=\"missing\">{n}</dd>", safe(&of)),
        );
    }
    out.push_str("</dl>\n");
    for entry in &book.entries {
        one(&mut out, book, entry);
    }
    if !book.lists.is_empty() {
        out.push_str("<h2>Lists</h2>\n");
    }
    for list in &book.lists {
        put(
            &mut out,
            format_args!("<h3 id=\"list-{0}\">{0}</h3>", safe(&list.name)),
        );
        table(&mut out, book, list);
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn one(out: &mut String, book: &Codebook, entry: &Entry) {
    let class = if entry.is_group { " class=\"group\"" } else { "" };
    let indent = entry.depth.min(6);
    put(
        out,
        format_args!(
            "<section{class} id=\"{}\" style=\"margin-left:{indent}rem\">\n<div class=\"head\"><span \
             class=\"number\">{}</span><span class=\"name\">{}</span><code>{}</code><span \
             class=\"sort\">{}</span></div>",
            safe(&entry.path),
            entry.number,
            safe(&entry.name),
            safe(&entry.path),
            safe(&entry.sort)
        ),
    );
    for (what, own, text) in &entry.texts {
        let mut beside = String::new();
        if !matches!(*what, "Question" | "Heading") {
            beside.push_str(&format!("<span class=\"what\">{what}</span>"));
        }
        if !language(own).is_empty() {
            beside.push_str(&format!("<span class=\"language\">{}</span>", safe(own)));
        }
        let class = what.split(' ').next().unwrap_or_default();
        match text {
            Some(text) => {
                let text = safe(text).replace('\n', "<br>");
                put(
                    out,
                    format_args!(
                        "<p class=\"text {class}\" lang=\"{}\">{beside}{text}</p>",
                        code(own)
                    ),
                );
            }
            None => put(
                out,
                format_args!("<p class=\"text {class}\">{beside}<span class=\"missing\">missing</span></p>"),
            ),
        }
    }
    if !entry.rules.is_empty() {
        out.push_str("<dl class=\"rules\">\n");
        for (what, words, source) in &entry.rules {
            let beside = match source {
                Some(source) if source != words => format!("<code>{}</code>", safe(source)),
                Some(_) | None => String::new(),
            };
            put(
                out,
                format_args!("<dt>{what}</dt><dd>{}{beside}</dd>", safe(words)),
            );
        }
        out.push_str("</dl>\n");
    }
    if let Some(list) = &entry.list {
        table(out, book, list);
    }
    out.push_str("</section>\n");
}

fn table(out: &mut String, book: &Codebook, list: &List) {
    out.push_str("<table><thead><tr><th>name</th>");
    for own in &book.languages {
        let head = match language(own) {
            "" => "label",
            own => own,
        };
        out.push_str(&format!("<th>{}</th>", safe(head)));
    }
    for column in &list.columns {
        out.push_str(&format!("<th>{}</th>", safe(column)));
    }
    out.push_str("</tr></thead><tbody>\n");
    for (name, texts, cells) in &list.choices {
        out.push_str(&format!("<tr><td><code>{}</code></td>", safe(name)));
        for (text, own) in texts.iter().zip(&book.languages) {
            match text {
                Some(text) => out.push_str(&format!("<td lang=\"{}\">{}</td>", code(own), safe(text))),
                None => out.push_str("<td class=\"missing\">missing</td>"),
            }
        }
        for cell in cells {
            out.push_str(&format!("<td>{}</td>", safe(cell)));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table>\n");
}

/// The code in `English (en)`; empty when there is none.
fn code(language: &str) -> String {
    let code = language
        .rsplit_once('(')
        .map_or("", |(_, code)| code.trim_end_matches(')'));
    code.chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-')
        .collect()
}

fn safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            letter if letter.is_control() && letter != '\n' => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}

fn put(out: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a text does not fail.
    let _ = writeln!(out, "{what}");
}
