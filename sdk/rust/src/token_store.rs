//! Where the tokens of registered agents are kept.

use std::collections::HashMap;
use std::fmt::Debug;
use std::io;
use std::sync::{Mutex, PoisonError};

use reqwest::Url;
use serde::{Deserialize, Serialize};

/// An agent's identity on one server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredToken {
    /// The agent's id.
    pub agent_id: String,
    /// Its credential.
    pub token: String,
}

impl Debug for StoredToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("StoredToken")
            .field("agent_id", &self.agent_id)
            .finish_non_exhaustive()
    }
}

/// Keeps what registration answered once, by server, tenant and agent name.
///
/// `server` is one spelling of a server's address, see [`server_key`]. The methods may block: `keep` and `forget` are called on
/// a thread where that is allowed, `find` is expected to be quick.
pub trait TokenStore: Debug + Send + Sync {
    /// The token of an agent, if it is kept.
    ///
    /// # Errors
    /// What kept it from being read.
    fn find(&self, server: &str, tenant: &str, name: &str) -> io::Result<Option<StoredToken>>;

    /// Keep an agent's token.
    ///
    /// # Errors
    /// What kept it from being written.
    fn keep(&self, server: &str, tenant: &str, name: &str, token: &StoredToken) -> io::Result<()>;

    /// Forget an agent's token.
    ///
    /// # Errors
    /// What kept it from being written.
    fn forget(&self, server: &str, tenant: &str, name: &str) -> io::Result<()>;
}

/// One spelling for a server: `localhost` is where `127.0.0.1` is. Text that is no address stays as it is.
#[must_use]
pub fn server_key(url: &str) -> String {
    let Ok(url) = Url::parse(url) else {
        return url.to_owned();
    };
    let host = match url.host_str().unwrap_or_default() {
        "localhost" | "[::1]" => "127.0.0.1",
        host => host.trim_matches(['[', ']']),
    };
    let port = url.port_or_known_default().unwrap_or(80);
    format!("{}://{host}:{port}{}", url.scheme(), url.path().trim_end_matches('/'))
}

/// Tokens in memory: they end with the program.
#[derive(Debug, Default)]
pub struct MemoryTokens {
    tokens: Mutex<HashMap<[String; 3], StoredToken>>,
}

impl MemoryTokens {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl TokenStore for MemoryTokens {
    fn find(&self, server: &str, tenant: &str, name: &str) -> io::Result<Option<StoredToken>> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(tokens.get(&[server, tenant, name].map(str::to_owned)).cloned())
    }

    fn keep(&self, server: &str, tenant: &str, name: &str, token: &StoredToken) -> io::Result<()> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.insert([server, tenant, name].map(str::to_owned), token.clone());
        Ok(())
    }

    fn forget(&self, server: &str, tenant: &str, name: &str) -> io::Result<()> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.remove(&[server, tenant, name].map(str::to_owned));
        Ok(())
    }
}
