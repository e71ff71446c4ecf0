-- The office: people, devices, forms, and the changes that everybody wrote.
-- Ids are 16 bytes, hashes 32; incarnations and the generation are 64 bits, kept as signed numbers of the same bits.
-- Moments are milliseconds since 1970 UTC. Empty text in a scope means "all of it".

CREATE TABLE office (
    -- What this database is. One row.
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- Random; another one after each restore, so that devices offer again what they hold.
    generation INTEGER NOT NULL,
    -- The device the office writes as.
    device BLOB NOT NULL CHECK (length(device) = 16),
    -- Its present life; another one after each restore.
    incarnation INTEGER NOT NULL,
    -- Changes up to this position are in a backup.
    backed_up_through INTEGER NOT NULL DEFAULT 0,
    created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE ancestor (
    -- The generations this database grew from by restores, and how far their feed still means the same.
    generation INTEGER PRIMARY KEY,
    feed_place INTEGER NOT NULL
) STRICT;

CREATE TABLE person (
    -- Who has an account. Never removed, since changes name their authors.
    person BLOB PRIMARY KEY CHECK (length(person) = 16),
    -- What is typed in at sign-in, lower case.
    login TEXT NOT NULL UNIQUE,
    -- Name for people.
    name TEXT NOT NULL,
    -- 1: no sign-in, no sync.
    is_closed INTEGER NOT NULL DEFAULT 0,
    -- argon2id in PHC form; NULL: no password was ever set.
    password TEXT,
    created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE role (
    -- A role with its scope.
    person BLOB NOT NULL REFERENCES person (person),
    -- enumerator, supervisor, admin
    role TEXT NOT NULL,
    project TEXT NOT NULL,
    country TEXT NOT NULL,
    province TEXT NOT NULL,
    team TEXT NOT NULL,
    PRIMARY KEY (person, role, project, country, province, team)
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    -- A signed-in browser.
    -- BLAKE3 of the cookie's token; the token itself is kept nowhere.
    token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
    person BLOB NOT NULL REFERENCES person (person),
    created_at_ms INTEGER NOT NULL,
    -- When it ends if nothing happens.
    idle_until_ms INTEGER NOT NULL,
    -- When it ends in any case.
    absolute_until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX session_by_person ON session (person);

CREATE TABLE device (
    -- An enrolled installation.
    device BLOB PRIMARY KEY CHECK (length(device) = 16),
    person BLOB NOT NULL REFERENCES person (person),
    -- Ed25519.
    public_key BLOB NOT NULL UNIQUE CHECK (length(public_key) = 32),
    name TEXT NOT NULL,
    -- Program and version.
    app TEXT NOT NULL,
    -- Tokens of an older epoch are void.
    epoch INTEGER NOT NULL DEFAULT 1,
    is_revoked INTEGER NOT NULL DEFAULT 0,
    enrolled_at_ms INTEGER NOT NULL,
    -- What it said of itself at its last sync.
    last_sync_at_ms INTEGER,
    n_unsent INTEGER NOT NULL DEFAULT 0,
    n_open INTEGER NOT NULL DEFAULT 0,
    -- Its clock minus the office's.
    clock_skew_ms INTEGER
) STRICT;

CREATE INDEX device_by_person ON device (person);

CREATE TABLE enrolment_code (
    -- A one-time code. BLAKE3 of it; the code itself is kept nowhere.
    code_hash BLOB PRIMARY KEY CHECK (length(code_hash) = 32),
    person BLOB NOT NULL REFERENCES person (person),
    made_by BLOB NOT NULL,
    made_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    -- The key it was used with; the same key may use it again and gets the same answer.
    used_by_key BLOB,
    -- The device it made.
    device BLOB
) STRICT, WITHOUT ROWID;

CREATE TABLE form_version (
    -- A form version, named by the hash of its package; the package and its files stand in the blob folder.
    version BLOB PRIMARY KEY CHECK (length(version) = 32),
    form_id TEXT NOT NULL,
    -- The author's label of the version.
    label TEXT NOT NULL,
    title TEXT NOT NULL,
    -- draft, published, closed; known: never published here, came from a device with its records.
    state TEXT NOT NULL,
    -- The spreadsheet as it was uploaded; NULL when it came from a device.
    source_name TEXT,
    source BLOB,
    uploaded_at_ms INTEGER NOT NULL,
    uploaded_by BLOB,
    published_at_ms INTEGER,
    -- The version of the draft this one took the place of (a file was attached); NULL otherwise.
    succeeds BLOB
) STRICT;

CREATE INDEX form_version_by_form ON form_version (form_id, uploaded_at_ms);

CREATE TABLE change (
    -- Every change the office was ever sent, each with its own bytes. Only an erasure empties one; none is removed.
    -- Its place in the order of commits, without gaps.
    position INTEGER PRIMARY KEY,
    device BLOB NOT NULL CHECK (length(device) = 16),
    incarnation INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    record BLOB NOT NULL CHECK (length(record) = 16),
    lamport INTEGER NOT NULL,
    -- 0: waits in quarantine and counts for nothing yet.
    is_in_force INTEGER NOT NULL,
    -- When the office took it in; moments of the lists come from here.
    kept_at_ms INTEGER NOT NULL,
    -- Header, payload and key as the record's codec writes them.
    bytes BLOB NOT NULL
) STRICT;

CREATE INDEX change_by_record ON change (record, position);

CREATE TABLE receipt (
    -- The office's word for each change, written in the transaction that kept it. One per name and number.
    device BLOB NOT NULL,
    incarnation INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    -- Hash of the change: the same name and number with another hash is a fork.
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    -- 0 kept, 3 erased, 16 + the reason's number: quarantined
    verdict INTEGER NOT NULL,
    position INTEGER NOT NULL REFERENCES change (position),
    PRIMARY KEY (device, incarnation, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE contradicted (
    -- Changes that wait without a receipt: another one has their name and number. Only a restored office gets them.
    -- BLAKE3 of the header.
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    position INTEGER NOT NULL UNIQUE REFERENCES change (position)
) STRICT, WITHOUT ROWID;

CREATE TABLE chain (
    -- The gapless, verified beginning of each replica's changes. Many replicas of one device hint at a copied phone.
    device BLOB NOT NULL,
    incarnation INTEGER NOT NULL,
    through INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    first_seen_at_ms INTEGER NOT NULL,
    PRIMARY KEY (device, incarnation)
) STRICT, WITHOUT ROWID;

CREATE TABLE quarantine (
    -- Why a change waits. Tried again when the cause may be gone.
    position INTEGER PRIMARY KEY REFERENCES change (position),
    -- The device that brought it.
    device BLOB NOT NULL,
    author BLOB NOT NULL,
    -- The form version it needs.
    form BLOB NOT NULL,
    -- The reason's number in the protocol, and the reason in words.
    cause INTEGER NOT NULL,
    reason TEXT NOT NULL,
    kept_at_ms INTEGER NOT NULL,
    -- When it was accepted after all; NULL while it waits.
    released_at_ms INTEGER
) STRICT;

CREATE INDEX quarantine_waiting ON quarantine (form) WHERE released_at_ms IS NULL;

CREATE TABLE record (
    -- What is settled when a record's first change comes into force.
    record BLOB PRIMARY KEY CHECK (length(record) = 16),
    -- The author of that change.
    owner BLOB NOT NULL,
    -- The owner's scope at that moment: where the record belongs until its own answers say better.
    project TEXT NOT NULL,
    country TEXT NOT NULL,
    province TEXT NOT NULL,
    team TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE record_key (
    -- The keys of records' payload hashes: one with the first change, another after each erasure.
    record BLOB NOT NULL CHECK (length(record) = 16),
    -- The change that brought it.
    position INTEGER NOT NULL REFERENCES change (position),
    -- NULL: dropped by an erasure.
    key BLOB,
    PRIMARY KEY (record, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE record_row (
    -- Projection: a record's line in the lists and its words in the search. `sampan-server rebuild` makes it anew.
    record BLOB PRIMARY KEY CHECK (length(record) = 16),
    form_id TEXT NOT NULL,
    form BLOB NOT NULL,
    state TEXT NOT NULL,
    project TEXT NOT NULL,
    country TEXT NOT NULL,
    province TEXT NOT NULL,
    -- The province's name as the record's form has it, in the form's first language; empty = unknown.
    province_label TEXT NOT NULL,
    team TEXT NOT NULL,
    owner BLOB NOT NULL,
    -- Who is to work on it; NULL = its owner.
    assignee BLOB,
    label TEXT NOT NULL,
    n_conflicts INTEGER NOT NULL,
    n_open_comments INTEGER NOT NULL,
    n_changes INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    -- Position of its last change: lists are in this order.
    last_position INTEGER NOT NULL,
    -- Label and answers in lower case, one a line.
    search TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX record_row_by_last ON record_row (last_position DESC);
CREATE INDEX record_row_by_place ON record_row (country, province, last_position DESC);

CREATE TABLE record_media (
    -- Projection: files that answers name. Whether one is here, the blob folder tells.
    record BLOB NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    size_bytes INTEGER NOT NULL,
    PRIMARY KEY (record, hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX record_media_by_hash ON record_media (hash);

CREATE TABLE sight (
    -- Which records a person's devices may have.
    person BLOB NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (person, record)
) STRICT, WITHOUT ROWID;

CREATE INDEX sight_by_record ON sight (record);

CREATE TABLE feed (
    -- What a person's devices are to get, in commit order: cursors are places in it. When a record comes into
    -- sight all its changes are appended; when it leaves, its lines go.
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    person BLOB NOT NULL,
    position INTEGER NOT NULL,
    record BLOB NOT NULL
) STRICT;

CREATE INDEX feed_by_person ON feed (person, place);
CREATE INDEX feed_by_record ON feed (record, person);

CREATE TABLE participant (
    -- Who wrote in a record or was given it.
    record BLOB NOT NULL,
    person BLOB NOT NULL,
    PRIMARY KEY (record, person)
) STRICT, WITHOUT ROWID;

CREATE INDEX participant_by_person ON participant (person);

CREATE TABLE acquaintance (
    -- Whose names a person's devices are to know: of the participants of the records in sight. A revision is never
    -- used twice; a person gets a new one when name or roles change.
    revision INTEGER PRIMARY KEY AUTOINCREMENT,
    viewer BLOB NOT NULL,
    person BLOB NOT NULL,
    UNIQUE (viewer, person)
) STRICT;

CREATE INDEX acquaintance_by_viewer ON acquaintance (viewer, revision);
CREATE INDEX acquaintance_by_person ON acquaintance (person);

CREATE TABLE act (
    -- What was done under which idempotency key: the same key again gives the same result and does nothing.
    person BLOB NOT NULL,
    key TEXT NOT NULL,
    result TEXT NOT NULL,
    done_at_ms INTEGER NOT NULL,
    PRIMARY KEY (person, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    -- Who did what in the office. Holds no answers.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    -- NULL: the command line.
    person BLOB,
    what TEXT NOT NULL
) STRICT;
