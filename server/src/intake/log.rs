//! The office's store as the sync protocol wants it.

use sampan_form::package;
use sampan_record::change::{Change, Header};
use sampan_record::ids::{ChangeHash, ContentHash, Dot, RecordId, Replica};
use sampan_store::blob::Progress;
use sampan_store::error::StoreError;
use sampan_store::office::forms::{FormRow, FormRowState};
use sampan_sync::blob::{ContentState, Part};
use sampan_sync::error::SyncError;
use sampan_sync::forms::{FormListing, FormState};
use sampan_sync::hello::{Contact, OfficeFacts};
use sampan_sync::log::{
    Caller, Chain, Decided, Judgement, KeptReceipt, KeyState, OfficeLog, OfficeTransaction, OfficeWork, Route,
};
use sampan_sync::names::NameEntry;
use sampan_sync::pull::FeedEntry;
use sampan_sync::push::PushResponse;
use sampan_sync::receipt::{Cursor, Generation, Position, Reason};

use crate::access::{Action, Decision, Principal, Resource, authorize};
use crate::error::OfficeError;
use crate::intake;
use crate::intake::keeping::Keeping;
use crate::state::Office;

/// One request's view of the office.
pub struct Log<'a> {
    office: &'a Office,
    principal: Principal,
    now_ms: i64,
    /// What the device said of itself: written with its changes, so that it costs no commit of its own.
    contact: Option<(Caller, Contact)>,
}

