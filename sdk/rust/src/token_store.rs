//! Stores of the tokens of registered agents.

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

/// Stores the results of registrations by server, tenant and agent name.
///
/// `server` is a normalized address, see [`server_key`]. The methods may block: `keep` and `forget` are called on a
/// thread where that is allowed, `find` must be fast.
pub trait TokenStore: Debug + Send + Sync {
    /// Find the token of an agent.
    ///
    /// # Errors
    /// The error of reading the store.
    fn find(&self, server: &str, tenant: &str, name: &str) -> io::Result<Option<StoredToken>>;

    /// Store an agent's token.
    ///
    /// # Errors
    /// The error of writing the store.
    fn keep(&self, server: &str, tenant: &str, name: &str, token: &StoredToken) -> io::Result<()>;

    /// Remove an agent's token.
    ///
    /// # Errors
    /// The error of writing the store.
    fn forget(&self, server: &str, tenant: &str, name: &str) -> io::Result<()>;
}

/// Normalize a server's address: `localhost` equals `127.0.0.1`. Text that is not an address is unchanged.
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

/// Tokens in memory, until the program ends.
#[derive(Debug, Default)]
pub struct MemoryTokens {
    tokens: Mutex<HashMap<[String; 3], StoredToken>>,
}

impl MemoryTokens {
    /// Create an empty store.
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
