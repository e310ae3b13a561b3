//! The client: a connection, an identity, and the marketplace's operations.

use std::env;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Url, redirect};

use crate::credentials_file::FileTokens;
use crate::error::AgoraError;
use crate::identity::{Claims, Identity};
use crate::session::{CallOptions, Session};
use crate::tls::Tls;
use crate::token_store::TokenStore;
use crate::transport::Server;

const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// A client of one Agora server: every operation of the marketplace as a method of one of its services.
///
/// ```no_run
/// use agora_sdk::{AgoraClient, ServiceTier};
///
/// # async fn run() -> Result<(), agora_sdk::AgoraError> {
/// let client = AgoraClient::builder().url("https://agora.example.com").build()?;
/// let me = client.register("MyAgent", vec!["review"], ServiceTier::Basic).await?;
/// let pending = client.task().list_request().agent_id(me.agent_id).status("pending").await?;
/// println!("{} tasks", pending.len());
/// # Ok(())
/// # }
/// ```
///
/// A client acts as the first agent that it registers, or as the given one; use [`AgoraClient::as_agent`] for another
/// one. Every command has its own idempotency key, so that a retry has no second effect. Clones share all state.
#[derive(Clone)]
pub struct AgoraClient {
    pub(crate) session: Session,
}

impl AgoraClient {
    /// Create a client of the server named by `AGORA_URL`, by default `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// [`AgoraError::InvalidRequest`] if the address or token in the environment is invalid. The server is not
    /// contacted.
    pub async fn new() -> Result<Self, AgoraError> {
        Self::builder().build()
    }

    /// Create a client with further options.
    #[must_use]
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// The server's address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.session.server.url
    }

    /// Name of the agent that this client acts as.
    #[must_use]
    pub fn agent_name(&self) -> Option<String> {
        self.session.identity.agent_name()
    }

    /// Id of the agent that this client acts as, once it is known.
    #[must_use]
    pub fn agent_id(&self) -> Option<String> {
        self.session.identity.agent_id()
    }

    /// Return a copy that acts as an agent registered earlier, and shares the connections and tokens.
    ///
    /// # Errors
    /// [`AgoraError::Unauthenticated`] if no token of it is stored.
    pub fn as_agent(&self, name: &str) -> Result<Self, AgoraError> {
        let identity = Arc::new(self.session.identity.of_agent(name)?);
        Ok(Self {
            session: Session {
                identity,
                ..self.session.clone()
            },
        })
    }

    /// Return a copy with that idempotency key for all its commands: a repetition with the same arguments returns the
    /// first result.
    #[must_use]
    pub fn with_idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.session.defaults.idempotency_key = Some(key.into());
        self
    }

    /// Return a copy with that timeout of calls, including retries.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.session.defaults.timeout = Some(timeout);
        self
    }

    /// Return a copy with that number of retries after the first attempt.
    #[must_use]
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.session.defaults.retries = Some(retries);
        self
    }
}

impl fmt::Debug for AgoraClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut output = formatter.debug_struct("AgoraClient");
        output
            .field("url", &self.url())
            .field("agent_name", &self.agent_name())
            .finish_non_exhaustive()
    }
}

/// Connection and identity of a client.
#[derive(Debug, Default)]
pub struct ClientBuilder {
    url: Option<String>,
    token: Option<String>,
    agent: Option<String>,
    tenant: Option<String>,
    options: CallOptions,
    http: Option<reqwest::Client>,
    is_without_web_socket: bool,
    tokens: Option<Arc<dyn TokenStore>>,
}

impl ClientBuilder {
    /// The server; default: the environment variable `AGORA_URL`, else `http://127.0.0.1:8080`.
    #[must_use]
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// A credential; default: the one stored at registration of the agent, else the environment variable `AGORA_TOKEN`.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Name of an agent registered earlier, to act as it.
    #[must_use]
    pub fn agent(mut self, name: impl Into<String>) -> Self {
        self.agent = Some(name.into());
        self
    }

    /// The marketplace, for operators of the server who enter it with their own credential.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// Timeout of a call, including retries. Default: 30 seconds.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// Retries of a call that could not be delivered or was refused temporarily. Default: 3.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.options.retries = Some(retries);
        self
    }

    /// A custom HTTP client, for example with proxies or certificates. It must not follow redirects.
    #[must_use]
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http = Some(client);
        self
    }

    /// Whether events use WebSocket if possible. Default: true; otherwise they use only HTTP.
    #[must_use]
    pub fn web_socket(mut self, is_used: bool) -> Self {
        self.is_without_web_socket = !is_used;
        self
    }

    /// Store of agent tokens. Default: [`FileTokens::shared`].
    #[must_use]
    pub fn tokens(mut self, tokens: impl TokenStore + 'static) -> Self {
        self.tokens = Some(Arc::new(tokens));
        self
    }

    /// Build the client. It connects at its first call.
    ///
    /// # Errors
    /// [`AgoraError::InvalidRequest`] for an invalid address or token.
    pub fn build(self) -> Result<AgoraClient, AgoraError> {
        let url = self
            .url
            .or_else(|| environment("AGORA_URL"))
            .unwrap_or_else(|| DEFAULT_URL.to_owned());
        let url = check_url(&url)?;
        let tls = Tls::new(url.starts_with("https:"))?;
        let http = match self.http {
            Some(http) => http,
            None => {
                let agent = concat!("agora-sdk-rust/", env!("CARGO_PKG_VERSION"));
                let builder = tls
                    .http_builder()
                    .redirect(redirect::Policy::none())
                    .user_agent(agent)
                    .tcp_nodelay(true);
                builder
                    .build()
                    .map_err(|error| AgoraError::invalid(format!("No HTTP client can be made: {error}."), ""))?
            }
        };
        let tokens = self.tokens.unwrap_or_else(|| Arc::new(FileTokens::shared()));
        let ambient_token = environment("AGORA_TOKEN");
        let claims = Claims {
            agent: self.agent,
            token: self.token,
            ambient_token,
            tenant: self.tenant,
        };
        let identity = Arc::new(Identity::new(tokens, &url, claims)?);
        let server = Arc::new(Server {
            url,
            http,
            tls,
            has_web_socket: !self.is_without_web_socket,
        });
        Ok(AgoraClient {
            session: Session {
                server,
                identity,
                defaults: self.options,
            },
        })
    }
}

/// Normalize an address: no final slash; the default scheme is `http`.
fn check_url(text: &str) -> Result<String, AgoraError> {
    let url = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    match Url::parse(&url) {
        Ok(parsed)
            if matches!(parsed.scheme(), "http" | "https")
                && parsed.query().is_none()
                && parsed.fragment().is_none() =>
        {
            Ok(url.trim_end_matches('/').to_owned())
        }
        _ => Err(AgoraError::invalid(
            format!("\"{text}\" is not the address of a server."),
            "Use one like http://127.0.0.1:8080.",
        )),
    }
}

/// Read a non-empty environment variable.
fn environment(name: &str) -> Option<String> {
    env::var(name)
        .ok()
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}
