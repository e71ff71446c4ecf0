//! Functions that make or judge text.

use std::borrow::Cow;

use crate::eval::call::{bad, count};
use crate::eval::run::{Frame, Run, Value};
use crate::eval::val::Val;
use crate::eval::{EvalError, MAX_TEXT_BYTES};
use crate::functions::digest::{self, Encoding};
use crate::functions::{Function, number, text};
use crate::program::op::Op;
use crate::world::World;

/// The most random signs that `uuid(n)` gives.
const MAX_UUID_SIGNS: f64 = 1024.0;

impl<'a, W: World> Run<'a, W> {
    pub(super) fn call_text(
        &self,
        function: Function,
        arguments: &'a [Op],
        frame: &Frame<'_, 'a, W::Node>,
    ) -> Value<'a, W> {
        let of_context = || Ok::<Cow<'a, str>, EvalError>(self.text_of(Val::Item(self.context(frame))));
        let result = match (function, arguments) {
            (Function::Concat, parts) => {
                let mut whole = String::new();
                for part in parts {
                    for text in self.texts(part, frame)? {
                        whole.push_str(&text);
                        within_length(&whole)?;
                    }
                }
                Cow::Owned(whole)
            }
            (Function::Join, [between, parts @ ..]) => {
                let between = self.text(between, frame)?;
                let mut whole = String::new();
                let mut is_first = true;
                for part in parts {
                    for text in self.texts(part, frame)? {
                        if !is_first {
                            whole.push_str(&between);
                        }
                        is_first = false;
                        whole.push_str(&text);
                        within_length(&whole)?;
                    }
                }
                Cow::Owned(whole)
            }
            (Function::Contains, [whole, part]) => {
                let (whole, part) = (self.text(whole, frame)?, self.text(part, frame)?);
                return Ok(Val::Boolean(whole.contains(&*part)));
            }
            (Function::StartsWith, [whole, part]) => {
                let (whole, part) = (self.text(whole, frame)?, self.text(part, frame)?);
                return Ok(Val::Boolean(whole.starts_with(&*part)));
            }
            (Function::EndsWith, [whole, part]) => {
                let (whole, part) = (self.text(whole, frame)?, self.text(part, frame)?);
                return Ok(Val::Boolean(whole.ends_with(&*part)));
            }
            (Function::NormalizeSpace, []) => Cow::Owned(text::normalize_space(&of_context()?)),
            (Function::NormalizeSpace, [whole]) => {
                Cow::Owned(text::normalize_space(&self.text(whole, frame)?))
            }
            (Function::String, []) => of_context()?,
            (Function::String, [value]) => self.text(value, frame)?,
            (Function::StringLength, []) => return Ok(count(of_context()?.chars().count())),
            (Function::StringLength, [whole]) => return Ok(count(self.text(whole, frame)?.chars().count())),
            (Function::Substr, [whole, start, rest @ ..]) => {
                let end = rest.first().map(|end| self.number(end, frame)).transpose()?;
                Cow::Owned(text::substr(
                    &self.text(whole, frame)?,
                    self.number(start, frame)?,
                    end,
                ))
            }
            (Function::Substring, [whole, start, rest @ ..]) => {
                let length = rest
                    .first()
                    .map(|length| self.number(length, frame))
                    .transpose()?;
                Cow::Owned(text::substring(
                    &self.text(whole, frame)?,
                    self.number(start, frame)?,
                    length,
                ))
            }
            (Function::SubstringBefore, [whole, part]) => {
                let (whole, part) = (self.text(whole, frame)?, self.text(part, frame)?);
                Cow::Owned(
                    whole
                        .split_once(&*part)
                        .map_or("", |(before, _)| before)
                        .to_owned(),
                )
            }
            (Function::SubstringAfter, [whole, part]) => {
                let (whole, part) = (self.text(whole, frame)?, self.text(part, frame)?);
                Cow::Owned(whole.split_once(&*part).map_or("", |(_, after)| after).to_owned())
            }
            (Function::Translate, [whole, from, to]) => {
                let (from, to) = (self.text(from, frame)?, self.text(to, frame)?);
                Cow::Owned(text::translate(&self.text(whole, frame)?, &from, &to))
            }
            (Function::Uuid, []) => Cow::Owned(text::uuid(self.world.random(), self.world.random())),
            (Function::Uuid, [n_signs]) => {
                let n_signs = self.number(n_signs, frame)?;
                if n_signs.is_nan() {
                    return Err(bad("uuid", "give it the number of signs, or nothing"));
                }
                let n_signs = n_signs.clamp(0.0, MAX_UUID_SIGNS) as usize;
                Cow::Owned((0..n_signs).map(|_| random_sign(self.world.random())).collect())
            }
            (Function::Base64Decode, [written]) => {
                Cow::Owned(digest::base64_decode(&self.text(written, frame)?))
            }
            (Function::Digest, [text, algorithm, encoding @ ..]) => {
                let (text, algorithm) = (self.text(text, frame)?, self.text(algorithm, frame)?);
                let encoding = match encoding.first() {
                    Some(encoding) => Encoding::named(&self.text(encoding, frame)?)
                        .ok_or_else(|| bad("digest", "its encoding is 'base64' or 'hex'"))?,
                    None => Encoding::Base64,
                };
                let found = digest::digest(&text, &algorithm, encoding);
                Cow::Owned(found.ok_or_else(|| {
                    bad(
                        "digest",
                        "its algorithm is 'MD5', 'SHA-1', 'SHA-256', 'SHA-384' or 'SHA-512'",
                    )
                })?)
            }
            (Function::ExtractSigned, [contents, key]) => {
                let (contents, key) = (self.text(contents, frame)?, self.text(key, frame)?);
                Cow::Owned(digest::extract_signed(&contents, &key))
            }
            (Function::Itext, [id]) => {
                let id = self.text(id, frame)?;
                Cow::Owned(self.world.itext(&id).unwrap_or_default())
            }
            (Function::Property, [name]) => {
                let name = self.text(name, frame)?;
                Cow::Owned(self.world.property(&name).unwrap_or_default())
            }
            (Function::Version, []) => self.world.form_version(),
            (Function::Selected, [list, name]) => {
                let (list, name) = (self.text(list, frame)?, self.text(name, frame)?);
                return Ok(Val::Boolean(text::selected(&list, &name)));
            }
            (Function::SelectedAt, [list, place]) => {
                let place = self.number(place, frame)?;
                Cow::Owned(text::selected_at(&self.text(list, frame)?, place).to_owned())
            }
            (Function::CountSelected, [list]) => {
                return Ok(count(self.text(list, frame)?.split_ascii_whitespace().count()));
            }
            _ => Cow::Borrowed(""),
        };
        Ok(Val::Text(result))
    }
}

fn within_length(text: &str) -> Result<(), EvalError> {
    if text.len() > MAX_TEXT_BYTES {
        Err(EvalError::TooLong {
            limit: MAX_TEXT_BYTES,
        })
    } else {
        Ok(())
    }
}

fn random_sign(bits: u64) -> char {
    const SIGNS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let place = (number::unit_interval(bits) * SIGNS.len() as f64) as usize;
    SIGNS.get(place).copied().map_or('0', char::from)
}
