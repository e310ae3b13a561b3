//! The test vectors shared by all SDKs: sdk/vectors.

use std::collections::BTreeSet;
use std::fs;

use agora_sdk::types::{A2AMessage, A2ARole, Event, Part};
use agora_sdk::{AgoraClient, AgoraError, ErrorKind, Request, Step, TaskStatus};
use futures_util::TryStreamExt;
use serde::Serialize;
use serde_json::{Value, json};

use crate::server::repository;
use crate::stub::{self, Received, Stub};

fn cases(name: &str) -> Vec<Value> {
    let text = fs::read(repository().join(format!("sdk/vectors/{name}.json"))).expect("the vectors");
    let document: Value = serde_json::from_slice(&text).expect("JSON");
    document["cases"].as_array().expect("cases").clone()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

async fn answer<O>(request: Request<O>) -> Result<Value, AgoraError>
where
    O: agora_sdk::Operation<Output: Serialize>,
{
    Ok(serde_json::to_value(request.await?).expect("an answer is JSON"))
}

/// Make the call of a test vector, as programs write it.
async fn call(client: &AgoraClient, operation: &str, arguments: &Value) -> Result<Value, AgoraError> {
    let of = |name: &str| text(&arguments[name]);
    match operation {
        "agora.messaging.send" => {
            let mut request = client.messaging().send_request(of("to_agent"), of("content"));
            if !arguments["metadata"].is_null() {
                request = request.priority(of("priority")).metadata(arguments["metadata"].clone());
            }
            answer(request).await
        }
        "agora.task.assign" => {
            let capabilities = arguments["required_capabilities"]
                .as_array()
                .expect("capabilities")
                .iter()
                .map(text);
            let request = client.task().assign(of("task_type")).assignee(of("assignee"));
            answer(
                request
                    .payload(arguments["payload"].clone())
                    .required_capabilities(capabilities),
            )
            .await
        }
        "agora.workflow.create" => {
            let build = Step::new("build").agent("Builder").payload(json!({"keep_me": 1}));
            let test = Step::new("test").depends_on(["build"]).task_type("check");
            answer(
                client
                    .workflow()
                    .create_request(of("workflow_name"), [build, test])
                    .input(json!({"some_name": "x"})),
            )
            .await
        }
        "agora.task.list" if arguments["agent_id"].is_null() => answer(client.task().list_request().limit(1)).await,
        "agora.task.list" => {
            let request = client.task().list_request().agent_id(of("agent_id")).limit(2);
            answer(request.status([TaskStatus::Pending, TaskStatus::InProgress])).await
        }
        "agora.agent.get" => answer(client.agent().get(of("agent_id"))).await,
        "agora.messaging.receive" => answer(client.messaging().receive().unread(true).wait(2.5)).await,
        "agora.task.update" => {
            answer(
                client
                    .task()
                    .update(of("task_id"), TaskStatus::Completed, Some(100), None),
            )
            .await
        }
        "agora.task.complete" => {
            answer(
                client
                    .task()
                    .complete(of("task_id"))
                    .result(Value::Null)
                    .fencing_token(1),
            )
            .await
        }
        "agora.task.get" => answer(client.task().get(of("task_id"))).await,
        "agora.a2a.send" => {
            let part = Part::new().text("hi").media_type("text/plain");
            let message = A2AMessage::new([part]).message_id("m-1").role(A2ARole::User);
            answer(client.a2a().send(message).agent(of("agent"))).await
        }
        other => panic!("no test knows how {other} is called"),
    }
}

/// Normalize a request for comparison with the vectors: its query in any order, its numbers as numbers.
fn normal(request: &Value) -> (String, String, BTreeSet<String>, Value) {
    let query = request["query"]
        .as_array()
        .expect("pairs")
        .iter()
        .map(ToString::to_string)
        .collect();
    (
        text(&request["method"]).to_owned(),
        text(&request["path"]).to_owned(),
        query,
        request["body"].clone(),
    )
}

fn described(received: &Received) -> Value {
    let query: Vec<_> = received
        .url
        .query_pairs()
        .map(|(name, value)| json!([name, value]))
        .collect();
    let body: Value = serde_json::from_slice(&received.body).unwrap_or_default();
    json!({"method": received.method, "path": received.url.path(), "query": query, "body": body})
}

#[tokio::test]
async fn requests() {
    for case in cases("requests") {
        let stub = Stub::start(|_, _| stub::json(&json!({}))).await;
        let _ = call(&stub.client(), text(&case["operation"]), &case["arguments"]).await; // the result is irrelevant
        let received = stub.received();
        let sent = described(&received[0]);
        let expected: Vec<_> = case["requests"]
            .as_array()
            .expect("requests")
            .iter()
            .map(normal)
            .collect();
        assert!(expected.contains(&normal(&sent)), "{}: {sent}", case["name"]);
        let has_key = received[0].header("idempotency-key").is_some();
        assert_eq!(
            has_key,
            case["idempotency_key"].as_bool().expect("a boolean"),
            "{}",
            case["name"]
        );
        assert_eq!(received[0].header("authorization"), Some("Bearer agt_x"));
    }
}

#[tokio::test]
async fn responses() {
    for case in cases("responses") {
        let body = case["body"].clone();
        let stub = Stub::start(move |_, _| stub::json(&body)).await;
        let result = call(&stub.client(), text(&case["operation"]), &case["arguments"]).await;
        let result = result.unwrap_or_else(|error| panic!("{}: {error}", case["name"]));
        for check in case["checks"].as_array().expect("checks") {
            let steps = check["at"]
                .as_array()
                .expect("a path")
                .iter()
                .chain(check["within"].as_array().into_iter().flatten());
            let seen = steps.fold(&result, |value, step| match step {
                Value::String(name) => &value[name],
                step => &value[step.as_u64().expect("an index") as usize],
            });
            assert_eq!(seen, &check["value"], "{}: {check}", case["name"]);
        }
    }
}

#[tokio::test]
async fn errors() {
    for case in cases("errors") {
        let expected = &case["expect"];
        let answered = case.clone();
        let stub = Stub::start(move |_, _| {
            let headers = answered["headers"].as_object().expect("headers").iter();
            let headers = headers
                .map(|(name, value)| (name.clone(), text(value).to_owned()))
                .collect();
            let body = answered["text"]
                .as_str()
                .map_or_else(|| answered["body"].to_string(), str::to_owned);
            Some((
                answered["status"].as_u64().expect("a status") as u16,
                headers,
                vec![body.into_bytes()],
            ))
        })
        .await;
        let error = stub.client().agent().get("x").await.expect_err("a failure");
        let kinds =
            std::iter::successors(Some(error.kind()), |kind| kind.parent()).filter(|kind| *kind != ErrorKind::Error);
        let kinds: Vec<_> = kinds.map(ErrorKind::code).collect();
        assert_eq!(
            json!([error.code(), kinds, error.fix()]),
            json!([expected["code"], expected["kinds"], expected["fix"]])
        );
        assert_eq!(
            stub.received().len() as u64,
            expected["tries"].as_u64().expect("a number"),
            "{}",
            case["name"]
        );
        if let Some(detail) = expected["detail"].as_str() {
            assert_eq!(error.detail(), detail);
        }
        for (name, value) in expected["extra"].as_object().into_iter().flatten() {
            assert_eq!(&error.problem().expect("a problem").extra()[name], value);
        }
    }
}

#[tokio::test]
async fn streams() {
    for case in cases("streams") {
        let connections = case["connections"].as_array().expect("connections").clone();
        let resumed: Vec<_> = connections
            .iter()
            .map(|each| each["resumes_from"].as_str().map(str::to_owned))
            .collect();
        let stub = Stub::start(move |_, number| {
            let chunks = connections
                .get(number)
                .map(|connection| connection["chunks"].as_array().expect("chunks").iter());
            let headers = vec![("content-type".to_owned(), "text/event-stream; charset=utf-8".to_owned())];
            Some((
                200,
                headers,
                chunks
                    .into_iter()
                    .flatten()
                    .map(|chunk| bytes_of(text(chunk)))
                    .collect(),
            ))
        })
        .await;
        let expected: Vec<_> = case["items"]
            .as_array()
            .expect("items")
            .iter()
            .map(Value::as_i64)
            .collect();
        let mut stream = stub.client().event().stream().await.expect("a stream");
        let mut items: Vec<Event> = Vec::new();
        while items.len() < expected.len() {
            items.push(stream.try_next().await.expect("an item").expect("another item"));
        }
        assert_eq!(
            items.iter().map(|event| Some(event.sequence)).collect::<Vec<_>>(),
            expected,
            "{}",
            case["name"]
        );
        assert!(
            items.iter().all(|event| event.data["text"] == "ä 🚀"),
            "{}",
            case["name"]
        );
        let position = |received: &Received| {
            received
                .url
                .query_pairs()
                .find(|(name, _)| name == "last_event_id")
                .map(|(_, value)| value.into_owned())
        };
        assert_eq!(
            stub.received().iter().map(position).collect::<Vec<_>>(),
            resumed,
            "{}",
            case["name"]
        );
    }
}

fn bytes_of(hexadecimal: &str) -> Vec<u8> {
    let digits = |at| u8::from_str_radix(&hexadecimal[at..at + 2], 16).expect("hexadecimal");
    (0..hexadecimal.len()).step_by(2).map(digits).collect()
}