impl<'a> Log<'a> {
    /// For a request of a device of this person.
    pub fn new(office: &'a Office, principal: Principal, now_ms: i64) -> Log<'a> {
        Log {
            office,
            principal,
            now_ms,
            contact: None,
        }
    }

    fn may_see_forms(&self) -> bool {
        authorize(&self.principal, Action::SeeForms, &Resource::Office) == Decision::Allowed
    }

    /// Whether content belongs to a form version that devices may have: its package or one of its files.
    fn is_of_a_form(&self, hash: ContentHash) -> Result<bool, OfficeError> {
        let rows = self
            .office
            .store()
            .read(|reading| Ok::<_, OfficeError>(reading.forms()?))?;
        for row in rows {
            if row.state == FormRowState::Draft {
                continue;
            }
            if row.version == hash {
                return Ok(true);
            }
            let Some(form) = self.office.form(row.version)? else {
                continue;
            };
            let name = hash.to_hex();
            let has_file = form
                .form()
                .def()
                .external
                .iter()
                .any(|file| file.content_hash.as_deref() == Some(name.as_str()));
            if has_file {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn state_of(&self, hash: ContentHash) -> Result<ContentState, OfficeError> {
        let wanted = self.office.store().read(|reading| {
            Ok::<_, OfficeError>(reading.media_size(&hash.0)?.is_some() || reading.is_form_missed(hash)?)
        })?;
        Ok(match self.office.store().blobs().progress(hash)? {
            Progress::Whole => ContentState::Complete,
            Progress::Wanted { offset } if wanted => ContentState::Wanted { bytes: offset },
            Progress::Wanted { .. } => ContentState::Unwanted,
        })
    }

    /// Takes a form that a device brought into the list of known ones.
    fn register_form(&self, version: ContentHash) -> Result<(), OfficeError> {
        let is_missed = self
            .office
            .store()
            .read(|reading| Ok::<_, OfficeError>(reading.is_form_missed(version)?))?;
        if !is_missed {
            return Ok(());
        }
        let Ok(def) = package::from_bytes(&self.office.store().blobs().read(version)?) else {
            return Ok(());
        };
        let row = FormRow {
            version,
            form_id: def.form_id,
            label: def.version,
            title: def.title,
            state: FormRowState::Known,
            source_name: None,
            source: None,
            uploaded_at_ms: self.now_ms,
            uploaded_by: Some(self.principal.person),
            published_at_ms: None,
        };
        self.office.store().write(|writing| {
            writing.add_form(&row, None)?;
            intake::form_arrived(self.office, writing, version)
        })
    }
}

impl OfficeLog for Log<'_> {
    fn write(&mut self, work: OfficeWork) -> Result<PushResponse, SyncError> {
        let office = self.office;
        let now_ms = self.now_ms;
        let contact = self.contact.take();
        office
            .store()
            .write(|writing| {
                if let Some((caller, contact)) = contact {
                    let skew_ms = contact.wall_time_ms.saturating_sub(now_ms);
                    writing.note_contact(caller.device, now_ms, contact.n_open, contact.n_unsent, skew_ms)?;
                }
                let mut transaction = Transaction {
                    keeping: Keeping::new(office, writing, now_ms),
                    words: None,
                };
                let response = work(&mut transaction).map_err(Failed::Sync)?;
                transaction.keeping.finish().map_err(Failed::Office)?;
                Ok((response, transaction.keeping.has_erased()))
            })
            .and_then(|(response, has_erased)| {
                if has_erased {
                    office.store().empty_log()?;
                }
                Ok(response)
            })
            .map_err(|failed| match failed {
                Failed::Sync(error) => error,
                Failed::Office(error) => sync_error("keep changes", error),
            })
    }

    fn facts(&mut self) -> Result<OfficeFacts, SyncError> {
        let identity = self
            .office
            .identity()
            .map_err(|error| sync_error("read what the office is", error))?;
        Ok(OfficeFacts {
            generation: identity.generation,
            backed_up_through: identity.backed_up_through,
            restored: identity.is_restored,
        })
    }

    fn shared_cursor(&mut self, _caller: &Caller, earlier: Generation) -> Result<Cursor, SyncError> {
        self.office
            .store()
            .read(|reading| Ok::<_, OfficeError>(reading.shared_cursor(earlier)?))
            .map_err(|error| sync_error("read the office's ancestors", error))
    }

    fn feed(&mut self, caller: &Caller, after: Cursor, limit: usize) -> Result<Vec<FeedEntry>, SyncError> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let entries = self
            .office
            .store()
            .read(|reading| Ok::<_, OfficeError>(reading.feed(caller.person, after, limit)?))
            .map_err(|error| sync_error("read the feed", error))?;
        Ok(entries
            .into_iter()
            .map(|(cursor, change)| FeedEntry { cursor, change })
            .collect())
    }

    fn forms(&mut self, _caller: &Caller) -> Result<Vec<FormListing>, SyncError> {
        if !self.may_see_forms() {
            return Ok(Vec::new());
        }
        let rows = self
            .office
            .store()
            .read(|reading| Ok::<_, OfficeError>(reading.forms()?))
            .map_err(|error| sync_error("read the forms", error))?;
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                let state = match row.state {
                    FormRowState::Published => FormState::Published,
                    FormRowState::Closed => FormState::Closed,
                    FormRowState::Draft | FormRowState::Known => return None,
                };
                Some(FormListing {
                    form_id: row.form_id,
                    version: row.version,
                    title: row.title,
                    label: row.label,
                    state,
                })
            })
            .collect())
    }

    fn names(&mut self, caller: &Caller, after: u64, limit: usize) -> Result<Vec<NameEntry>, SyncError> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        self.office
            .store()
            .read(|reading| Ok::<_, OfficeError>(reading.names_for(caller.person, after, limit)?))
            .map_err(|error| sync_error("read names", error))
    }

    fn read_content(
        &mut self,
        caller: &Caller,
        hash: ContentHash,
        offset: u64,
        limit_bytes: usize,
    ) -> Result<Option<Part>, SyncError> {
        let read = || {
            let is_media = self
                .office
                .store()
                .read(|reading| Ok::<_, OfficeError>(reading.has_media_in_sight(caller.person, &hash.0)?))?;
            let may_have = is_media || (self.may_see_forms() && self.is_of_a_form(hash)?);
            if !may_have {
                return Ok(None);
            }
            let blobs = self.office.store().blobs();
            let Some(total_bytes) = blobs.size_bytes(hash)? else {
                return Ok(None);
            };
            let bytes = blobs.read_part(hash, offset, limit_bytes)?;
            Ok::<_, OfficeError>(bytes.map(|bytes| Part {
                hash,
                total_bytes,
                offset,
                bytes,
            }))
        };
        read().map_err(|error| sync_error("read content", error))
    }

    fn content_state(&mut self, _caller: &Caller, hash: ContentHash) -> Result<ContentState, SyncError> {
        self.state_of(hash)
            .map_err(|error| sync_error("look for content", error))
    }

    fn missing_forms(&mut self, caller: &Caller, limit: usize) -> Result<Vec<ContentHash>, SyncError> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        self.office
            .store()
            .read(|reading| Ok::<_, OfficeError>(reading.forms_missed_from(caller.device, limit)?))
            .map_err(|error| sync_error("read which forms are missed", error))
    }

    fn put_part(&mut self, _caller: &Caller, part: &Part) -> Result<ContentState, SyncError> {
        let put = || {
            match self.state_of(part.hash)? {
                ContentState::Wanted { .. } => {}
                state @ (ContentState::Complete | ContentState::Unwanted) => return Ok(state),
            }
            let blobs = self.office.store().blobs();
            match blobs.add_part(part.hash, part.total_bytes, part.offset, &part.bytes) {
                Ok(Progress::Whole) => {
                    self.office.forget_form(part.hash);
                    self.register_form(part.hash)?;
                    Ok(ContentState::Complete)
                }
                Ok(Progress::Wanted { offset }) => Ok(ContentState::Wanted { bytes: offset }),
                // Damaged, or not what was announced: all of it is wanted again.
                Err(StoreError::WrongContent { .. } | StoreError::TooLarge { .. }) => {
                    Ok(ContentState::Wanted { bytes: 0 })
                }
                Err(error) => Err(OfficeError::from(error)),
            }
        };
        put().map_err(|error| sync_error("take content in", error))
    }

    fn contact(&mut self, caller: &Caller, _replica: Replica, contact: &Contact) -> Result<(), SyncError> {
        self.contact = Some((*caller, *contact));
        Ok(())
    }
}

