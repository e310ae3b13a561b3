//! Calls to a real server.

use std::time::Duration;

use agora_sdk::types::StepStatus;
use agora_sdk::{
    AgoraClient, AgoraError, ErrorKind, FileTokens, MemoryTokens, MessageType, Registration, ServiceTier, Step,
    TaskStatus, TokenStore, server_key,
};
use futures_util::TryStreamExt;
use serde_json::{Value, json};

use crate::server::{Server, new_directory, repository};
use crate::stub::{self, Stub};

fn unique(name: &str) -> String {
    format!("{name}-{}", &uuid::Uuid::new_v4().simple().to_string()[..8])
}

async fn registered(name: &str) -> (AgoraClient, Registration) {
    let client = Server::shared().client();
    let registration = client
        .register(&unique(name), vec!["typing"], ServiceTier::Basic)
        .await
        .expect("registered");
    (client, registration)
}

#[tokio::test]
async fn a_client_acts_as_the_agent_that_it_registered() {
    let (client, registration) = registered("Ada").await;
    assert_eq!(registration.capabilities, ["typing"]);
    assert_eq!(client.agent_name().as_deref(), Some(registration.agent_name.as_str()));
    assert_eq!(client.agent_id().as_deref(), Some(registration.agent_id.as_str()));
    let receipt = client
        .messaging()
        .send(&registration.agent_name, "to myself", MessageType::Introduction, "high")
        .await;
    let inbox = client.messaging().receive().await.expect("an inbox");
    assert_eq!(inbox.messages[0].message_id, receipt.expect("sent").message_id);
    assert_eq!(inbox.messages[0].from_agent, registration.agent_id);
    assert_eq!(inbox.messages[0].message_type, MessageType::Introduction);
}

#[tokio::test]
async fn a_tier_is_granted_to_an_agent_of_the_local_operator_also_later() {
    let (client, registration) = registered("Premium").await;
    assert_eq!(registration.service_tier, ServiceTier::Basic);
    let again = client
        .register(&registration.agent_name, vec![], ServiceTier::Enterprise)
        .await
        .expect("registered");
    assert_eq!((again.service_tier, again.created), (ServiceTier::Enterprise, false));
    assert_eq!(again.agent_id, registration.agent_id);
    let agent = client.agent().get(&registration.agent_name).await.expect("an agent");
    assert_eq!(agent.service_tier, ServiceTier::Enterprise);
}

#[tokio::test]
async fn contents_are_handed_on_as_they_are() {
    let (client, registration) = registered("Verbatim").await;
    let contents =
        json!({"snake_case": {"inner": [{"camelCase": true, "big": 9007199254740993_i64}]}, "nothing": null});
    let request = client.task().assign("letter").assignee(&registration.agent_name);
    let receipt = request
        .payload(contents.clone())
        .metadata(contents.clone())
        .await
        .expect("assigned");
    let claim = client
        .task()
        .claim()
        .task_types(["letter"])
        .wait(5.0)
        .await
        .expect("a claim");
    assert_eq!(claim.tasks[0].payload, contents);
    let completion = client.task().complete(&receipt.task_id).result(contents.clone());
    completion
        .fencing_token(claim.tasks[0].fencing_token)
        .await
        .expect("completed");
    let task = client.task().get(&receipt.task_id).await.expect("a task");
    assert_eq!(
        (&task.payload, &task.metadata, &task.result),
        (&contents, &contents, &contents)
    );
    assert_eq!(task.status, TaskStatus::Completed);
}

#[tokio::test]
async fn a_workflow_has_steps_with_all_that_steps_may_have() {
    let (client, registration) = registered("Steps").await;
    let agent = &registration.agent_name;
    let first = Step::new("first")
        .agent(agent)
        .task_type("one")
        .payload(json!({"keep_me": "${input.some_name}"}));
    let second = Step::new("second").agent(agent).depends_on(["first"]);
    let request = client
        .workflow()
        .create_request("graph", [first, second])
        .input(json!({"some_name": "x"}));
    let receipt = request.await.expect("created");
    let tasks = client
        .task()
        .list_request()
        .workflow_id(&receipt.workflow_id)
        .await
        .expect("tasks");
    assert_eq!(
        (tasks.tasks[0].task_type.as_str(), &tasks.tasks[0].payload),
        ("one", &json!({"keep_me": "x"}))
    );
    let workflow = client
        .workflow()
        .status(&receipt.workflow_id)
        .await
        .expect("a workflow");
    assert_eq!(workflow.steps[1].status, StepStatus::Pending);
}

