CREATE TABLE identity (
    -- Who this device is. One row, made with the database.
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- 64 random bits of this life of the database; the sign bit is used as a bit.
    incarnation INTEGER NOT NULL,
    -- Ed25519 secret, 32 bytes; NULL until the first enrolment is tried. Kept before anything is sent.
    key_seed BLOB CHECK (length(key_seed) = 32),
    -- The office's address, without a slash at the end; NULL until enrolment is tried.
    server_url TEXT,
    -- The enrolment code the key was made for.
    enrolment_code TEXT,
    -- What the device is called in the office's list.
    device_name TEXT,
    -- The device's id, 16 bytes; NULL until the office has answered.
    device BLOB CHECK (length(device) = 16),
    -- The person the device was enrolled for.
    person BLOB CHECK (length(person) = 16),
    person_login TEXT,
    person_name TEXT,
    -- The last token; never judged here, the office says when it is old.
    token TEXT
) STRICT;

CREATE TABLE sync_state (
    -- Where this device stands with its office. One row.
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- The office's generation as last heard, 64 bits.
    generation INTEGER NOT NULL DEFAULT 0,
    -- How far the person's feed is read.
    cursor INTEGER NOT NULL DEFAULT 0,
    -- The last change of the current incarnation that the office has decided on.
    acked_through INTEGER NOT NULL DEFAULT 0,
    -- Changes at positions up to this one are in a backup of the office.
    backed_up_through INTEGER NOT NULL DEFAULT 0,
    -- Digest of the form listing as last applied.
    forms_digest BLOB NOT NULL DEFAULT x'0000000000000000',
    -- How far the names of people are known.
    names_through INTEGER NOT NULL DEFAULT 0,
    -- Whether the office was ever found restored.
    office_was_restored INTEGER NOT NULL DEFAULT 0,
    -- Names of held changes are offered: 0 = no, 1 = from the beginning, 2 = after the dot below.
    offering INTEGER NOT NULL DEFAULT 0,
    offering_device BLOB,
    offering_incarnation INTEGER,
    offering_seq INTEGER,
    -- Office clock minus device clock at the last answer, in milliseconds.
    office_ahead_ms INTEGER,
    -- When a sync last came to its end, milliseconds since 1970 UTC by the device's clock.
    last_sync_at_ms INTEGER,
    -- The size of batch that went well on this device's line, in bytes; NULL before the first.
    batch_bytes INTEGER
) STRICT;

CREATE TABLE waiting (
    -- Why the last sync did not come to its end and when to try again. One row, or none when it did.
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- Syncs in a row that did not come to their end.
    n_failures INTEGER NOT NULL CHECK (n_failures > 0),
    -- When the last one ended, milliseconds since 1970 UTC by the device's clock.
    since_ms INTEGER NOT NULL,
    -- How long to wait from then on, in milliseconds. An end by the clock would never come if the clock is set back.
    wait_ms INTEGER NOT NULL,
    -- Whether waiting alone does not help.
    needs_person INTEGER NOT NULL,
    -- The error's word, sentence and advice.
    code TEXT NOT NULL,
    sentence TEXT NOT NULL,
    advice TEXT NOT NULL
) STRICT;

CREATE TABLE interviews (
    -- One row for each record on this device, with what lists show. Everything below `begun_at_ms` is a projection
    -- of changes, except position and language.
    record BLOB PRIMARY KEY CHECK (length(record) = 16),
    -- The form version it is worked on under, 32 bytes.
    form BLOB NOT NULL CHECK (length(form) = 32),
    -- The record's key, until its first change is written; then it stands in `keys`.
    new_key BLOB CHECK (length(new_key) = 16),
    -- What the journal's writer had seen of the record (see `journal`); NULL without a journal.
    journal_context BLOB,
    -- 1 + the highest lamport in that context.
    journal_lamport INTEGER,
    -- Milliseconds since 1970 UTC by the clock of whoever began it.
    begun_at_ms INTEGER NOT NULL,
    -- Whether the columns below have to be computed again.
    is_stale INTEGER NOT NULL DEFAULT 1,
    -- The form's instance name.
    title TEXT NOT NULL DEFAULT '',
    -- The word of the review state.
    state TEXT NOT NULL DEFAULT 'draft',
    changed_at_ms INTEGER NOT NULL DEFAULT 0,
    n_conflicts INTEGER NOT NULL DEFAULT 0,
    n_open_comments INTEGER NOT NULL DEFAULT 0,
    -- Whether an erasure emptied the whole record.
    is_erased INTEGER NOT NULL DEFAULT 0,
    -- Where the enumerator was, in the client's words; NULL = at the beginning.
    position TEXT,
    -- The language chosen for this interview; NULL = the form's first.
    language TEXT
) STRICT;

