//! A proxy before a server, which loses the answer of a claim, or goes away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

const CLAIM: &[u8] = b"POST /agora/task/claim";
/// A member of each claimed task.
const TASK: &[u8] = b"\"fencing_token\"";

/// A proxy with its own address, until it is stopped.
pub struct Proxy {
    pub url: String,
    /// Notified when the first answer of a claim with a task is lost.
    pub lost: Arc<Notify>,
    stopping: CancellationToken,
}

impl Proxy {
    /// Start it. `loses`: whether it withholds the first answer of a claim with a task.
    pub async fn start(server_url: &str, loses: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (lost, stopping) = (Arc::new(Notify::new()), CancellationToken::new());
        let address = server_url.trim_start_matches("http://").to_owned();
        let (losing, is_lost, until) = (Arc::new(AtomicBool::new(loses)), lost.clone(), stopping.clone());
        tokio::spawn(async move {
            while let Some(Ok((client, _))) = until.run_until_cancelled(listener.accept()).await {
                let server = TcpStream::connect(&address).await.expect("the server");
                let (losing, is_lost, until) = (losing.clone(), is_lost.clone(), until.clone());
                tokio::spawn(async move {
                    until
                        .run_until_cancelled(relay(client, server, &losing, &is_lost))
                        .await
                });
            }
        });
        Self { url, lost, stopping }
    }

    /// Close all connections, and accept no more.
    pub fn stop(&self) {
        self.stopping.cancel();
    }
}

async fn relay(client: TcpStream, server: TcpStream, losing: &AtomicBool, lost: &Notify) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let is_claim = AtomicBool::new(false);
    let requests = async {
        let mut bytes = vec![0; 65_536];
        while let Ok(size @ 1..) = from_client.read(&mut bytes).await {
            is_claim.store(contains(&bytes[..size], CLAIM), Ordering::Relaxed);
            if to_server.write_all(&bytes[..size]).await.is_err() {
                break;
            }
        }
    };
    let answers = async {
        let mut bytes = vec![0; 65_536];
        while let Ok(size @ 1..) = from_server.read(&mut bytes).await {
            let has_task = is_claim.load(Ordering::Relaxed) && contains(&bytes[..size], TASK);
            if has_task && losing.swap(false, Ordering::Relaxed) {
                lost.notify_one();
                std::future::pending::<()>().await;
            }
            if to_client.write_all(&bytes[..size]).await.is_err() {
                break;
            }
        }
    };
    // The end of either side ends both.
    tokio::select! {
        () = requests => {}
        () = answers => {}
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
