//! The thread that writes.
//!
//! Requests from any thread queue up here. The writer takes all that are waiting and commits them in one
//! transaction, each in a savepoint of its own: one sync of the disk serves them all, and a request that
//! fails (an id that exists, say) takes nothing with it. After the commit the loaded partitions are
//! brought up to date, and only then are the callers told: acknowledged means durable and visible.

use std::borrow::Cow;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{SystemTime, UNIX_EPOCH};

use hippocamp_index::Filter;
use hippocamp_store::{NamespaceId, NewCollection, NewRow, PutMode, WriteTx};

use serde_json::{Map, Value};

use crate::core::Core;
use crate::distinct::Distinct;
use crate::record::{PreparedRecord, Similar};
use crate::target::Target;
use crate::{Cancel, Error, Limits, WriteMode, validate};

/// Requests in one transaction.
const MAX_GROUP: usize = 256;

pub(crate) enum Work {
    Put {
        records: Vec<PreparedRecord>,
        mode: WriteMode,
    },
    /// Those that are like none that is there.
    PutDistinct {
        records: Vec<PreparedRecord>,
        distinct: Arc<Distinct>,
    },
    Delete {
        which: Selected,
    },
    Update {
        which: Selected,
        set: Map<String, Value>,
        unset: Vec<String>,
        limits: Limits,
    },
    Clear {
        /// The namespaces below as well.
        recursive: bool,
    },
    DropCollection,
}

/// Which records something is done to.
pub(crate) enum Selected {
    Ids(Vec<String>),
    /// Those that pass when it is done.
    Filter(Filter),
}

/// How many records were written or removed (for a dropped collection: 1 if it was there).
pub(crate) type Done = Box<dyn FnOnce(Result<u64, Error>) + Send>;

pub(crate) struct Request {
    pub(crate) target: Target,
    pub(crate) work: Work,
    pub(crate) cancel: Cancel,
    pub(crate) done: Done,
}

pub(crate) struct Writer {
    queue: Mutex<Option<Sender<Request>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(crate) fn start(core: Arc<Core>) -> Result<Self, Error> {
        let (send, receive) = channel();
        let thread = thread::Builder::new()
            .name("hippocamp-writer".to_owned())
            .spawn(move || run(&core, &receive))
            .map_err(|source| Error::Io {
                what: "cannot start the writer thread".to_owned(),
                source,
            })?;
        Ok(Self { queue: Mutex::new(Some(send)), thread: Mutex::new(Some(thread)) })
    }

    pub(crate) fn submit(&self, request: Request) {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let refused = match queue {
            Some(queue) => queue.send(request).err().map(|refused| refused.0),
            None => Some(request),
        };
        if let Some(request) = refused {
            (request.done)(Err(Error::Closed));
        }
    }

