//! TLS of HTTP and WebSocket connections, depending on the crate's features.

use tokio::net::TcpStream;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
use tokio_tungstenite::Connector;
use tokio_tungstenite::tungstenite::{Error, handshake::client::Request};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::error::AgoraError;

/// The TLS configuration of one client, shared by reqwest and tungstenite.
#[derive(Clone)]
pub(crate) struct Tls {
    #[cfg(feature = "rustls")]
    config: std::sync::Arc<rustls::ClientConfig>,
}

#[cfg(feature = "rustls")]
impl Tls {
    /// Trust the operating system's roots; none for a server without TLS, so that no certificates are loaded.
    pub(crate) fn new(is_secure: bool) -> Result<Self, AgoraError> {
        use rustls_platform_verifier::BuilderVerifierExt;

        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = if is_secure {
            builder.and_then(BuilderVerifierExt::with_platform_verifier)
        } else {
            builder.map(|builder| builder.with_root_certificates(rustls::RootCertStore::empty()))
        };
        let config = config.map_err(|error| {
            let fix = "Install the system's certificates, or name them by SSL_CERT_FILE.";
            AgoraError::invalid(format!("TLS cannot be set up ({error})."), fix)
        })?;
        Ok(Self {
            config: std::sync::Arc::new(config.with_no_client_auth()),
        })
    }

    /// A builder of HTTP clients with this TLS.
    pub(crate) fn http_builder(&self) -> reqwest::ClientBuilder {
        reqwest::Client::builder().tls_backend_preconfigured((*self.config).clone())
    }

    /// The same for WebSockets.
    fn connector(&self) -> Option<Connector> {
        Some(Connector::Rustls(self.config.clone()))
    }
}

#[cfg(not(feature = "rustls"))]
impl Tls {
    /// Use the defaults of the platform's library, if the crate has it.
    pub(crate) fn new(is_secure: bool) -> Result<Self, AgoraError> {
        if is_secure && !cfg!(feature = "native-tls") {
            let fix = "Enable the feature 'rustls' or 'native-tls' of the crate agora-sdk.";
            return Err(AgoraError::invalid("This program was built without TLS.", fix));
        }
        Ok(Self {})
    }

    /// A builder of HTTP clients with this TLS.
    pub(crate) fn http_builder(&self) -> reqwest::ClientBuilder {
        reqwest::Client::builder()
    }

    /// The same for WebSockets.
    #[cfg(feature = "native-tls")]
    fn connector(&self) -> Option<Connector> {
        None
    }
}

impl Tls {
    /// Open a WebSocket, over TLS if the address is `wss://`. Without TLS in this build, such an address is an error.
    pub(crate) async fn connect_web_socket(
        &self,
        request: Request,
    ) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, Error> {
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        let connecting = tokio_tungstenite::connect_async_tls_with_config(request, None, true, self.connector());
        #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
        let connecting = tokio_tungstenite::connect_async_with_config(request, None, true);
        connecting.await.map(|(socket, _)| socket)
    }
}
