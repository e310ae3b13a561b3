//! Tests of the crate with a real server, and the test vectors shared by all SDKs. Run by `make test-rust`.

mod agents;
mod client;
mod events;
mod programs;
mod proxy;
mod server;
mod stub;
#[cfg(feature = "rustls")]
mod tls;
mod vectors;
