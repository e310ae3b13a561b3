//! The identity of a client: explicit, else stored by registration, else anonymous.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use crate::error::{AgoraError, Problem};
use crate::token_store::{StoredToken, TokenStore, server_key};

const AGENT_TOKEN: &str = "agt_";
const DEFAULT_TENANT: &str = "default";
const TENANT: HeaderName = HeaderName::from_static("x-agora-tenant");

/// Identity options of a client.
#[derive(Clone, Default)]
pub(crate) struct Claims {
    pub(crate) agent: Option<String>,
    /// An explicit credential, with the highest precedence.
    pub(crate) token: Option<String>,
    /// A credential of the environment, used without any other.
    pub(crate) ambient_token: Option<String>,
    pub(crate) tenant: Option<String>,
}

/// The identity of a client, which acts as the first agent that it registers.
pub(crate) struct Identity {
    store: Arc<dyn TokenStore>,
    url: String,
    server: String,
    tenant: String,
    /// The explicit credential, else that of the environment.
    token: Option<String>,
    has_own_token: bool,
    name: Mutex<Option<String>>,
    /// Tokens by agent name, shared by the identities of a client, so that all see additions and removals.
    tokens: Arc<Mutex<HashMap<String, StoredToken>>>,
    /// Held during a registration, so that of two registrations of one name only the first finds it new.
    pub(crate) registering: Arc<tokio::sync::Mutex<()>>,
}

impl Identity {
    pub(crate) fn new(store: Arc<dyn TokenStore>, url: &str, claims: Claims) -> Result<Self, AgoraError> {
        let (token, ambient) = (check_token(claims.token)?, check_token(claims.ambient_token)?);
        Ok(Self {
            store,
            url: url.to_owned(),
            server: server_key(url),
            tenant: claims.tenant.unwrap_or_else(|| DEFAULT_TENANT.to_owned()),
            has_own_token: token.is_some(),
            token: token.or(ambient),
            name: Mutex::new(claims.agent),
            tokens: Arc::default(),
            registering: Arc::default(),
        })
    }

    /// Name of the agent that calls act as.
    pub(crate) fn agent_name(&self) -> Option<String> {
        lock(&self.name).clone()
    }

    /// Its id, if it is known.
    pub(crate) fn agent_id(&self) -> Option<String> {
        self.current().ok().flatten().map(|token| token.agent_id)
    }

    /// The credential of a call; Unauthenticated if the named agent has none here.
    pub(crate) fn token(&self) -> Result<Option<String>, AgoraError> {
        if let Some(own) = self.current()? {
            return Ok(Some(own.token));
        }
        match (&self.token, self.agent_name()) {
            (None, Some(name)) => Err(self.missing(&name)),
            (token, _) => Ok(token.clone()),
        }
    }

