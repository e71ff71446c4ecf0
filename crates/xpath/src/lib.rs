//! ODK's dialect of XPath: parse once, resolve against a form, evaluate over the answers.
//!
//! This crate owns the expression language of forms: its grammar, its functions, what an expression depends on and
//! what it is worth. It knows no form and no interview; it asks [`resolve::Names`] what a name means when an
//! expression is loaded, and [`world::World`] what stands there when it is evaluated.
//!
//! Modules in reading order: [`syntax`] (text to tree), [`resolve`] (names to items of a form), [`functions`] (what
//! can be called), [`program`] (an expression that is ready to run), [`world`] (the answers), [`eval`] (running it),
//! [`document`] (expressions in a document of XML, outside of forms).
//!
//! A form with the questions `n` and `m`, of which `n` was answered 50 and `m` with "don't know":
//!
//! ```
//! # use std::borrow::Cow;
//! # use chrono::{DateTime, FixedOffset};
//! # use sampan_value::answer::Missing;
//! use sampan_xpath::{eval::At, program::Program, resolve::{Named, Names, NodeId, Place}, world::{Table, World}};
//!
//! struct Form;
//!
//! impl Names for Form {
//!     fn named(&self, name: &str) -> Named {
//!         match name {
//!             "n" => Named::One(NodeId(1)),
//!             "m" => Named::One(NodeId(2)),
//!             _ => Named::Unknown { similar: None },
//!         }
//!     }
//! #   fn root(&self) -> NodeId { NodeId(0) }
//! #   fn parent(&self, node: NodeId) -> Option<NodeId> { (node.0 > 0).then_some(NodeId(0)) }
//! #   fn child(&self, _: NodeId, _: &str) -> Option<NodeId> { None }
//! #   fn children(&self, _: NodeId) -> Vec<NodeId> { Vec::new() }
//! #   fn name(&self, _: NodeId) -> &str { "" }
//! #   fn is_repeat(&self, _: NodeId) -> bool { false }
//! #   fn has_instance(&self, _: &str) -> bool { false }
//! }
//!
//! impl World for Form {
//!     type Node = NodeId;
//!     fn nodes(&self, target: NodeId, _from: &NodeId) -> Vec<NodeId> {
//!         vec![target]
//!     }
//!     fn text(&self, node: &NodeId) -> Cow<'_, str> {
//!         Cow::Borrowed(if *node == NodeId(1) { "50" } else { "" })
//!     }
//!     fn missing(&self, node: &NodeId) -> Option<Missing> {
//!         (*node == NodeId(2)).then_some(Missing::DontKnow)
//!     }
//! #   fn root(&self) -> NodeId { NodeId(0) }
//! #   fn name(&self, _: &NodeId) -> Cow<'_, str> { Cow::Borrowed("") }
//! #   fn parent(&self, _: &NodeId) -> Option<NodeId> { None }
//! #   fn children(&self, _: &NodeId) -> Vec<NodeId> { Vec::new() }
//! #   fn position(&self, _: &NodeId) -> usize { 1 }
//! #   fn table(&self, _: &str) -> Option<&dyn Table> { None }
//! #   fn choice_label(&self, _: NodeId, _: &NodeId, _: &str) -> Option<String> { None }
//! #   fn now(&self) -> DateTime<FixedOffset> { DateTime::default() }
//! #   fn random(&self) -> u64 { 4 }
//! }
//!
//! let place = Place { node: NodeId(0), is_choice_filter: false };
//! let total = "if(${n} > 0, ${n}, 0) + if(${m} > 0, ${m}, 0)";
//! let program = Program::compile(total, &Form, place).expect("a good expression");
//! assert_eq!(program.dependencies(), [NodeId(1), NodeId(2)]);
//! assert_eq!(program.eval_text(&Form, &At::node(NodeId(0))), Ok("50".to_owned()));
//!
//! let unknown = Program::compile("${m} = -88", &Form, place).expect("a good expression");
//! assert_eq!(unknown.eval_bool(&Form, &At::node(NodeId(0))), Ok(true));
//!
//! let problems = Program::compile("selected(${k}, 1, 2)", &Form, place).expect_err("two mistakes");
//! assert_eq!(problems.len(), 2);
//! ```

pub mod document;
pub mod eval;
pub mod functions;
pub mod program;
pub mod resolve;
pub mod syntax;
pub mod world;
