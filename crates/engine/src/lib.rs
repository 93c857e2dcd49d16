//! Collections: store, indexes, encoder and worker pool as one engine.
