//! Sentence encoders: loading, tokenising, forward pass, pooling.
