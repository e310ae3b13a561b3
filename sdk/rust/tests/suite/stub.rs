//! A scripted server that records its requests.

use std::sync::{Arc, Mutex};

use agora_sdk::{AgoraClient, MemoryTokens};
use reqwest::Url;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A received request.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: String,
    pub url: Url,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// A response: status, headers, and the body in chunks. None: the connection is closed without a response.
pub type Answer = Option<(u16, Vec<(String, String)>, Vec<Vec<u8>>)>;

/// A server with its own address, for the lifetime of its runtime.
pub struct Stub {
    pub url: String,
    pub received: Arc<Mutex<Vec<Received>>>,
}

impl Stub {
    /// Start it. `answer` is called with each request and the number of earlier ones.
    pub async fn start(answer: impl Fn(&Received, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let received = Arc::new(Mutex::new(Vec::new()));
        let (requests, base, answer) = (received.clone(), url.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (requests, base, answer) = (requests.clone(), base.clone(), answer.clone());
                tokio::spawn(async move {
                    let mut stream = BufReader::new(stream);
                    if let Some(request) = read_request(&mut stream, &base).await {
                        let number = requests.lock().expect("no panic").len();
                        requests.lock().expect("no panic").push(request.clone());
                        write_answer(stream.into_inner(), answer(&request, number)).await;
                    }
                });
            }
        });
        Self { url, received }
    }

    pub fn client(&self) -> AgoraClient {
        let builder = AgoraClient::builder()
            .url(&self.url)
            .token("agt_x")
            .tokens(MemoryTokens::new());
        builder.retries(2).web_socket(false).build().expect("a client")
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().expect("no panic").clone()
    }
}

async fn read_request(stream: &mut BufReader<TcpStream>, base: &str) -> Option<Received> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(0, |(_, value)| value.parse().unwrap_or(0));
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Received {
        method,
        url: Url::parse(&format!("{base}{target}")).ok()?,
        headers,
        body,
    })
}

async fn write_answer(mut stream: TcpStream, answer: Answer) {
    let Some((status, headers, chunks)) = answer else {
        return;
    };
    let mut head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    let _ = stream.set_nodelay(true);
    let _ = stream.write_all(format!("{head}\r\n").as_bytes()).await;
    for chunk in chunks {
        let _ = stream.write_all(&chunk).await;
        let _ = stream.flush().await;
    }
    let _ = stream.shutdown().await;
}

/// A successful response.
pub fn json(body: &serde_json::Value) -> Answer {
    Some((
        200,
        vec![("content-type".to_owned(), "application/json".to_owned())],
        vec![body.to_string().into_bytes()],
    ))
}