#[tokio::test]
async fn a_page_has_its_list_and_goes_on_to_the_next_pages() {
    let (client, registration) = registered("Pages").await;
    for number in 0..5 {
        client
            .task()
            .assign(format!("t{number}"))
            .assignee(&registration.agent_name)
            .await
            .expect("assigned");
    }
    let page = client
        .task()
        .list(&registration.agent_id, Some("pending"), Some(2), Some(0))
        .await
        .expect("a page");
    assert_eq!(
        (page.len(), page.tasks.len(), page.total, page.has_more),
        (2, 2, Some(5), true)
    );
    assert_eq!(page.iter().count(), 2);
    let request = client.task().list_request().agent_id(&registration.agent_id).limit(2);
    let pages: Vec<_> = request.clone().pages().try_collect().await.expect("pages");
    assert_eq!(pages.iter().map(|page| page.len()).collect::<Vec<_>>(), [2, 2, 1]);
    let tasks: Vec<_> = request.items().try_collect().await.expect("tasks");
    assert_eq!(tasks.len(), 5);
    let services: Vec<_> = client
        .discovery()
        .list()
        .limit(7)
        .items()
        .try_collect()
        .await
        .expect("services");
    assert!(services.len() > 7); // paged by offset
}

#[tokio::test]
async fn errors_are_variants_and_kinds() {
    let (client, _) = registered("Errors").await;
    let error = client.agent().get("Nobody").await.expect_err("there is none");
    assert!(
        matches!(&error, AgoraError::NotFound(problem) if problem.detail().contains("Nobody")),
        "{error:?}"
    );
    assert_eq!(
        (error.code(), error.status(), error.is(ErrorKind::NotFound)),
        ("not_found", 404, true)
    );
    let error = client.task().list_request().limit(0).await.expect_err("too small");
    assert_eq!(error.problem().expect("a problem").errors()[0].field, "limit");
    let url = Server::shared().url();
    let forged = AgoraClient::builder()
        .url(&url)
        .token("agt_forged.x")
        .build()
        .expect("a client");
    assert!(matches!(
        forged.agent().list().await,
        Err(AgoraError::Unauthenticated(_))
    ));
    let nobody = AgoraClient::builder()
        .url("http://127.0.0.1:9")
        .retries(1)
        .tokens(MemoryTokens::new())
        .build();
    assert!(matches!(
        nobody.expect("a client").admin().health().await,
        Err(AgoraError::ServerUnreachable(_))
    ));
    assert!(matches!(client.as_agent("Nobody"), Err(AgoraError::Unauthenticated(_))));
    assert!(matches!(
        AgoraClient::builder().url("ftp://x").build(),
        Err(AgoraError::InvalidRequest(_))
    ));
    assert!(matches!(
        AgoraClient::builder().token("a b").build(),
        Err(AgoraError::InvalidRequest(_))
    ));
    let unsupported = AgoraError::UnsupportedTaskType("x".to_owned());
    assert_eq!(unsupported.to_string(), "Tasks of the type 'x' are not supported.");
}

#[tokio::test]
async fn a_command_whose_answer_is_lost_takes_effect_once() {
    let stub = Stub::start(|_, number| if number < 2 { None } else { stub::json(&receipt()) }).await;
    let receipt = stub
        .client()
        .messaging()
        .send("Ada", "once", MessageType::Info, "normal")
        .await
        .expect("sent");
    assert_eq!(receipt.message_id, "msg_1");
    let received = stub.received();
    let keys: Vec<_> = received
        .iter()
        .map(|request| request.header("idempotency-key").expect("a key"))
        .collect();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| *key == keys[0]));
}

fn receipt() -> Value {
    json!({"message_id": "msg_1", "timestamp": "2026-01-01T10:00:00Z", "status": "queued"})
}

