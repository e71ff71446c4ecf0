//! What the device gives to an interview beside what a person says: its position, and files.

use sampan_interview::view::{Ask, Wanted};
use sampan_record::op::Op;
use sampan_value::answer::{Answer, Kind, MediaRef, Value};
use sampan_value::text;

use crate::api::{AskView, PlaceRef, QuestionView};
use crate::client::instant;
use crate::error::ClientError;
use crate::interviewing::{OpenInterview, refused, word};
use crate::place;

/// Largest file of one answer, in bytes.
pub const FILE_BYTES: usize = 64 * 1024 * 1024;

impl OpenInterview {
    /// What the form wants of the device and has not got yet. A position is given by
    /// [`OpenInterview::tell_position`], a recording by [`OpenInterview::attach`]; what the device cannot tell needs no
    /// answer.
    pub fn asks(&self) -> Result<Vec<AskView>, ClientError> {
        let work = self.work()?;
        let form = work.running.form();
        Ok(work
            .asks
            .iter()
            .map(|ask| AskView {
                at: place::name(form, &ask.at),
                what: word(&ask.what),
            })
            .collect())
    }

    /// Where the device is now (`13.36 103.86`, altitude and accuracy in metres behind it where they are known). The
    /// form gets it where it has asked and will ask, until another position is told.
    pub fn tell_position(&mut self, position: &str) -> Result<(), ClientError> {
        let position = self::position(position)?;
        if let Some(course) = &mut self.work_mut()?.course {
            course.locate(position.clone());
        }
        self.fix = Some(position);
        let inner = std::sync::Arc::clone(&self.inner);
        let _turn = inner.turn();
        self.follow_incarnation()?;
        self.fill_positions()
    }

    /// Answers a question for a picture, sound or other file with a file, kept with the answer. `name` is what people
    /// call it. The file is on the disk before the answer is, and both are when this returns.
    pub fn attach(&mut self, at: &PlaceRef, name: &str, bytes: &[u8]) -> Result<QuestionView, ClientError> {
        let inner = std::sync::Arc::clone(&self.inner);
        let _turn = inner.turn();
        self.follow_incarnation()?;
        let too_large = bytes.len() > FILE_BYTES;
        if bytes.is_empty() || too_large {
            return Err(ClientError::Refused {
                reason: if too_large { "too_much" } else { "empty" }.into(),
                message: match too_large {
                    true => format!("The file is too large; {FILE_BYTES} bytes are the most."),
                    false => "The file is empty; choose another.".into(),
                },
            });
        }
        let path = place::find(self.work()?.running.form(), at)?;
        let name = std::path::Path::new(name)
            .file_name()
            .map(|name| {
                name.to_string_lossy()
                    .chars()
                    .filter(|letter| !letter.is_control())
                    .collect()
            })
            .unwrap_or_else(|| "file".to_string());
        let media = MediaRef {
            hash: *blake3::hash(bytes).as_bytes(),
            size_bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            name,
        };
        let value = Value::Media(media);
        let asked = self
            .work()?
            .asks
            .iter()
            .position(|ask| ask.at == path && ask.what == Wanted::Sound);
        let now = instant(self.inner.platform.clock.now());
        let work = self.work_mut()?;
        let accepted = match asked {
            Some(index) => {
                work.asks.remove(index);
                work.running.fill(&path, value, now)
            }
            None => work.running.answer(&path, Some(Answer::Value(value)), now),
        };
        let accepted = accepted.map_err(refused)?;
        work.asks.extend(accepted.asks);
        let kept = match self.is_trial {
            true => Ok(()),
            false => self.inner.store().add_media(bytes).map(drop),
        };
        if let Err(error) = kept {
            self.reload()?;
            return Err(error.into());
        }
        self.keep(accepted.ops)?;
        self.fill_positions()?;
        self.question(at)
    }

    /// Gives the form the position that it has asked for, if it is known.
    pub(super) fn fill_positions(&mut self) -> Result<(), ClientError> {
        let Some(position) = self.fix.clone() else {
            return Ok(());
        };
        let now = instant(self.inner.platform.clock.now());
        let work = self.work_mut()?;
        let mut ops: Vec<Op> = Vec::new();
        // What a position brings about may ask for it again; more than a few rounds are a circle.
        for _ in 0..8 {
            let (wanted, others): (Vec<Ask>, Vec<Ask>) = std::mem::take(&mut work.asks)
                .into_iter()
                .partition(|ask| ask.what == Wanted::Position);
            work.asks = others;
            if wanted.is_empty() {
                break;
            }
            for ask in wanted {
                if let Ok(accepted) = work.running.fill(&ask.at, position.clone(), now) {
                    ops.extend(accepted.ops);
                    work.asks.extend(accepted.asks);
                }
            }
        }
        self.keep(ops)
    }
}

/// A position as it is typed or as a device's receiver gives it.
pub(crate) fn position(typed: &str) -> Result<Value, ClientError> {
    text::parse_value(typed.trim(), Kind::Geopoint).map_err(|error| ClientError::Refused {
        reason: "wrong_kind".into(),
        message: format!("This position {error}. Write latitude and longitude, such as 13.36 103.86."),
    })
}
