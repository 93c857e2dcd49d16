//! Collections: what callers hold, and how they write.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use hippocamp_index::{IndexKind, IndexOptions, Language, Metric, RowFormat};
use hippocamp_store::{CollectionRow, Lsn};
use ulid::Generator;

use crate::limits::within;
use crate::namespace::{self, check_label};
use crate::partition::Partition;
use crate::parts;
use crate::record::PreparedRecord;
use crate::target::{Target, describe};
use crate::turns::Turns;
use crate::writer::{Request, Selected, Work};
use crate::{
    Cancel, Embeddings, Engine, Error, Limits, MetadataChange, NewRecord, Priority, TextEncoder,
    Which, WriteMode, validate,
};

/// What a collection is to be like. What is left out is taken from the stored collection, or, for a new
/// one, from the store's encoder.
#[derive(Clone, Default)]
pub struct CollectionOptions {
    /// Values in a vector.
    pub dimension: Option<usize>,
    /// Whether records have vectors; a new collection does. One that has none is searched by words and needs no encoder.
    pub vectors: Option<bool>,
    /// How vectors are compared; cosine for a new collection.
    pub metric: Option<Metric>,
    /// What finds candidates in large namespaces; the native index for a new collection.
    pub index: Option<IndexKind>,
    /// How the index keeps vectors in memory; for a new collection what [`RowFormat::default_of`] says. The store keeps
    /// them as f32.
    pub precision: Option<RowFormat>,
    /// The recall, in (0, 1], of searches that don't say; 0.99 for a new collection.
    pub target_recall: Option<f32>,
    /// The language of the words of its texts; English for a new collection. Scripts without spaces are told by their
    /// characters.
    pub language: Option<Language>,
    /// Where the metadata of its records say of which conversation they are turns, if they are.
    pub turns: Option<Turns>,
    /// Encoder of its texts.
    pub encoder: Option<TextEncoder>,
}

impl CollectionOptions {
    /// An index as is said here, otherwise as it is.
    fn index_over(&self, index: IndexOptions) -> IndexOptions {
        IndexOptions {
            kind: self.index.unwrap_or(index.kind),
            rows: self.precision.unwrap_or(index.rows),
            target_recall: self.target_recall.unwrap_or(index.target_recall),
        }
    }
}

/// What stands in the place of a vector where records have none.
const PLACEHOLDER: [f32; 1] = [1.0];

/// A handle on one namespace of a collection. Clones are cheap.
#[derive(Clone)]
pub struct Collection {
    pub(crate) engine: Engine,
    pub(crate) name: Arc<str>,
    options: Arc<CollectionOptions>,
    pub(crate) path: Arc<[String]>,
    pub(crate) namespace: Arc<[u8]>,
    /// What was found there last; of this namespace only.
    pub(crate) found: Arc<Mutex<Option<Found>>>,
}

/// A namespace as it was found at an LSN: as long as nothing is written it need not be looked for again.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) lsn: Lsn,
    pub(crate) target: Arc<Target>,
    pub(crate) partition: Weak<RwLock<Partition>>,
}

