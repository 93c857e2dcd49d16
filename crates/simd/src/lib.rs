//! CPU kernels with run-time dispatch: distances, matrix products, row operations.
