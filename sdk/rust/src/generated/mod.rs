//! What scripts/sdks.py writes from the contract.

pub(crate) mod errors;
/// Requests of operations.
pub mod operations;
/// Operations by category.
pub mod services;
/// Arguments and results.
pub mod types;
