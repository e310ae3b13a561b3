//! Agents of this crate for the interop matrix, all of them in one process: requests and stream events are JSON lines
//! on standard input and output.
//!
//! ```text
//! {"id", "open": {"url", "token"}, "party"}          {"id", "result": null} once the server listens
//! {"id", "party", "operation", "arguments"}          {"id", "result" | "error"}
//!                                                    {"party", "event"}
//! ```

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex};

use agora_sdk::{AgoraClient, AgoraError, MemoryTokens, Operation, Request};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

#[derive(Deserialize)]
struct Line {
    id: u64,
    party: String,
    open: Option<Address>,
    #[serde(default)]
    operation: String,
    #[serde(default)]
    arguments: Map<String, Value>,
}

#[derive(Deserialize)]
struct Address {
    url: String,
    token: String,
}

fn write(line: &Value) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")
        .and_then(|()| output.flush())
        .expect("somebody reads");
}

async fn open(party: String, address: Address) -> Result<AgoraClient, AgoraError> {
    let builder = AgoraClient::builder().url(address.url).token(address.token);
    let client = builder.tokens(MemoryTokens::new()).build()?;
    let mut events = client.event().stream().await?;
    tokio::spawn(async move {
        while let Some(Ok(event)) = events.next().await {
            write(&json!({"party": party, "event": event}));
        }
    });
    Ok(client)
}

/// Call an operation with all arguments of a line.
async fn answer<O: Operation<Output: Serialize>>(
    request: Request<O>,
    arguments: Map<String, Value>,
) -> Result<Value, AgoraError> {
    let request = arguments
        .into_iter()
        .fold(request, |request, (name, value)| request.argument(&name, value));
    Ok(serde_json::to_value(request.await?).expect("an answer is JSON"))
}

async fn call(client: &AgoraClient, operation: &str, arguments: Map<String, Value>) -> Result<Value, AgoraError> {
    let of = |name: &str| {
        arguments
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let (task, task_id) = (client.task(), of("task_id"));
    match operation {
        "agora.messaging.send" => {
            answer(
                client.messaging().send_request(of("to_agent"), of("content")),
                arguments,
            )
            .await
        }
        "agora.messaging.receive" => answer(client.messaging().receive(), arguments).await,
        "agora.event.publish" => answer(client.event().publish(of("event_type")), arguments).await,
        "agora.event.list" => answer(client.event().list(), arguments).await,
        "agora.task.assign" => answer(task.assign(of("task_type")), arguments).await,
        "agora.task.claim" => answer(task.claim(), arguments).await,
        "agora.task.message" => answer(task.message(task_id), arguments).await,
        "agora.task.artifact" => answer(task.artifact(task_id), arguments).await,
        "agora.task.append" => answer(task.append(task_id, of("content")), arguments).await,
        "agora.task.update" => answer(task.update_request(task_id), arguments).await,
        "agora.task.get" => answer(task.get(task_id), arguments).await,
        "agora.task.history" => answer(task.history(task_id), arguments).await,
        "agora.task.complete" => answer(task.complete(task_id), arguments).await,
        "agora.task.cancel" => answer(task.cancel(task_id), arguments).await,
        other => panic!("the matrix has no {other} for this party yet"),
    }
}

#[tokio::main]
async fn main() {
    let parties: Arc<Mutex<HashMap<String, AgoraClient>>> = Arc::default();
    let mut lines = BufReader::new(stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let line: Line = serde_json::from_str(&line).expect("a request");
        let parties = parties.clone();
        tokio::spawn(async move {
            let outcome = match line.open {
                Some(address) => open(line.party.clone(), address).await.map(|client| {
                    parties.lock().expect("no panic").insert(line.party, client);
                    Value::Null
                }),
                None => {
                    let client = parties.lock().expect("no panic")[&line.party].clone();
                    call(&client, &line.operation, line.arguments).await
                }
            };
            write(&match outcome {
                Ok(result) => json!({"id": line.id, "result": result}),
                Err(error) => json!({"id": line.id, "error": error.to_string()}),
            });
        });
    }
}