/// One write transaction as sync sees it.
struct Transaction<'a> {
    keeping: Keeping<'a>,
    /// What the last judgement said in words, for the quarantine that follows it.
    words: Option<(Dot, String)>,
}

impl OfficeTransaction for Transaction<'_> {
    fn chain(&mut self, replica: Replica) -> Result<Chain, SyncError> {
        self.keeping
            .writing()
            .chain(replica)
            .map_err(|error| sync_error("read a chain", error.into()))
    }

    fn advance(&mut self, replica: Replica, chain: Chain) -> Result<(), SyncError> {
        self.keeping
            .writing()
            .advance(replica, chain, self.keeping.now_ms())
            .map_err(|error| sync_error("move a chain", error.into()))
    }

    fn receipt(&mut self, dot: Dot) -> Result<Option<KeptReceipt>, SyncError> {
        self.keeping
            .writing()
            .receipt(dot)
            .map_err(|error| sync_error("read a receipt", error.into()))
    }

    fn forked_from(&mut self, replica: Replica) -> Result<Option<Dot>, SyncError> {
        self.keeping
            .writing()
            .forked_from(replica)
            .map_err(|error| sync_error("look for a fork", error.into()))
    }

    fn record_key(&mut self, header: &Header) -> Result<KeyState, SyncError> {
        self.keeping
            .key_state(header)
            .map_err(|error| sync_error("read a record's key", error))
    }

    fn lamport_of(&mut self, record: RecordId, dot: Dot) -> Result<Option<u64>, SyncError> {
        self.keeping
            .writing()
            .lamport_of(record, dot)
            .map_err(|error| sync_error("read what a change knew", error.into()))
    }

    fn judge(&mut self, caller: &Caller, change: &Change, route: Route) -> Result<Judgement, SyncError> {
        if route == Route::Own && change.header.author != caller.person {
            self.words = Some((
                change.header.dot(),
                "it is written in the name of somebody else than the device's owner".into(),
            ));
            return Ok(Judgement::Quarantine(Reason::NotAllowed));
        }
        let (judgement, words) = self
            .keeping
            .judge(change)
            .map_err(|error| sync_error("judge a change", error))?;
        self.words = Some((change.header.dot(), words));
        Ok(judgement)
    }

    fn keep(&mut self, caller: &Caller, decided: Decided<'_>) -> Result<Position, SyncError> {
        let words = match self.words.take() {
            Some((dot, words)) if dot == decided.change.header.dot() => words,
            Some(_) | None => String::new(),
        };
        self.keeping
            .keep(
                decided.change,
                decided.hash,
                decided.verdict,
                caller.device,
                &words,
            )
            .map_err(|error| sync_error("keep a change", error))
    }

    fn contradicted(&mut self, hash: ChangeHash) -> Result<Option<Position>, SyncError> {
        self.keeping
            .contradicted(hash)
            .map_err(|error| sync_error("look for a contradicted change", error))
    }

    fn keep_contradicted(
        &mut self,
        caller: &Caller,
        change: &Change,
        hash: ChangeHash,
    ) -> Result<Position, SyncError> {
        self.keeping
            .keep_contradicted(change, hash, caller.device)
            .map_err(|error| sync_error("keep a contradicted change", error))
    }
}

/// Why a write did not happen.
enum Failed {
    Sync(SyncError),
    Office(OfficeError),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Failed {
        Failed::Office(error.into())
    }
}

/// An office's error as the protocol knows it: a full disk and a busy store are told apart from all else.
pub(crate) fn sync_error(doing: &'static str, error: OfficeError) -> SyncError {
    match error {
        OfficeError::DiskFull => SyncError::StoreFull(Box::new(OfficeError::DiskFull)),
        OfficeError::Busy { retry_after_s } => {
            SyncError::StoreBusy(Box::new(OfficeError::Busy { retry_after_s }))
        }
        error @ (OfficeError::SignInRefused
        | OfficeError::Absent
        | OfficeError::Denied(_)
        | OfficeError::Invalid { .. }
        | OfficeError::Conflict { .. }
        | OfficeError::Sync(_)
        | OfficeError::Store(_)
        | OfficeError::File { .. }
        | OfficeError::Damaged(_)) => SyncError::Store {
            doing,
            source: Box::new(error),
        },
    }
}
