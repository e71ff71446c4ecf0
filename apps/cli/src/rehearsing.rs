//! `sampan form run`: a form previewed, by a person or by another program; nothing is kept.

pub mod adapter;
mod shape;
mod source;