    /// Lets the queued requests finish and ends the thread.
    pub(crate) fn stop(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

fn run(core: &Arc<Core>, queue: &Receiver<Request>) {
    let mut left = None;
    while let Some(first) = left.take().or_else(|| queue.recv().ok()) {
        let mut group = vec![first];
        while group.len() < MAX_GROUP
            && !group.iter().any(is_alone)
            && let Ok(next) = queue.try_recv()
        {
            if is_alone(&next) {
                left = Some(next);
                break;
            }
            group.push(next);
        }
        commit_and_answer(core, group);
    }
}

/// Whether a request is about what is there when all before it are committed.
fn is_alone(request: &Request) -> bool {
    matches!(request.work, Work::PutDistinct { .. })
}

fn commit_and_answer(core: &Arc<Core>, group: Vec<Request>) {
    // From here on a request can no longer be cancelled: it is about to be committed.
    let (group, cancelled): (Vec<_>, Vec<_>) =
        group.into_iter().partition(|r| r.cancel.commit().is_ok());
    for request in cancelled {
        (request.done)(Err(Error::Aborted));
    }
    let outcomes = match commit_group(core, &group) {
        Ok(outcomes) => outcomes,
        Err(error) if group.len() == 1 => vec![Err(error)],
        // One of them spoils the transaction itself (too large for the disk, say): each on its own.
        Err(_) => group
            .iter()
            .map(|request| {
                commit(core, std::slice::from_ref(request)).and_then(|mut one| one.swap_remove(0))
            })
            .collect(),
    };
    let touched = outcomes.iter().flatten().flat_map(|outcome| outcome.touched.iter().copied());
    core.refresh(touched);
    for (request, outcome) in group.into_iter().zip(outcomes) {
        if let (Work::DropCollection, Ok(outcome)) = (&request.work, &outcome) {
            core.loaded.clear();
            for namespace in &outcome.dropped {
                core.sidecar.as_ref().inspect(|sidecar| sidecar.delete(*namespace));
            }
        }
        (request.done)(outcome.map(|outcome| outcome.count));
    }
}

struct Outcome {
    /// Namespaces whose records are others.
    touched: Vec<NamespaceId>,
    /// Namespaces that are no more.
    dropped: Vec<NamespaceId>,
    count: u64,
}

impl Outcome {
    fn of(touched: impl IntoIterator<Item = NamespaceId>, count: u64) -> Self {
        Self { touched: touched.into_iter().collect(), dropped: Vec::new(), count }
    }
}

/// # Errors
/// As [`commit`].
fn commit_group(core: &Arc<Core>, group: &[Request]) -> Result<Vec<Result<Outcome, Error>>, Error> {
    if let [request] = group
        && let Work::PutDistinct { records, distinct } = &request.work
    {
        return commit_distinct(core, &request.target, records, distinct)
            .map(|outcome| vec![Ok(outcome)]);
    }
    commit(core, group)
}

/// Looks for records that are like the new ones, and commits if nobody else has written since.
fn commit_distinct(
    core: &Arc<Core>,
    target: &Target,
    records: &[PreparedRecord],
    distinct: &Distinct,
) -> Result<Outcome, Error> {
    loop {
        let (seen, found) = distinct.find(core, target, records)?;
        let outcome = core.store.write(|tx| {
            if tx.lsn().0 != seen.0 + 1 {
                return Ok(None);
            }
            put_distinct(tx, target, records, distinct, &found).map(Some)
        })?;
        if let Some(outcome) = outcome {
            distinct.note(found);
            return Ok(outcome);
        }
    }
}

/// # Errors
/// The transaction as a whole failed and nothing was changed. Each request's own error is inside.
fn commit(core: &Core, group: &[Request]) -> Result<Vec<Result<Outcome, Error>>, Error> {
    if group.is_empty() {
        return Ok(Vec::new());
    }
    core.store.write(|tx| {
        let mut outcomes = Vec::with_capacity(group.len());
        for request in group {
            let outcome = tx.savepoint(|tx| apply(tx, request));
            match outcome {
                Err(Error::Store(error)) if !is_about_the_request(&error) => {
                    return Err(Error::Store(error));
                }
                outcome => outcomes.push(outcome),
            }
        }
        Ok(outcomes)
    })
}

/// Whether others in the same transaction can still be committed after this error.
fn is_about_the_request(error: &hippocamp_store::Error) -> bool {
    use hippocamp_store::Error as E;
    matches!(
        error,
        E::Exists { .. }
            | E::CollectionExists { .. }
            | E::UnknownCollection { .. }
            | E::UnknownNamespace { .. }
            | E::Dimension { .. }
            | E::InvalidDimension { .. }
            | E::TooLarge
    )
}

fn apply(tx: &mut WriteTx<'_>, request: &Request) -> Result<Outcome, Error> {
    match &request.work {
        Work::Put { records, mode } => put(tx, &request.target, records, *mode),
        Work::PutDistinct { .. } => Err(Error::Internal("a request was not alone".to_owned())),
        Work::Delete { which } => delete(tx, &request.target, which),
        Work::Update { which, set, unset, limits } => {
            update(tx, &request.target, which, (set, unset), limits)
        }
        Work::Clear { recursive } => clear(tx, &request.target, *recursive),
        Work::DropCollection => {
            let collection = tx.collection(&request.target.name)?;
            let mut outcome = Outcome::of(None, u64::from(collection.is_some()));
            if let Some(collection) = &collection {
                let namespaces = tx.namespaces(collection.id)?;
                outcome.dropped = namespaces.into_iter().map(|(id, ..)| id).collect();
                tx.drop_collection(collection.id)?;
            }
            Ok(outcome)
        }
    }
}

fn put(
    tx: &mut WriteTx<'_>,
    target: &Target,
    records: &[PreparedRecord],
    mode: WriteMode,
) -> Result<Outcome, Error> {
    let namespace = namespace_for(tx, target)?;
    let mode = match mode {
        WriteMode::Add => PutMode::Insert,
        WriteMode::Upsert => PutMode::Upsert,
    };
    let now = now_ms();
    for record in records {
        put_one(tx, namespace, record, now, mode)?;
    }
    Ok(Outcome::of(Some(namespace), records.len() as u64))
}

/// Stores those that are like none, or that are kept all the same, and changes those that they are like.
fn put_distinct(
    tx: &mut WriteTx<'_>,
    target: &Target,
    records: &[PreparedRecord],
    distinct: &Distinct,
    found: &[Option<Similar>],
) -> Result<Outcome, Error> {
    let namespace = namespace_for(tx, target)?;
    let now = now_ms();
    let change = (&distinct.set, distinct.unset.as_slice());
    let changes = !distinct.set.is_empty() || !distinct.unset.is_empty();
    for (record, similar) in records.iter().zip(found) {
        if let Some(similar) = similar.as_ref().filter(|_| changes) {
            change_metadata(tx, namespace, &similar.id, change, now, &distinct.limits)?;
        }
        if similar.is_none() || distinct.keep {
            put_one(tx, namespace, record, now, PutMode::Insert)?;
        }
    }
    Ok(Outcome::of(Some(namespace), records.len() as u64))
}

fn put_one(
    tx: &mut WriteTx<'_>,
    namespace: NamespaceId,
    record: &PreparedRecord,
    now: i64,
    mode: PutMode,
) -> Result<(), Error> {
    let row = NewRow {
        key: &record.id,
        text: record.text.as_deref(),
        meta: record.metadata.as_deref(),
        vectors: &record.vectors,
    };
    tx.put(namespace, &row, now, mode)?;
    Ok(())
}

/// The namespace that is written to; it and its collection are made if they are not there.
fn namespace_for(tx: &mut WriteTx<'_>, target: &Target) -> Result<NamespaceId, Error> {
    let collection = match tx.collection(&target.name)? {
        Some(row) => {
            target.check(&row)?;
            row.id
        }
        None => tx.create_collection(&NewCollection {
            name: &target.name,
            dimension: target.dimension,
            metric: target.metric.as_str(),
            fingerprint: target.fingerprint.as_deref(),
            settings: &target.settings(),
        })?,
    };
    tx.namespace(collection, &target.namespace, true)?
        .ok_or_else(|| Error::Internal("a namespace could not be made".to_owned()))
}

fn delete(tx: &mut WriteTx<'_>, target: &Target, which: &Selected) -> Result<Outcome, Error> {
    let Some(namespace) = existing_namespace(tx, target)? else {
        return Ok(Outcome::of(None, 0));
    };
    let mut count = 0;
    for id in &*ids(tx, namespace, which)? {
        count += u64::from(tx.delete(namespace, id)?.is_some());
    }
    Ok(Outcome::of(Some(namespace), count))
}

fn update(
    tx: &mut WriteTx<'_>,
    target: &Target,
    which: &Selected,
    change: (&Map<String, Value>, &[String]),
    limits: &Limits,
) -> Result<Outcome, Error> {
    let Some(namespace) = existing_namespace(tx, target)? else {
        return Ok(Outcome::of(None, 0));
    };
    let now = now_ms();
    let mut count = 0;
    for id in &*ids(tx, namespace, which)? {
        count += u64::from(change_metadata(tx, namespace, id, change, now, limits)?);
    }
    Ok(Outcome::of(Some(namespace), count))
}

/// False if there is no such record.
fn change_metadata(
    tx: &mut WriteTx<'_>,
    namespace: NamespaceId,
    id: &str,
    (set, unset): (&Map<String, Value>, &[String]),
    now: i64,
    limits: &Limits,
) -> Result<bool, Error> {
    let Some(row) = tx.get(namespace, id, false)? else { return Ok(false) };
    let mut metadata = validate::stored_metadata(row.meta.as_deref())?;
    metadata.extend(set.clone());
    metadata.retain(|key, _| !unset.contains(key));
    let json = Value::Object(metadata).to_string();
    validate::metadata(&|| format!("record \"{id}\""), &json, limits)?;
    Ok(tx.set_metadata(namespace, id, Some(&json), now)?)
}

/// The ids of the records that are meant.
fn ids<'a>(
    tx: &WriteTx<'_>,
    namespace: NamespaceId,
    which: &'a Selected,
) -> Result<Cow<'a, [String]>, Error> {
    let filter = match which {
        Selected::Ids(ids) => return Ok(Cow::Borrowed(ids)),
        Selected::Filter(filter) => filter,
    };
    let (mut ids, mut failure) = (Vec::new(), None);
    tx.visit_records(namespace, &mut |id, meta| match validate::stored_metadata(meta) {
        Ok(metadata) if filter.matches(&metadata) => ids.push(id.to_owned()),
        Ok(_) => {}
        Err(error) => failure = Some(error),
    })?;
    failure.map_or(Ok(Cow::Owned(ids)), Err)
}

fn clear(tx: &mut WriteTx<'_>, target: &Target, recursive: bool) -> Result<Outcome, Error> {
    let namespaces = if recursive {
        let Some(collection) = tx.collection(&target.name)? else {
            return Ok(Outcome::of(None, 0));
        };
        let below = tx.namespaces_below(collection.id, &target.namespace)?.into_iter();
        below.filter(|(_, _, records)| *records > 0).map(|(id, ..)| id).collect()
    } else {
        Vec::from_iter(existing_namespace(tx, target)?)
    };
    let mut count = 0;
    for namespace in &namespaces {
        count += tx.clear(*namespace)?;
    }
    Ok(Outcome::of(namespaces, count))
}

fn existing_namespace(tx: &mut WriteTx<'_>, target: &Target) -> Result<Option<NamespaceId>, Error> {
    match tx.collection(&target.name)? {
        Some(collection) => Ok(tx.namespace(collection.id, &target.namespace, false)?),
        None => Ok(None),
    }
}

fn now_ms() -> i64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX)
}
