//! Tests of documents: every axis and node test, namespaces, refusals, roots.

use super::{Document, DocumentError};

fn text(xml: &str, expression: &str, context: &str) -> String {
    Document::parse(xml)
        .unwrap()
        .eval(expression, context)
        .unwrap()
        .text
}

#[test]
fn a_document_is_walked_by_every_axis_and_node_test() {
    let xml = "<!DOCTYPE a><a x='1'><!--hm--><b>t</b><?go now?><b n='2'>u<c/>v</b></a>";
    for (expression, expected) in [
        ("name(/*)", "a"),
        ("/a/comment()", "hm"),
        ("/a/processing-instruction('go')", "now"),
        ("/a/b[2]/text()[2]", "v"),
        ("string(/a/b[2])", "uv"),
        ("/a/b/@n/..", "uv"),
        ("name(//c/ancestor::*[last()])", "a"),
        ("count(//c/preceding::b)", "1"),
        ("count(/a/node())", "4"),
        ("count(/node())", "2"),
        ("count(//@*)", "2"),
    ] {
        assert_eq!(text(xml, expression, "/"), expected, "{expression}");
    }
}

#[test]
fn every_node_is_found_again_by_its_path() {
    let document = Document::parse("<a x='1'><b/>t<b y='2'><!--c--></b>u</a>").unwrap();
    for path in [
        "/",
        "/a[1]",
        "/a[1]/@x",
        "/a[1]/b[2]/comment()[1]",
        "/a[1]/text()[2]",
    ] {
        let node = document.find(path).unwrap();
        assert_eq!(document.path(node), path);
    }
    assert_eq!(document.find("/a[1]/b[3]"), None);
}

#[test]
fn prefixes_mean_namespaces_not_letters() {
    let xml = "<x:a xmlns:x='urn:one' xmlns='urn:two'><b/></x:a>";
    let mut document = Document::parse(xml).unwrap();
    document.declare("p", "urn:one");
    document.declare("q", "urn:two");
    for (expression, expected) in [
        ("count(/p:a/q:b)", 1.0),
        ("count(/a)", 0.0),
        ("count(/x:a/q:*)", 1.0),
    ] {
        assert_eq!(
            document.eval(expression, "/").unwrap().number,
            expected,
            "{expression}"
        );
    }
    assert!(matches!(
        document.eval("/y:a", "/"),
        Err(DocumentError::Expression(_))
    ));
}

#[test]
fn what_is_dangerous_or_broken_is_refused() {
    for xml in [
        "",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "text",
        "<a>&bomb;</a>",
        "<a b='1' b='2'/>",
        "<p:a/>",
        "<a b='&x;'/>",
    ] {
        assert!(
            matches!(Document::parse(xml), Err(DocumentError::Malformed { .. })),
            "{xml}"
        );
    }
    for xml in [
        "<!DOCTYPE a SYSTEM 'x.dtd'><a/>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a/>",
    ] {
        assert_eq!(
            Document::parse(xml).err(),
            Some(DocumentError::UnsafeDocumentType),
            "{xml}"
        );
    }
    let deep = format!("{}{}", "<a>".repeat(300), "</a>".repeat(300));
    assert!(matches!(
        Document::parse(&deep),
        Err(DocumentError::TooLarge { .. })
    ));
}

#[test]
fn an_instance_can_be_the_root_and_others_are_reached_by_their_id() {
    let xml = "<model xmlns='http://www.w3.org/2002/xforms'><instance><data><q>1</q></data></instance>\
               <instance id='list'><root><item>x</item></root></instance></model>";
    let mut document = Document::parse(xml).unwrap();
    let instance = document.find("/model[1]/instance[1]").unwrap();
    document.set_root(instance);
    let at = "/model[1]/instance[1]/data[1]";
    for (expression, expected) in [
        ("/data/q", "1"),
        ("instance('list')/root/item", "x"),
        ("count(/..)", "0"),
    ] {
        assert_eq!(
            document.eval(expression, at).unwrap().text,
            expected,
            "{expression}"
        );
    }
}

#[test]
fn one_call_does_the_whole() {
    let namespaces = [("p".to_owned(), "urn:one".to_owned())];
    let found = super::eval("/p:a/@b + 1", "<a xmlns='urn:one' b='2'/>", "/", &namespaces);
    assert_eq!(found.map(|outcome| outcome.number), Ok(3.0));
    let elsewhere = super::eval(".", "<a/>", "/b[1]", &[]);
    assert!(matches!(elsewhere, Err(DocumentError::NoNode { path }) if path == "/b[1]"));
}
