//! CPU time of a send in this process, with this crate and with bare reqwest, alternately; run by benchmarks/rust.py.
//!
//! Arguments: the server's URL, the sender's token, sends per round, rounds. Prints a JSON line per round.

use std::env;
use std::fs;

use agora_sdk::{AgoraClient, MemoryTokens, MessageType};
use serde_json::{Value, json};

/// Microseconds of CPU time of this thread, the only one of the runtime.
fn cpu_microseconds() -> f64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanoseconds: f64 = text
        .split(' ')
        .next()
        .and_then(|word| word.parse().ok())
        .expect("a number");
    nanoseconds / 1000.0
}

async fn measure(sends: u32, send: impl AsyncFn(u32)) -> f64 {
    let begun = cpu_microseconds();
    for number in 0..sends {
        send(number).await;
    }
    (cpu_microseconds() - begun) / f64::from(sends)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [url, token, sends, rounds] = arguments.as_slice() else {
        return eprintln!("send: URL TOKEN SENDS ROUNDS; run `python -m benchmarks.rust`");
    };
    let (sends, rounds): (u32, u32) = (sends.parse().expect("a number"), rounds.parse().expect("a number"));
    let builder = AgoraClient::builder().url(url).token(token).tokens(MemoryTokens::new());
    let client = builder.build().expect("a client");
    let bare = reqwest::Client::builder();
    #[cfg(feature = "rustls")]
    let bare = bare.tls_backend_preconfigured(
        rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("TLS")
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth(),
    );
    let bare = bare.build().expect("a client");
    let target = format!("{url}/agora/messaging/send");
    let with_sdk = async |number: u32| {
        let content = format!("message {number}");
        client
            .messaging()
            .send("Receiver", &content, MessageType::Info, "normal")
            .await
            .expect("sent");
    };
    let with_reqwest = async |number: u32| {
        let body = json!({"to_agent": "Receiver", "content": format!("message {number}"), "message_type": "info"});
        let request = bare
            .post(&target)
            .bearer_auth(token)
            .header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.expect("an answer");
        let receipt: Value = serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON");
        assert!(receipt["message_id"].is_string());
    };
    measure(50, &with_sdk).await;
    measure(50, &with_reqwest).await;
    for _ in 0..rounds {
        let (sdk, bare) = (measure(sends, &with_sdk).await, measure(sends, &with_reqwest).await);
        println!("{}", json!({"sdk": sdk, "bare": bare}));
    }
}
