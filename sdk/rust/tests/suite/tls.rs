//! HTTPS and WSS with a server whose certificate is signed by an authority that only its clients trust.
//!
//! A client reads its trusted authorities from the environment once, so the client side runs in a separate process: the
//! same test program, which is called for the one test that is otherwise ignored.

use std::env;
use std::fs;
use std::process::Command;
use std::time::Duration;

use agora_sdk::{AgoraClient, AgoraError, Event, MemoryTokens, ServiceTier};
use futures_util::TryStreamExt;

use crate::server::{Server, new_directory, repository, spawn_tethered};

const URL: &str = "AGORA_TEST_TLS_URL";
const ISSUE: &str = "
import sys
from pathlib import Path
from tests.blackbox.certificates import Authority
authority, directory = Authority(), Path(sys.argv[1])
authority.issue(directory / 'cert.pem', directory / 'key.pem')
authority.write_authority(directory / 'authority.pem')
";

fn run_client_side(server: &Server, authority: &str) -> bool {
    let mut command = Command::new(env::current_exe().expect("a path"));
    command.args(["tls::client_side", "--exact", "--ignored", "--quiet"]);
    command
        .env(URL, server.url().replace("http://127.0.0.1", "https://localhost"))
        .env("SSL_CERT_FILE", authority);
    let status = spawn_tethered(command).wait().expect("it ends");
    status.success()
}

#[test]
fn https_and_wss_are_spoken_with_a_server_that_is_trusted_and_no_other() {
    let directory = new_directory();
    let mut command = Command::new(repository().join(".venv/bin/python"));
    command.args(["-c", ISSUE]).arg(&directory).current_dir(repository());
    assert!(command.status().expect("python runs").success());
    let path = |name: &str| directory.join(name).to_str().expect("text").to_owned();
    let server = Server::start_with(&[("AGORA_TLS_CERT", path("cert.pem")), ("AGORA_TLS_KEY", path("key.pem"))]);
    assert!(run_client_side(&server, &path("authority.pem")));
    let stranger = repository().join("tests/tls/no_authority.pem");
    assert!(!run_client_side(&server, stranger.to_str().expect("text")));
    fs::remove_dir_all(directory).expect("it was there");
}

/// Calls and Server-Sent Events over HTTPS, then events over WSS: by a client whose HTTP never connects.
#[tokio::test]
#[ignore = "it is run by the test above, with the address of a server"]
async fn client_side() -> Result<(), AgoraError> {
    let url = env::var(URL).expect("the address of a server");
    let builder = || {
        AgoraClient::builder()
            .url(url.as_str())
            .tokens(MemoryTokens::new())
            .retries(0)
    };
    let client = builder().web_socket(false).build()?;
    let me = client.register("Secure", vec![], ServiceTier::Basic).await?;
    client.event().publish("secured").await?;
    assert!(next_event(&client).await?.is_some());

    let provider = rustls::crypto::ring::default_provider();
    provider.install_default().expect("there was none");
    let unconnected = reqwest::Client::builder()
        .connect_timeout(Duration::from_nanos(1))
        .build();
    let client = builder()
        .token(me.token.expect("it is new"))
        .http_client(unconnected.expect("a client"))
        .build()?;
    assert!(client.event().publish("unheard").await.is_err());
    assert!(next_event(&client).await?.is_some());
    Ok(())
}

async fn next_event(client: &AgoraClient) -> Result<Option<Event>, AgoraError> {
    let mut stream = client.event().stream().last_event_id("0").await?;
    stream.try_next().await
}
