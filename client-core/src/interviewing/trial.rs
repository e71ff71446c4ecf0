//! An interview that runs without being written: to see beforehand what answers would do.

use std::sync::Arc;

use sampan_interview::facts::Facts;
use sampan_interview::interview::Interview;
use sampan_interview::plan::Plan;
use sampan_record::change::RecordKey;
use sampan_record::ids::{ContentHash, RecordId};
use sampan_record::record::Record;

use crate::api::RecordRef;
use crate::client::records::{self, Loaded};
use crate::client::showing::People;
use crate::client::{Client, Inner, forms, instant};
use crate::error::ClientError;
use crate::interviewing::{OpenInterview, Work};

impl Client {
    /// An interview with a form that behaves as a real one and leaves nothing behind.
    pub fn try_form(&self, form_id: &str) -> Result<OpenInterview, ClientError> {
        let inner = self.shared();
        let form = forms::offered(inner, form_id)?;
        let plan = forms::plan(inner, form)?;
        let record = RecordId(uuid::Uuid::nil());
        let base = Loaded {
            record: Record::new(record),
            form,
            n_unread: 0,
            key: RecordKey(inner.platform.bytes()?),
            key_is_new: true,
            journal: None,
        };
        let now = inner.platform.clock.now();
        let running = Interview::begin(Arc::clone(&plan), &records::facts(inner, now)?).interview;
        trial(inner, base, plan, running)
    }

    /// The same with a form that need not be on this device, for previews.
    pub fn try_plan(&self, plan: Arc<Plan>) -> Result<OpenInterview, ClientError> {
        let inner = self.shared();
        let record = RecordId(uuid::Uuid::nil());
        let base = Loaded {
            record: Record::new(record),
            form: ContentHash(plan.form().version()),
            n_unread: 0,
            key: RecordKey(inner.platform.bytes()?),
            key_is_new: true,
            journal: None,
        };
        let now = inner.platform.clock.now();
        let facts = Facts {
            device: "preview".into(),
            username: "preview".into(),
            email: inner.platform.contact.email.clone(),
            phone_number: inner.platform.contact.phone_number.clone(),
            started_at: instant(now),
            seed: u64::from_le_bytes(inner.platform.bytes()?),
        };
        let running = Interview::begin(Arc::clone(&plan), &facts).interview;
        trial(inner, base, plan, running)
    }

    /// The same for an interview that exists: begins with its answers, and leaves it as it is.
    pub fn try_interview(&self, record: &RecordRef) -> Result<OpenInterview, ClientError> {
        let inner = self.shared();
        let base = records::load(inner, records::find(inner, record)?)?;
        let plan = forms::plan(inner, base.form)?;
        let whole = base.with_journal(inner, &plan)?;
        let (answers, rows) = records::content(&whole);
        let facts = records::facts(inner, inner.platform.clock.now())?;
        let running = Interview::resume(Arc::clone(&plan), &facts, answers, rows).interview;
        trial(inner, base, plan, running)
    }
}

impl OpenInterview {
    /// The running form itself, to look at all of it.
    pub fn look(&self) -> Result<&Interview, ClientError> {
        Ok(&self.work()?.running)
    }
}

fn trial(
    inner: &Arc<Inner>,
    base: Loaded,
    plan: Arc<Plan>,
    running: Interview,
) -> Result<OpenInterview, ClientError> {
    Ok(OpenInterview {
        people: People::of(inner)?,
        inner: Arc::clone(inner),
        record: base.record.id(),
        work: Some(Work {
            plan,
            position: running.first().position,
            running,
            whole: base.record.clone(),
            base,
            incarnation: 0,
            asks: Vec::new(),
            course: None,
        }),
        fix: None,
        is_trial: true,
        reopens: false,
    })
}
