//! Streams of a real server, over WebSocket and over Server-Sent Events.

use agora_sdk::{AgoraClient, AgoraError, Event, EventStream, MemoryTokens, ServiceTier, TaskStatus};
use futures_util::{StreamExt, TryStreamExt};
use serde_json::json;

use crate::server::Server;
use crate::stub::Stub;

fn connect(server: &Server, web_socket: bool) -> AgoraClient {
    let builder = AgoraClient::builder().url(server.url()).tokens(MemoryTokens::new());
    builder.web_socket(web_socket).build().expect("a client")
}

async fn take(stream: &mut EventStream<Event>, count: usize) -> Vec<Event> {
    stream.take(count).try_collect().await.expect("events")
}

fn numbers(events: &[Event]) -> Vec<i64> {
    events
        .iter()
        .filter_map(|event| event.data["number"].as_i64())
        .collect()
}

async fn publish(client: &AgoraClient, event_type: &str, number: i64) {
    client
        .event()
        .publish(event_type)
        .data(json!({"number": number}))
        .await
        .expect("published");
}

async fn live_and_again(web_socket: bool) {
    let client = connect(Server::shared(), web_socket);
    let name = format!("Live{web_socket}");
    client
        .register(&name, vec![], ServiceTier::Basic)
        .await
        .expect("registered");
    let event_type = format!("work.{name}");
    let mut stream = client.event().stream().types([&event_type]).await.expect("a stream");
    for number in 1..=3 {
        publish(&client, &event_type, number).await;
    }
    let events = take(&mut stream, 3).await;
    assert_eq!(numbers(&events), [1, 2, 3]);
    assert_eq!(stream.position(), Some(events[2].sequence));
    let position = events[0].sequence.to_string();
    let mut again = client
        .event()
        .stream()
        .types([&event_type])
        .last_event_id(position)
        .await
        .expect("a stream");
    assert_eq!(numbers(&take(&mut again, 2).await), [2, 3]);
}

#[tokio::test]
async fn events_come_live_and_again_over_web_socket() {
    live_and_again(true).await;
}

#[tokio::test]
async fn events_come_live_and_again_over_server_sent_events() {
    live_and_again(false).await;
}

#[tokio::test]
async fn streams_resume_after_the_server_was_killed() {
    let server = Server::start();
    let mut parties = Vec::new();
    for web_socket in [true, false] {
        let client = connect(&server, web_socket);
        client
            .register(&format!("Resuming{web_socket}"), vec![], ServiceTier::Basic)
            .await
            .expect("registered");
        let stream = client.event().stream().types(["cut.here"]).await.expect("a stream");
        parties.push((client, stream));
    }
    publish(&parties[0].0, "cut.here", 1).await;
    publish(&parties[0].0, "cut.here", 2).await;
    for (_, stream) in &mut parties {
        assert_eq!(numbers(&take(stream, 1).await), [1]);
    }
    server.kill();
    server.restart();
    publish(&parties[0].0, "cut.here", 3).await;
    for (_, stream) in &mut parties {
        assert_eq!(numbers(&take(stream, 2).await), [2, 3]);
    }
}

#[tokio::test]
async fn streams_say_what_waiting_would_not_mend() {
    let server = Server::shared();
    for web_socket in [true, false] {
        let builder = || {
            AgoraClient::builder()
                .web_socket(web_socket)
                .tokens(MemoryTokens::new())
        };
        let stranger = builder()
            .url(server.url())
            .token("agt_forged.x")
            .build()
            .expect("a client");
        assert!(matches!(
            stranger.event().stream().await,
            Err(AgoraError::Unauthenticated(_))
        ));
        let nobody = builder()
            .url("http://127.0.0.1:9")
            .retries(1)
            .build()
            .expect("a client");
        assert!(matches!(
            nobody.event().stream().await,
            Err(AgoraError::ServerUnreachable(_))
        ));
        let client = connect(server, web_socket);
        client
            .register(&format!("Future{web_socket}"), vec![], ServiceTier::Basic)
            .await
            .expect("registered");
        assert!(client.event().stream().last_event_id("99999999").await.is_err());
    }
}

#[tokio::test]
async fn a_temporary_refusal_of_a_stream_is_the_server_s_own_error() {
    let problem = json!({"code": "rate_limited", "detail": "Too many streams.", "fix": "Close one."});
    let stub = Stub::start(move |_, _| {
        let headers = vec![("retry-after".to_owned(), "0".to_owned())];
        Some((429, headers, vec![problem.to_string().into_bytes()]))
    });
    let stub = stub.await;
    let refusal = stub.client().event().stream().await.expect_err("it is refused");
    assert!(matches!(refusal, AgoraError::RateLimited(_)), "{refusal:?}");
    assert!(refusal.to_string().contains("Close one."), "{refusal}");
    assert_eq!(stub.received().len(), 3);
}

#[tokio::test]
async fn a_tasks_log_ends_with_the_task() {
    let client = Server::shared().client();
    client
        .register("Logged", vec![], ServiceTier::Basic)
        .await
        .expect("registered");
    let task = client
        .task()
        .assign("short")
        .assignee("Logged")
        .await
        .expect("assigned");
    let entries = client
        .task()
        .stream(&task.task_id)
        .last_event_id("0")
        .await
        .expect("a stream");
    client
        .task()
        .update(&task.task_id, TaskStatus::InProgress, Some(50), None)
        .await
        .expect("updated");
    client
        .task()
        .update(&task.task_id, TaskStatus::Completed, Some(100), None)
        .await
        .expect("updated");
    let entries: Vec<_> = entries.try_collect().await.expect("entries");
    assert!(entries.len() > 1, "{entries:?}");
}