impl fmt::Debug for Collection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collection")
            .field("name", &self.name)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Collection {
    pub(crate) fn new(
        engine: Engine,
        name: &str,
        options: CollectionOptions,
    ) -> Result<Self, Error> {
        let limits = &engine.handle().limits;
        check_label("the collection's name", name, limits)?;
        if let Some(dimension) = options.dimension {
            check_dimension(name, dimension, limits)?;
        }
        if let Some(recall) = options.target_recall
            && !(recall > 0.0 && recall <= 1.0)
        {
            return Err(Error::InvalidArgument(format!(
                "the targetRecall of collection \"{name}\" is {recall}: give a number above 0 and up to 1"
            )));
        }
        options.turns.as_ref().map_or(Ok(()), Turns::check)?;
        if options.vectors == Some(false)
            && (options.dimension.is_some()
                || options.metric.is_some()
                || options.encoder.is_some())
        {
            return Err(Error::InvalidArgument(format!(
                "collection \"{name}\" is to have no vectors: leave dimension, metric and encoder out"
            )));
        }
        if let (Some(dimension), Some(encoder)) = (options.dimension, &options.encoder)
            && dimension != encoder.dimension()
        {
            return Err(Error::InvalidArgument(format!(
                "collection \"{name}\" is to have dimension {dimension}, but its encoder gives {}: leave dimension out",
                encoder.dimension()
            )));
        }
        Ok(Self {
            engine,
            name: name.into(),
            options: Arc::new(options),
            path: Arc::from([]),
            namespace: Arc::from([]),
            found: Arc::default(),
        })
    }

    /// The collection's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The namespace of this handle; the empty path by default.
    #[must_use]
    pub fn path(&self) -> &[String] {
        &self.path
    }

    /// A handle on another namespace of the same collection.
    ///
    /// # Errors
    /// A part that is empty, too long or contains NUL; more than 32 parts.
    pub fn namespace(&self, path: &[String]) -> Result<Self, Error> {
        let namespace = namespace::encode(path, self.limits())?.into();
        Ok(Self { path: path.into(), namespace, found: Arc::default(), ..self.clone() })
    }

    /// Validates and encodes records on the calling thread (and idle workers), then queues them to be
    /// written; `done` gets their ids in order, on another thread, once they are durable and visible. All
    /// are written or none.
    pub fn write(
        &self,
        records: Vec<NewRecord>,
        mode: WriteMode,
        cancel: &Cancel,
        done: impl FnOnce(Result<Vec<String>, Error>) + Send + 'static,
    ) {
        let prepared = match self.prepare(records, cancel) {
            Ok(Some(prepared)) => prepared,
            Ok(None) => return done(Ok(Vec::new())),
            Err(error) => return done(Err(error)),
        };
        let (target, records) = prepared;
        let ids: Vec<String> = records.iter().map(|record| record.id.clone()).collect();
        self.submit(target, Work::Put { records, mode }, cancel, move |result| {
            done(result.map(|_| ids));
        });
    }

    /// Queues records to be deleted; `done` gets how many there were.
    pub fn delete(
        &self,
        which: impl Into<Which>,
        cancel: &Cancel,
        done: impl FnOnce(Result<u64, Error>) + Send + 'static,
    ) {
        match self.selected(which.into()) {
            Ok(which) => self.submit(self.bare_target(), Work::Delete { which }, cancel, done),
            Err(error) => done(Err(error)),
        }
    }

    /// Queues records whose metadata are to be changed, and nothing else of them; `done` gets how many there were. All are
    /// changed or none.
    pub fn update(
        &self,
        which: impl Into<Which>,
        change: MetadataChange,
        cancel: &Cancel,
        done: impl FnOnce(Result<u64, Error>) + Send + 'static,
    ) {
        let checked = self.selected(which.into()).and_then(|which| {
            let set = self.metadata_to_set(&change)?;
            let limits = self.limits().clone();
            Ok(Work::Update { which, set, unset: change.unset, limits })
        });
        match checked {
            Ok(work) => self.submit(self.bare_target(), work, cancel, done),
            Err(error) => done(Err(error)),
        }
    }

    /// Which records these are, checked as far as that can be done without them.
    fn selected(&self, which: Which) -> Result<Selected, Error> {
        match which {
            Which::Ids(ids) => {
                let most = self.limits().batch_records;
                within(|| "the batch".into(), "ids", ids.len(), most, "batchRecords")?;
                ids.iter().try_for_each(|id| check_label("an id", id, self.limits()))?;
                Ok(Selected::Ids(ids))
            }
            Which::Filter(json) => {
                self.filter(Some(&json))?.map(Selected::Filter).ok_or_else(|| {
                    Error::InvalidArgument(
                        "the filter has no conditions: name one, or use clear() for all records"
                            .to_owned(),
                    )
                })
            }
        }
    }

    /// Queues the deletion of everything in this namespace, or also in those below it; `done` gets how many records there were.
    pub fn clear(
        &self,
        recursive: bool,
        cancel: &Cancel,
        done: impl FnOnce(Result<u64, Error>) + Send + 'static,
    ) {
        self.submit(self.bare_target(), Work::Clear { recursive }, cancel, done);
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.engine.handle().limits
    }

    /// The encoder for the texts of a stored collection, if it has one that is at hand.
    ///
    /// # Errors
    /// [`Error::CollectionMismatch`] when the encoder at hand is another one.
    pub(crate) fn encoder_for(&self, target: &Target) -> Result<Option<TextEncoder>, Error> {
        let Some(wanted) = &target.fingerprint else { return Ok(None) };
        match self.options.encoder.as_ref().or(self.engine.handle().encoder.as_ref()) {
            Some(encoder) if encoder.document_fingerprint() == **wanted => {
                Ok(Some(encoder.clone()))
            }
            Some(encoder) => Err(Error::CollectionMismatch(format!(
                "collection \"{}\" holds vectors of {}, not of {} ({}): open it with the encoder and document prompt \
                 that made it, or use another collection",
                self.name,
                describe(Some(wanted)),
                encoder.name(),
                describe(Some(&encoder.document_fingerprint())),
            ))),
            None => Ok(None),
        }
    }

    /// The stored collection as a target, checked against what this handle was told to expect.
    pub(crate) fn stored_target(&self, row: &CollectionRow) -> Result<Target, Error> {
        let target = Target::of(row, &self.namespace)?;
        let mut expected = target.clone();
        expected.dimension = self.options.dimension.unwrap_or(target.dimension);
        expected.vectors = self.options.vectors.unwrap_or(target.vectors);
        expected.metric = self.options.metric.unwrap_or(target.metric);
        expected.index = self.options.index_over(target.index);
        expected.language = self.options.language.unwrap_or(target.language);
        if let Some(turns) = &self.options.turns {
            expected.turns = Some(turns.clone());
        }
        if let Some(encoder) = &self.options.encoder {
            expected.fingerprint = Some(encoder.document_fingerprint().into());
        }
        expected.check(row)?;
        Ok(target)
    }

    pub(crate) fn encoder_required(&self, what: &str, otherwise: &'static str) -> Error {
        let (what, collection) = (what.to_owned(), self.name.to_string());
        Error::EncoderRequired { what, collection, otherwise }
    }

    /// Nothing when there is nothing to write.
    pub(crate) fn prepare(
        &self,
        records: Vec<NewRecord>,
        cancel: &Cancel,
    ) -> Result<Option<(Target, Vec<PreparedRecord>)>, Error> {
        cancel.check()?;
        let core = self.engine.core()?;
        validate::records(&records, self.limits())?;
        let stored = core.store.read(|tx| Ok::<_, Error>(tx.collection(&self.name)?))?;
        if records.is_empty() {
            return Ok(None);
        }
        let (target, encoder) = if let Some(row) = stored {
            let target = self.stored_target(&row)?;
            let texts = records.iter().any(|record| record.vector.is_none());
            let encoder = if texts { self.encoder_for(&target)? } else { None };
            (target, encoder)
        } else {
            let given = records.iter().find_map(|record| record.vector.as_ref().map(Vec::len));
            self.new_target(given, None)?
        };
        for (row, record) in records.iter().enumerate() {
            if let Some(vector) = &record.vector {
                let what = || validate::name(row, record);
                target.needs_vectors(&format!("the vector of {}", what()))?;
                validate::vector(what, vector, &self.name, target.dimension, target.metric)?;
            }
        }
        if !target.vectors {
            let placeholders = vec![PLACEHOLDER.to_vec(); records.len()];
            return Ok(Some((target, assemble(records, placeholders))));
        }
        let encoded = self.encode_missing(&records, &target, encoder.as_ref(), cancel)?;
        let prepared = assemble(records, encoded);
        Ok(Some((target, prepared)))
    }

    /// What a collection becomes that does not exist yet, and its encoder: as this handle says, else as the encoder
    /// says, else as it is `given`.
    pub(crate) fn new_target(
        &self,
        given: Option<usize>,
        metric: Option<Metric>,
    ) -> Result<(Target, Option<TextEncoder>), Error> {
        if self.options.vectors == Some(false) {
            let (dimension, metric) = (PLACEHOLDER.len(), Metric::default());
            let target = Target {
                vectors: false,
                dimension,
                metric,
                index: self.options.index_over(IndexOptions::default_of(dimension, metric)),
                language: self.options.language.unwrap_or_default(),
                turns: self.options.turns.clone(),
                ..self.bare_target()
            };
            return Ok((target, None));
        }
        let default = self.engine.handle().encoder.as_ref();
        let encoder = self.options.encoder.as_ref().or_else(|| {
            default
                .filter(|default| self.options.dimension.is_none_or(|d| d == default.dimension()))
        });
        let dimension = encoder.map(TextEncoder::dimension).or(self.options.dimension).or(given);
        let dimension =
            dimension.ok_or_else(|| self.encoder_required("storing text", "pass vectors"))?;
        check_dimension(&self.name, dimension, self.limits())?;
        let metric = self.options.metric.or(metric).unwrap_or_default();
        let target = Target {
            dimension,
            metric,
            index: self.options.index_over(IndexOptions::default_of(dimension, metric)),
            language: self.options.language.unwrap_or_default(),
            turns: self.options.turns.clone(),
            fingerprint: encoder.map(|encoder| encoder.document_fingerprint().into()),
            ..self.bare_target()
        };
        Ok((target, encoder.cloned()))
    }

    /// The vectors of the records that have none: for each one, or those of its text's parts.
    fn encode_missing(
        &self,
        records: &[NewRecord],
        target: &Target,
        encoder: Option<&TextEncoder>,
        cancel: &Cancel,
    ) -> Result<Vec<Vec<f32>>, Error> {
        if records.iter().all(|record| record.vector.is_some()) {
            return Ok(Vec::new());
        }
        let encoder = encoder
            .ok_or_else(|| self.encoder_required("storing text without vectors", "pass vectors"))?;
        let (mut texts, mut counts) = (Vec::new(), Vec::new());
        let turns = target.turns.as_ref().map(|turns| self.turns(records, turns, cancel));
        let turns = turns.transpose()?.unwrap_or_default();
        for (at, record) in records.iter().enumerate() {
            if record.vector.is_some() {
                continue;
            }
            cancel.check()?;
            let text = record.text.as_deref().unwrap_or_default();
            let mut parts: Vec<String> = match turns.get(at) {
                None => parts::parts(text).into_iter().map(str::to_owned).collect(),
                Some(turn) => turn.parts(text),
            };
            counts.push(parts.len());
            texts.append(&mut parts);
        }
        let priority = Priority::of_count(texts.len());
        let Embeddings { data, dimension, .. } =
            encoder.encode_documents(texts, priority, cancel)?;
        let mut rest = data.as_slice();
        let of_record = |count: usize| {
            let (vectors, after) = rest.split_at_checked(count * dimension).unwrap_or_default();
            rest = after;
            vectors.to_vec()
        };
        Ok(counts.into_iter().map(of_record).collect())
    }

    /// Enough of a target for operations that take the collection as it is.
    fn bare_target(&self) -> Target {
        Target::bare(Arc::clone(&self.name), Arc::clone(&self.namespace))
    }

    pub(crate) fn submit(
        &self,
        target: Target,
        work: Work,
        cancel: &Cancel,
        done: impl FnOnce(Result<u64, Error>) + Send + 'static,
    ) {
        self.engine.submit(Request { target, work, cancel: cancel.clone(), done: Box::new(done) });
    }
}

