//! The crate against a real server, and the vectors that every SDK passes. `make test-rust` runs it.

mod agents;
mod client;
mod events;
mod programs;
mod server;
mod stub;
#[cfg(feature = "rustls")]
mod tls;
mod vectors;
