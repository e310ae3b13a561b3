//! Agents that work on a real server, and the recovery of their tasks when the server or the agents are killed.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use agora_sdk::agent::{Agent, BoxError, Context, Profile, TaskFailure, TaskRun, start};
use agora_sdk::types::{Event, Message, Task};
use agora_sdk::{AgoraClient, AgoraError, MemoryTokens, MessageType, ServiceTier, TaskStatus};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::proxy::Proxy;
use crate::server::{Server, until};

async fn requester(server: &Server, name: &str) -> AgoraClient {
    let client = server.client();
    client
        .register(name, vec![], ServiceTier::Basic)
        .await
        .expect("registered");
    client
}

async fn assign(client: &AgoraClient, assignee: &str, payload: Value) -> String {
    let request = client
        .task()
        .assign("work")
        .assignee(assignee)
        .payload(payload)
        .max_attempts(1);
    request.await.expect("assigned").task_id
}

/// Wait until a task is neither queued nor in progress.
async fn ended(client: &AgoraClient, task_id: &str) -> Task {
    until(async || {
        let task = client.task().get(task_id).await.expect("a task");
        (!matches!(task.status, TaskStatus::Pending | TaskStatus::InProgress)).then_some(task)
    })
    .await
}

#[derive(Default)]
struct Seen {
    messages: Mutex<Vec<String>>,
    events: Mutex<Vec<Event>>,
    /// A client that acts as the agent.
    client: OnceLock<AgoraClient>,
}

struct Worker(Arc<Seen>);

impl Agent for Worker {
    fn profile(&self) -> Profile {
        Profile::new("Worker")
            .capabilities(["work"])
            .events(["ping.*"])
            .max_concurrent_tasks(2)
            .claim_tasks(["work"])
    }

    async fn on_start(&self, context: &Context) -> Result<(), AgoraError> {
        self.0.client.set(context.client().clone()).expect("it starts once");
        Ok(())
    }

    async fn on_message(&self, context: &Context, message: Message) -> Result<(), BoxError> {
        self.0.messages.lock().expect("no panic").push(message.content.clone());
        match message.content.as_str() {
            "fail" => return Err("no".into()),
            "panic" => panic!("a handler that panics fails"),
            _ => {}
        }
        if message.reply_to.is_none() {
            context.reply(&message, &format!("Re: {}", message.content)).await?;
        }
        Ok(())
    }

    async fn on_event(&self, _context: &Context, event: Event) {
        self.0.events.lock().expect("no panic").push(event);
    }

    async fn on_task(&self, _context: &Context, task: TaskRun) -> Result<Value, TaskFailure> {
        match task.payload["how"].as_str() {
            Some("permanently") => return Err(TaskFailure::Permanent("never".to_owned())),
            Some("ask") => return Err(TaskFailure::InputRequired("Which one?".to_owned())),
            Some("by chance") => return Err("unlucky".parse::<u8>().expect_err("no number").into()),
            Some("panic") => panic!("a handler that panics fails"),
            _ => {}
        }
        tokio::try_join!(task.write("a"), task.write("b"))?;
        task.save(json!({"some_rows": 1})).await?;
        task.report().progress(50.0).notes("half").send().await?;
        task.say("half done").await?;
        Ok(json!({"kept_name": task.payload}))
    }
}

