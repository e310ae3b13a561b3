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
/// The first agent that a client registers, or the one it was given, is who it acts as; [`AgoraClient::as_agent`] acts as
/// another one. Every command carries an idempotency key of its own, so that a retry happens once. Clones share everything.
#[derive(Clone)]
pub struct AgoraClient {
    pub(crate) session: Session,
}

impl AgoraClient {
    /// A client of the server that `AGORA_URL` names, else of `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// [`AgoraError::InvalidRequest`] if the environment names no address or no token. The server is not asked.
    pub async fn new() -> Result<Self, AgoraError> {
        Self::builder().build()
    }

    /// A client that is told more.
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

    /// A copy that acts as an agent that was registered before, and shares this client's connections and tokens.
    ///
    /// # Errors
    /// [`AgoraError::Unauthenticated`] where no token of it is kept.
    pub fn as_agent(&self, name: &str) -> Result<Self, AgoraError> {
        let identity = Arc::new(self.session.identity.of_agent(name)?);
        Ok(Self {
            session: Session {
                identity,
                ..self.session.clone()
            },
        })
    }

    /// A copy whose commands all carry that idempotency key: a repetition with the same arguments gets the first answer.
    #[must_use]
    pub fn with_idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.session.defaults.idempotency_key = Some(key.into());
        self
    }

    /// A copy whose calls, with their retries, may take that long.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.session.defaults.timeout = Some(timeout);
        self
    }

    /// A copy whose calls have that many attempts after the first.
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

/// How a client reaches a server, and who it is there.
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
    /// The server; else the environment variable `AGORA_URL`, else `http://127.0.0.1:8080`.
    #[must_use]
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// A credential; else what registration stored for the agent, else the environment variable `AGORA_TOKEN`.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Name of an agent registered before, to act as it.
    #[must_use]
    pub fn agent(mut self, name: impl Into<String>) -> Self {
        self.agent = Some(name.into());
        self
    }

    /// The marketplace, for whoever runs the server and enters it with their own credential.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// How long a call with its retries may take. Default: 30 seconds.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// How many attempts after the first a call has that could not be delivered or was turned away for the moment. Default: 3.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.options.retries = Some(retries);
        self
    }

    /// An HTTP client of one's own, with proxies or certificates of one's own. It is not to follow redirects.
    #[must_use]
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http = Some(client);
        self
    }

    /// Whether events come over WebSocket where that is possible. Default: true; else they come over HTTP alone.
    #[must_use]
    pub fn web_socket(mut self, is_used: bool) -> Self {
        self.is_without_web_socket = !is_used;
        self
    }

    /// Where tokens of agents are kept. Default: [`FileTokens::shared`].
    #[must_use]
    pub fn tokens(mut self, tokens: impl TokenStore + 'static) -> Self {
        self.tokens = Some(Arc::new(tokens));
        self
    }

    /// The client. It connects with its first call.
    ///
    /// # Errors
    /// [`AgoraError::InvalidRequest`] for an address that is none, or a token that cannot be one.
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

/// An address without a final slash; one without a scheme is `http`.
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

/// A variable of the process's environment that says something.
fn environment(name: &str) -> Option<String> {
    env::var(name)
        .ok()
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}