    /// Headers of a call: its credential, and the requested marketplace.
    pub(crate) fn headers(&self, token: Option<&str>) -> Result<HeaderMap, AgoraError> {
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            let mut value = header_value(&format!("Bearer {token}"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        if self.tenant != DEFAULT_TENANT {
            headers.insert(TENANT, header_value(&self.tenant)?);
        }
        Ok(headers)
    }

    /// The identity of one agent, registered by this client or stored before.
    pub(crate) fn of_agent(&self, name: &str) -> Result<Self, AgoraError> {
        let token = self.known(name)?.ok_or_else(|| self.missing(name))?;
        lock(&self.tokens).insert(name.to_owned(), token);
        Ok(Self {
            store: self.store.clone(),
            url: self.url.clone(),
            server: self.server.clone(),
            tenant: self.tenant.clone(),
            token: self.token.clone(),
            has_own_token: false,
            name: Mutex::new(Some(name.to_owned())),
            tokens: self.tokens.clone(),
            registering: self.registering.clone(),
        })
    }

    /// Credentials for registering a name, in order of preference; each is tried if the previous one is refused.
    ///
    /// An agent's own token updates the registration; any other credential creates a new one. A stored token becomes
    /// invalid when its server is reset.
    pub(crate) fn candidates(&self, name: &str) -> Result<Vec<Option<String>>, AgoraError> {
        let own = self.token.clone().filter(|token| token.starts_with(AGENT_TOKEN));
        let known = self.known(name)?.map(|token| token.token);
        let mut candidates = Vec::new();
        for token in [own.map(Some), known.map(Some), Some(self.token.clone())]
            .into_iter()
            .flatten()
        {
            if !candidates.contains(&token) {
                candidates.push(token);
            }
        }
        Ok(candidates)
    }

    /// Store the credential of a registered agent, and act as it unless this client already acts as another one.
    pub(crate) async fn adopt(&self, name: &str, agent_id: &str, token: Option<&str>) {
        if let Some(token) = token.filter(|token| token.starts_with(AGENT_TOKEN)) {
            let stored = StoredToken {
                agent_id: agent_id.to_owned(),
                token: token.to_owned(),
            };
            lock(&self.tokens).insert(name.to_owned(), stored.clone());
            // If it cannot be stored, for example on a read-only disk, this program acts as the agent nevertheless.
            let _ = self
                .change_store(name, move |store, place, name| {
                    store.keep(&place.0, &place.1, name, &stored)
                })
                .await;
        }
        lock(&self.name).get_or_insert_with(|| name.to_owned());
    }

    /// Remove the credential of a deregistered agent.
    pub(crate) async fn forget(&self, agent_id: &str) {
        let name = lock(&self.tokens)
            .iter()
            .find(|(_, token)| token.agent_id == agent_id)
            .map(|(name, _)| name.clone());
        let Some(name) = name else { return };
        lock(&self.tokens).remove(&name);
        lock(&self.name).take_if(|current| *current == name);
        let _ = self
            .change_store(&name, |store, place, name| store.forget(&place.0, &place.1, name))
            .await;
    }

    /// Change the store on a thread that may block.
    async fn change_store(
        &self,
        name: &str,
        change: impl FnOnce(&dyn TokenStore, &(String, String), &str) -> io::Result<()> + Send + 'static,
    ) -> io::Result<()> {
        let (store, name) = (self.store.clone(), name.to_owned());
        let place = (self.server.clone(), self.tenant.clone());
        tokio::task::spawn_blocking(move || change(&*store, &place, &name)).await?
    }

    /// Token of the agent that calls act as, if it is to be used.
    fn current(&self) -> Result<Option<StoredToken>, AgoraError> {
        let Some(name) = self.agent_name() else { return Ok(None) };
        if let Some(token) = lock(&self.tokens).get(&name) {
            return Ok(Some(token.clone()));
        }
        if self.has_own_token {
            return Ok(None);
        }
        let token = self.find(&name)?;
        if let Some(token) = &token {
            lock(&self.tokens).insert(name, token.clone());
        }
        Ok(token)
    }

    fn known(&self, name: &str) -> Result<Option<StoredToken>, AgoraError> {
        let token = lock(&self.tokens).get(name).cloned();
        if token.is_some() { Ok(token) } else { self.find(name) }
    }

    fn find(&self, name: &str) -> Result<Option<StoredToken>, AgoraError> {
        self.store
            .find(&self.server, &self.tenant, name)
            .map_err(|error| AgoraError::Error(Problem::new(format!("The tokens cannot be read: {error}"))))
    }

    fn missing(&self, name: &str) -> AgoraError {
        let fix = format!("Register it first: client.register(\"{name}\", ...), or give its token.");
        let detail = format!("No token of agent \"{name}\" is kept for {}.", self.url);
        AgoraError::Unauthenticated(Problem::new(detail).with_fix(fix))
    }
}

fn check_token(token: Option<String>) -> Result<Option<String>, AgoraError> {
    let Some(token) = token
        .map(|token| token.trim().to_owned())
        .filter(|token| !token.is_empty())
    else {
        return Ok(None);
    };
    if token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(Some(token));
    }
    Err(AgoraError::invalid(
        "The token contains characters that are not printable ASCII.",
        "Copy it again, as a whole.",
    ))
}

fn header_value(text: &str) -> Result<HeaderValue, AgoraError> {
    let invalid = |_| {
        AgoraError::invalid(
            "The tenant contains characters that are not allowed in a header.",
            "Use its id.",
        )
    };
    HeaderValue::from_str(text).map_err(invalid)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