#[tokio::test]
async fn an_agent_answers_messages_does_tasks_hears_events_and_leaves() {
    let server = Server::shared();
    let client = requester(server, "Requester").await;
    let seen = Arc::new(Seen::default());
    let worker = start(Worker(seen.clone()), server.client()).await.expect("it listens");
    client
        .messaging()
        .send("Worker", "hello", MessageType::Info, "normal")
        .await
        .expect("sent");
    let reply = client
        .messaging()
        .receive()
        .unread(true)
        .wait(30.0)
        .await
        .expect("an inbox")
        .messages
        .remove(0);
    assert_eq!(
        (reply.content.as_str(), reply.from_name.as_str()),
        ("Re: hello", "Worker")
    );
    client.event().publish("ping.one").data(1).await.expect("published");
    let event = until(async || seen.events.lock().expect("no panic").first().cloned()).await;
    assert_eq!(event.r#type, "ping.one");

    let task_id = assign(&client, "capability:work", json!({"in_put": 1})).await;
    let task = ended(&client, &task_id).await;
    assert_eq!(
        (&task.status, &task.result),
        (&TaskStatus::Completed, &json!({"kept_name": {"in_put": 1}})),
        "{task:?}"
    );
    assert_eq!(
        (task.checkpoint, task.notes.as_deref()),
        (Some(json!({"some_rows": 1})), Some("half"))
    );
    let output = client.task().output(&task_id).await.expect("its output");
    assert!(["ab", "ba"].contains(&output.content.as_str()));
    let outcome = async |how: &str| ended(&client, &assign(&client, "Worker", json!({"how": how})).await).await;
    let failed = outcome("permanently").await;
    assert_eq!(
        (failed.status, failed.error.as_deref()),
        (TaskStatus::Failed, Some("never"))
    );
    for (how, part) in [("by chance", "digit"), ("panic", "a handler that panics fails")] {
        let failed = outcome(how).await; // it had one attempt
        assert_eq!(failed.status, TaskStatus::Failed);
        assert!(
            failed.error.as_ref().is_some_and(|error| error.contains(part)),
            "{failed:?}"
        );
    }
    assert_eq!(outcome("ask").await.status, TaskStatus::InputRequired);

    for content in ["fail", "panic"] {
        let failing = client
            .messaging()
            .send("Worker", content, MessageType::Info, "normal")
            .await
            .expect("sent");
        let failures = until(async || {
            let request = seen
                .client
                .get()
                .expect("it has started")
                .event()
                .list()
                .types(["error"])
                .subject(&failing.message_id);
            let events = request.await.expect("events").events;
            (events.len() == 3).then_some(events)
        });
        assert_eq!(failures.await[0].data["attempt"], 1, "{content}");
    }
    worker.stop().await.expect("it left well");
    assert_eq!(client.agent().get("Worker").await.expect("an agent").status, "offline");
}

/// Runs until cancelled, and records the ends of its tasks.
struct Holder {
    begun: Arc<Notify>,
    dropped: Arc<Notify>,
}

struct NotifyOnDrop(Arc<Notify>);

impl Drop for NotifyOnDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Agent for Holder {
    fn profile(&self) -> Profile {
        Profile::new("Holder")
            .claim_all_tasks()
            .stop_timeout(Duration::from_millis(200))
    }

    async fn on_task(&self, _context: &Context, task: TaskRun) -> Result<Value, TaskFailure> {
        let _guard = NotifyOnDrop(self.dropped.clone());
        assert!(!task.cancellation().is_cancelled());
        self.begun.notify_one();
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_handler_is_dropped_when_its_task_is_cancelled_and_a_stop_gives_tasks_back() {
    let server = Server::shared();
    let client = requester(server, "HolderRequester").await;
    let (begun, dropped) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let holder = Holder {
        begun: begun.clone(),
        dropped: dropped.clone(),
    };
    let holder = start(holder, server.client()).await.expect("it listens");
    let task_id = assign(&client, "Holder", json!({})).await;
    begun.notified().await;
    client.task().cancel(&task_id).await.expect("cancelled");
    dropped.notified().await;
    let task_id = assign(&client, "Holder", json!({})).await;
    begun.notified().await;
    holder.stop().await.expect("it left well");
    dropped.notified().await;
    assert_eq!(
        client.task().get(&task_id).await.expect("a task").status,
        TaskStatus::Pending
    );
}

/// A client of a proxy.
fn client_of(proxy: &Proxy) -> AgoraClient {
    let builder = AgoraClient::builder().url(&proxy.url).tokens(MemoryTokens::new());
    builder.web_socket(false).build().expect("a client")
}

/// Runs until cancelled.
struct Leaving {
    name: &'static str,
    begun: Arc<Notify>,
}

impl Agent for Leaving {
    fn profile(&self) -> Profile {
        let profile = Profile::new(self.name).claim_all_tasks().max_concurrent_tasks(2);
        profile.stop_timeout(Duration::from_millis(100))
    }

    async fn on_task(&self, _context: &Context, _task: TaskRun) -> Result<Value, TaskFailure> {
        self.begun.notify_one();
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_task_that_is_claimed_during_the_stop_is_given_back() {
    let server = Server::shared();
    let client = requester(server, "LeavingRequester").await;
    let proxy = Proxy::start(&server.url(), true).await;
    let name = "Leaving";
    let leaving = Leaving {
        name,
        begun: Arc::default(),
    };
    let leaving = start(leaving, client_of(&proxy)).await.expect("it listens");
    let task_id = assign(&client, name, json!({})).await;
    proxy.lost.notified().await;
    leaving.stop().await.expect("it left well");
    let task = client.task().get(&task_id).await.expect("a task");
    assert_eq!(task.status, TaskStatus::Pending);
}

#[tokio::test]
async fn an_agent_ends_although_its_server_is_gone_with_a_task_and_a_claim() {
    let server = Server::shared();
    let client = requester(server, "StrandedRequester").await;
    let proxy = Proxy::start(&server.url(), false).await;
    let (name, begun) = ("Stranded", Arc::new(Notify::new()));
    let stranded = Leaving {
        name,
        begun: begun.clone(),
    };
    let stranded = start(stranded, client_of(&proxy)).await.expect("it listens");
    assign(&client, name, json!({})).await;
    begun.notified().await;
    proxy.stop();
    let stopping = tokio::time::timeout(Duration::from_secs(60), stranded.stop());
    stopping.await.expect("it ends").expect("it left well");
}

/// Handlers of messages and events that never end.
struct Stuck {
    begun: Arc<Notify>,
    dropped: Arc<Notify>,
    heard: Arc<Notify>,
}

impl Agent for Stuck {
    fn profile(&self) -> Profile {
        let profile = Profile::new("Stuck").events(["stuck.*"]);
        profile.stop_timeout(Duration::from_millis(100))
    }

    async fn on_message(&self, _context: &Context, _message: Message) -> Result<(), BoxError> {
        let _guard = NotifyOnDrop(self.dropped.clone());
        self.begun.notify_one();
        std::future::pending().await
    }

    async fn on_event(&self, _context: &Context, _event: Event) {
        self.heard.notify_one();
        std::future::pending().await
    }
}

#[tokio::test]
async fn handlers_of_messages_and_events_do_not_outlive_their_agent() {
    let server = Server::shared();
    let client = requester(server, "StuckRequester").await;
    let (begun, dropped, heard) = <(Arc<Notify>, Arc<Notify>, Arc<Notify>)>::default();
    let stuck = Stuck {
        begun: begun.clone(),
        dropped: dropped.clone(),
        heard: heard.clone(),
    };
    let stuck = start(stuck, server.client()).await.expect("it listens");
    client
        .messaging()
        .send("Stuck", "hello", MessageType::Info, "normal")
        .await
        .expect("sent");
    client.event().publish("stuck.here").await.expect("published");
    begun.notified().await;
    heard.notified().await;
    let ending = async {
        stuck.stop().await.expect("it left well");
        dropped.notified().await;
    };
    let ending = tokio::time::timeout(Duration::from_secs(60), ending);
    ending.await.expect("it ends");
}

struct Slow {
    finish: Arc<Notify>,
    attempts: Arc<AtomicU32>,
    client: Arc<OnceLock<AgoraClient>>,
}

impl Agent for Slow {
    fn profile(&self) -> Profile {
        Profile::new("Slow").claim_all_tasks().lease(Duration::from_secs(30))
    }

    async fn on_start(&self, context: &Context) -> Result<(), AgoraError> {
        self.client.set(context.client().clone()).expect("it starts once");
        Ok(())
    }

    async fn on_task(&self, _context: &Context, _task: TaskRun) -> Result<Value, TaskFailure> {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        self.finish.notified().await;
        Ok(json!("done"))
    }
}

#[tokio::test]
async fn a_lease_is_renewed_and_work_goes_on_after_the_server_was_killed() {
    let server = Server::start();
    let client = requester(&server, "Boss").await;
    let (finish, attempts) = (Arc::new(Notify::new()), Arc::new(AtomicU32::new(0)));
    let slow_client = Arc::new(OnceLock::new());
    let slow = Slow {
        finish: finish.clone(),
        attempts: attempts.clone(),
        client: slow_client.clone(),
    };
    let slow = start(slow, server.client()).await.expect("it listens");
    let task_id = assign(&client, "Slow", json!({})).await;
    let expiry = async || client.task().get(&task_id).await.expect("a task").lease_expires_at;
    let first = until(async || expiry().await).await;
    until(async || expiry().await.filter(|later| *later > first)).await;
    server.kill();
    server.restart();
    finish.notify_one();
    assert_eq!(ended(&client, &task_id).await.result, json!("done"));
    client
        .messaging()
        .send("Slow", "still there?", MessageType::Info, "normal")
        .await
        .expect("sent");
    let as_slow = slow_client.get().expect("it has started");
    until(async || {
        as_slow
            .messaging()
            .receive()
            .unread(true)
            .await
            .expect("an inbox")
            .is_empty()
            .then_some(())
    })
    .await;
    assert_eq!(attempts.load(Ordering::Relaxed), 1);
    slow.stop().await.expect("it left well");
}