CREATE TABLE changes (
    -- Every change this device holds, own and others'. None is ever deleted; an erasure empties `bytes`.
    n INTEGER PRIMARY KEY,
    -- BLAKE3 of the header, 32 bytes.
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    record BLOB NOT NULL REFERENCES interviews (record),
    -- Who wrote it, under which incarnation, with which number.
    device BLOB NOT NULL CHECK (length(device) = 16),
    incarnation INTEGER NOT NULL,
    seq INTEGER NOT NULL CHECK (seq > 0),
    -- Written by this database (in this or a former incarnation).
    is_own INTEGER NOT NULL,
    -- The whole change as the record codec writes it.
    bytes BLOB NOT NULL,
    -- The office's word: NULL = none yet, 0 kept, 1 duplicate, 2 quarantined, 3 erased.
    verdict INTEGER,
    -- Why it is in quarantine: the reason's number.
    reason INTEGER,
    -- Where it stands in the office's log; compare with sync_state.backed_up_through.
    position INTEGER,
    -- For changes of others: 0 = nothing to do, 1 = the office lacks it, 2 = it was relayed, 3 = recovered from a
    -- sealed file, and not heard yet whether the office has it.
    relay INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX changes_own ON changes (device, incarnation, seq) WHERE is_own = 1;
CREATE INDEX changes_dot ON changes (device, incarnation, seq);
CREATE INDEX changes_record ON changes (record);
CREATE INDEX changes_relay ON changes (relay) WHERE relay = 1;
CREATE INDEX changes_recovered ON changes (record) WHERE relay = 3;

CREATE TABLE keys (
    -- The keys of records' payload hashes, with the changes they came with. An erasure deletes them.
    change_hash BLOB PRIMARY KEY REFERENCES changes (hash) ON UPDATE CASCADE,
    record BLOB NOT NULL,
    record_key BLOB NOT NULL CHECK (length(record_key) = 16)
) STRICT, WITHOUT ROWID;
CREATE INDEX keys_record ON keys (record);

CREATE TABLE people (
    -- Names of the people who wrote in, or were given, records on this device, as the office told them.
    person BLOB PRIMARY KEY CHECK (length(person) = 16),
    name TEXT NOT NULL,
    -- 0 = none, 1 = enumerator, 2 = supervisor, 3 = admin.
    standing INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE journal (
    -- What was answered in an open interview since its last change. Each accepted answer is one row, on the disk
    -- before the next question shows; pausing and finishing make one change of all rows.
    record BLOB NOT NULL REFERENCES interviews (record),
    -- From 1, in order.
    n INTEGER NOT NULL,
    -- Milliseconds since 1970 UTC by the device's clock.
    at_ms INTEGER NOT NULL,
    -- The ops as the record codec writes them, under the interview's form version.
    ops BLOB NOT NULL,
    PRIMARY KEY (record, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE forms (
    -- Form versions this device has heard of.
    version BLOB PRIMARY KEY CHECK (length(version) = 32),
    -- The author's name for the form, the same in all versions.
    form_id TEXT NOT NULL,
    title TEXT NOT NULL,
    -- The author's label for the version.
    label TEXT NOT NULL,
    -- 0 = not in the office's list (any more), 1 = for new interviews, 2 = only running ones go on.
    listed INTEGER NOT NULL,
    -- Place in the office's list.
    place INTEGER NOT NULL DEFAULT 0,
    -- Whether the attachments it names stand in `form_files`.
    is_read INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE form_files (
    -- Which attachments a form version needs.
    version BLOB NOT NULL REFERENCES forms (version),
    -- BLAKE3 of the file.
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    file_name TEXT NOT NULL,
    PRIMARY KEY (version, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE contents (
    -- Content in the blob folder, or wanted there.
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    -- 0 = form, 1 = attachment, 2 = media.
    purpose INTEGER NOT NULL,
    -- Whether all of it is here, verified.
    is_whole INTEGER NOT NULL DEFAULT 0,
    -- Media made here: whether the office has all of it, durably.
    is_safe INTEGER NOT NULL DEFAULT 0,
    -- Media made here, to be offered.
    is_own INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX contents_missing ON contents (purpose, hash) WHERE is_whole = 0;

CREATE TABLE log (
    -- What happened between this device and its office, in words.
    n INTEGER PRIMARY KEY,
    -- Milliseconds since 1970 UTC by the device's clock.
    at_ms INTEGER NOT NULL,
    -- A word for programs.
    what TEXT NOT NULL,
    -- A sentence for people.
    sentence TEXT NOT NULL
) STRICT;