fn check_dimension(name: &str, dimension: usize, limits: &Limits) -> Result<(), Error> {
    if dimension == 0 {
        return Err(Error::InvalidArgument(format!(
            "the dimension of collection \"{name}\" is 0: give the number of values in its vectors"
        )));
    }
    within(
        || format!("collection \"{name}\""),
        "dimensions",
        dimension,
        limits.dimension,
        "dimension",
    )
}

/// Records with their ids and vectors: those given, and the encoded ones in the order of the texts.
fn assemble(records: Vec<NewRecord>, encoded: Vec<Vec<f32>>) -> Vec<PreparedRecord> {
    let mut encoded = encoded.into_iter();
    records
        .into_iter()
        .map(|record| PreparedRecord {
            id: record.id.unwrap_or_else(new_id),
            text: record.text,
            metadata: record.metadata,
            vectors: record.vector.unwrap_or_else(|| encoded.next().unwrap_or_default()),
        })
        .collect()
}

/// A ULID greater than all that this process made before.
fn new_id() -> String {
    static GENERATOR: Mutex<Generator> = Mutex::new(Generator::new());
    let mut generator = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    match generator.generate() {
        Ok(id) => id.to_string(),
        Err(overflow) => overflow.commit_overflow_increment().to_string(),
    }
}
