//! Stores.

use hippocamp_engine::{Engine, Limits, Priority};
use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;

use crate::cancel::{self, CancelToken};
use crate::collection::NativeCollection;
use crate::encoder::NativeEncoder;
use crate::options::{NativeCollectionOptions, NativeStoreOptions};
use crate::{error, operation};

/// An open store.
#[napi]
pub struct NativeStore {
    engine: Engine,
    limits: Limits,
}

/// Opens a store.
#[napi(catch_unwind)]
pub fn open_store<'env>(
    env: &'env Env,
    options: NativeStoreOptions,
    encoder: Option<&NativeEncoder>,
    token: Option<&CancelToken>,
) -> napi::Result<PromiseRaw<'env, NativeStore>> {
    let encoder = encoder.map(NativeEncoder::engine);
    operation::read(env, Priority::Interactive, cancel::of(token), move |_| {
        let options = options.into_engine(encoder)?;
        let limits = options.limits.clone();
        Ok(NativeStore { engine: Engine::open(options)?, limits })
    })
}

/// A collection in a listing.
#[napi(object, object_from_js = false)]
pub struct NativeCollectionInfo {
    /// Its name.
    pub name: String,
    /// Values in its vectors.
    pub dimension: u32,
    /// How they are compared.
    pub metric: String,
    /// Fingerprint of its encoder, if it has one.
    pub encoder: Option<String>,
    /// Live records in all its namespaces.
    pub records: f64,
}

/// A store in numbers.
#[napi(object, object_from_js = false)]
pub struct NativeStoreStats {
    /// The file.
    pub path: String,
    /// Bytes on disk.
    pub bytes: f64,
    /// Number of the last committed change.
    pub lsn: f64,
    /// How many collections there are.
    pub collections: u32,
    /// How many namespaces have their indexes in memory.
    pub partitions: u32,
    /// Bytes of these indexes.
    pub index_bytes: f64,
}

#[napi]
impl NativeStore {
    /// A handle on a collection.
    ///
    /// # Errors
    /// A bad name or dimension.
    #[napi(catch_unwind)]
    pub fn collection(
        &self,
        env: Env,
        name: String,
        options: NativeCollectionOptions,
        encoder: Option<&NativeEncoder>,
    ) -> napi::Result<NativeCollection> {
        let collection = options
            .into_engine(encoder.map(NativeEncoder::engine))
            .and_then(|options| self.engine.collection(&name, options));
        match collection {
            Ok(collection) => Ok(NativeCollection::new(collection, self.limits.clone())),
            Err(refused) => Err(error::throw(&env, &refused)),
        }
    }

    /// Every collection.
    #[napi(catch_unwind)]
    pub fn collections<'env>(
        &self,
        env: &'env Env,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, Vec<NativeCollectionInfo>>> {
        let engine = self.engine.clone();
        operation::read(env, Priority::Interactive, cancel::of(token), move |_| {
            let infos = engine.collections()?.into_iter().map(|info| NativeCollectionInfo {
                name: info.name,
                dimension: info.dimension as u32,
                metric: info.metric.as_str().to_owned(),
                encoder: info.encoder,
                records: info.records as f64,
            });
            Ok(infos.collect())
        })
    }

    /// Removes a collection with everything in it; false if there was none.
    #[napi(catch_unwind)]
    pub fn drop_collection<'env>(
        &self,
        env: &'env Env,
        name: String,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, bool>> {
        let engine = self.engine.clone();
        operation::run(env, Priority::Interactive, cancel::of(token), move |_| {
            engine.drop_collection(&name)
        })
    }

    /// The store in numbers.
    #[napi(catch_unwind)]
    pub fn stats<'env>(
        &self,
        env: &'env Env,
        token: Option<&CancelToken>,
    ) -> napi::Result<PromiseRaw<'env, NativeStoreStats>> {
        let engine = self.engine.clone();
        operation::read(env, Priority::Interactive, cancel::of(token), move |_| {
            let stats = engine.stats()?;
            Ok(NativeStoreStats {
                path: stats.path.to_string_lossy().into_owned(),
                bytes: stats.bytes as f64,
                lsn: stats.lsn as f64,
                collections: stats.collections as u32,
                partitions: stats.partitions as u32,
                index_bytes: stats.index_bytes as f64,
            })
        })
    }

    /// Finishes what is queued and closes the store.
    #[napi(catch_unwind)]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let engine = self.engine.clone();
        operation::run(env, Priority::Interactive, cancel::of(None), move |_| engine.close())
    }
}