#[tokio::test]
async fn an_idempotency_key_of_ones_own_is_used_and_refused_for_another_request() {
    let (client, registration) = registered("Keyed").await;
    let messaging = client.messaging();
    let send = |content: &str| {
        messaging
            .send(&registration.agent_name, content, MessageType::Info, "normal")
            .idempotency_key("report")
    };
    let first = send("a").await.expect("sent");
    assert_eq!(send("a").await.expect("repeated").message_id, first.message_id);
    let error = send("b").await.expect_err("another request");
    assert!(matches!(error, AgoraError::IdempotencyConflict(_)) && error.is(ErrorKind::Conflict));
}

#[tokio::test]
async fn a_timeout_ends_a_call_with_its_retries() {
    let stub = Stub::start(|_, _| Some((503, vec![("retry-after".to_owned(), "30".to_owned())], vec![]))).await;
    let error = stub
        .client()
        .with_timeout(Duration::from_secs(5))
        .agent()
        .get("x")
        .await
        .expect_err("a failure");
    assert_eq!((error.status(), stub.received().len()), (503, 1)); // the required delay exceeds the timeout
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    let client = AgoraClient::builder()
        .url(url)
        .timeout(Duration::from_millis(50))
        .tokens(MemoryTokens::new())
        .build();
    assert!(matches!(
        client.expect("a client").agent().get("x").await,
        Err(AgoraError::DeadlineExceeded(_))
    ));
}

#[tokio::test]
async fn tokens_are_kept_in_the_file_that_all_sdks_share() {
    let path = new_directory().join("private/credentials.json");
    let url = Server::shared().url();
    let client = || AgoraClient::builder().url(&url).tokens(FileTokens::new(&path));
    let names: Vec<_> = (0..5).map(|_| unique("Kept")).collect();
    for name in &names {
        let maker = client().build().expect("a client");
        maker
            .register(name, vec![], ServiceTier::Basic)
            .await
            .expect("registered");
    }
    let again = client().agent(&names[0]).build().expect("a client");
    assert!(again.messaging().receive().await.expect("an inbox").is_empty());
    let python =
        "import sys\nfrom agora_sdk import AgoraClient\nprint(len(AgoraClient(agent=sys.argv[1]).messaging.receive()))";
    let output = tokio::process::Command::new(repository().join(".venv/bin/python"))
        .args(["-c", python, &names[1]])
        .envs([
            ("AGORA_URL", url.as_str()),
            ("AGORA_CREDENTIALS", path.to_str().expect("text")),
        ])
        .output();
    let output = output.await.expect("Python runs");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "0",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata = std::fs::metadata(&path).expect("a file");
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777,
        0o600
    );
    again.agent().deregister(&names[0]).await.expect("gone");
    assert_eq!(
        FileTokens::new(&path)
            .find(&server_key(&url), "default", &names[0])
            .expect("readable"),
        None
    );
    assert!(client().build().expect("a client").as_agent(&names[0]).is_err());
}

#[tokio::test]
async fn one_client_acts_for_several_agents_and_registers_a_name_once() {
    let client = Server::shared().client();
    let (one, other) = (unique("A"), unique("B"));
    let register = |name: &str| client.register(name, vec![], ServiceTier::Basic);
    let (ada, again) = tokio::join!(register(&one), register(&one));
    let (ada, again) = (ada.expect("registered"), again.expect("registered"));
    assert_eq!((&ada.agent_id, ada.created && again.created), (&again.agent_id, false));
    let bob = register(&other).await.expect("registered");
    assert_eq!(client.agent_id().as_ref(), Some(&ada.agent_id));
    let as_bob = client.as_agent(&other).expect("its token is known");
    as_bob
        .messaging()
        .send(&one, "hi", MessageType::Other("greeting".to_owned()), "low")
        .await
        .expect("sent");
    let inbox = client.messaging().receive().await.expect("an inbox");
    assert_eq!(
        (&inbox.messages[0].from_agent, inbox.messages[0].message_type.as_str()),
        (&bob.agent_id, "greeting")
    );
}
