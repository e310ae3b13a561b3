//! Calls without async: `block()` instead of `await`.
//!
//! ```no_run
//! use agora_sdk::blocking::{Block, BlockEach};
//! use agora_sdk::{AgoraClient, MessageType};
//!
//! # fn run() -> Result<(), agora_sdk::AgoraError> {
//! let client = AgoraClient::builder().build()?;
//! client.messaging().send("Other", "Hello!", MessageType::Info, "normal").block()?;
//! for event in client.event().stream().types(["work.*"]).block()?.block_each() {
//!     println!("{}", event?.r#type);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A client must be used either this way or with `await`: its connections belong to the runtime that opened them.
//! Within a tokio runtime, `block()` would block the task that it waits for, and panics.

use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::LazyLock;

use futures_core::Stream;
use futures_util::StreamExt;
use tokio::runtime::{Builder, Runtime};

/// The runtime of blocking calls: its thread also keeps connections alive between calls.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).thread_name("agora-sdk").enable_all();
    builder
        .build()
        .expect("the operating system has a thread for the Agora client")
});

/// Blocks the calling thread until a future completes.
pub trait Block: IntoFuture + Sized {
    /// Wait for the result of `await`.
    ///
    /// # Panics
    /// Within a tokio runtime.
    fn block(self) -> Self::Output {
        RUNTIME.block_on(self.into_future())
    }
}

impl<F: IntoFuture> Block for F {}

/// Blocks the calling thread for each item of a stream.
pub trait BlockEach: Stream + Sized {
    /// Iterate the items, waiting for each.
    fn block_each(self) -> Items<Self> {
        Items(Box::pin(self))
    }
}

impl<S: Stream> BlockEach for S {}

/// Blocking iterator over the items of a stream.
#[derive(Debug)]
pub struct Items<S>(Pin<Box<S>>);

impl<S: Stream> Iterator for Items<S> {
    type Item = S::Item;

    fn next(&mut self) -> Option<S::Item> {
        RUNTIME.block_on(self.0.next())
    }
}
