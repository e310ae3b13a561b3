//! The examples as separate processes, including the published ones, and a worker that is killed during its task.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use agora_sdk::{ServiceTier, TaskStatus};
use serde_json::json;

use crate::server::{Server, new_directory, spawn_tethered, until};

/// Path of a compiled example, beside the tests.
fn example(name: &str) -> PathBuf {
    let tests = env::current_exe().expect("a path");
    tests
        .ancestors()
        .nth(2)
        .expect("the directory of the profile")
        .join("examples")
        .join(name)
}

fn program(name: &str, server: &Server) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(example(name));
    command
        .env("AGORA_URL", server.url())
        .env("AGORA_CREDENTIALS", new_directory().join("credentials.json"));
    command.stdout(Stdio::piped());
    command
}

#[tokio::test]
async fn the_source_s_examples_run() {
    let server = Server::shared();
    let output = spawn_tethered(program("basic", server))
        .wait_with_output()
        .expect("it ran");
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).expect("text");
    let lines: Vec<_> = printed
        .lines()
        .map(|line| line.split(['_', ' ']).collect::<Vec<_>>())
        .collect();
    assert_eq!(
        lines.iter().map(|words| words[0]).collect::<Vec<_>>(),
        ["Registered", "Message", "Workflow", "Found"]
    );
    assert!(
        printed.contains("Registered agent: agent_") && printed.contains("Message sent: msg_"),
        "{printed}"
    );
    assert!(printed.contains("Workflow created: wf_"), "{printed}");

    let client = server.client();
    client
        .register("Auditor", vec![], ServiceTier::Basic)
        .await
        .expect("registered");
    let assign = |task_type: &str| client.task().assign(task_type).assignee("SystemsAgent");
    let audit = assign("security_audit")
        .payload(json!({"scope": "all"}))
        .await
        .expect("assigned");
    let unknown = assign("cooking").await.expect("assigned");
    let mut systems_agent = spawn_tethered(program("systems_agent", server)); // started before its tasks are created
    let ended = async |task_id: &str| {
        until(async || {
            let task = client.task().get(task_id).await.expect("a task");
            task.completed_at.is_some().then_some(task)
        })
        .await
    };
    let audit = ended(&audit.task_id).await;
    assert_eq!(audit.status, TaskStatus::Completed);
    assert_eq!(
        audit.notes.as_deref(),
        Some("Completed: Security audit completed - 3 issues found and fixed")
    );
    let unknown = ended(&unknown.task_id).await;
    assert_eq!(unknown.status, TaskStatus::Failed);
    assert!(
        unknown
            .notes
            .is_some_and(|notes| notes.starts_with("Error: ") && notes.contains("cooking"))
    );
    systems_agent
        .kill()
        .and_then(|()| systems_agent.wait())
        .expect("it was running");
}

#[tokio::test]
async fn a_worker_that_is_killed_under_its_task_goes_on_where_it_was() {
    let server = Server::shared();
    let client = server.client();
    client
        .register("Counter's requester", vec![], ServiceTier::Basic)
        .await
        .expect("registered");
    let credentials = new_directory().join("credentials.json");
    let worker = || {
        let mut command = program("worker", server);
        command
            .envs([("WORKER_NAME", "Counter"), ("WORKER_LEASE", "5")])
            .env("AGORA_CREDENTIALS", &credentials);
        spawn_tethered(command)
    };
    let mut first = worker();
    let task = client
        .task()
        .assign("count")
        .assignee("Counter")
        .payload(json!({"to": 20}))
        .retry_backoff(0.0);
    let task = task.await.expect("assigned");
    until(async || {
        client
            .task()
            .get(&task.task_id)
            .await
            .expect("a task")
            .checkpoint
            .filter(|at| at["done"] != 0)
    })
    .await;
    first.kill().and_then(|()| first.wait()).expect("it was running");
    let second = worker();
    let ended = until(async || {
        let task = client.task().get(&task.task_id).await.expect("a task");
        (task.status == TaskStatus::Completed).then_some(task)
    });
    let ended = ended.await;
    assert_eq!(
        (ended.result["to"].as_i64(), ended.result["attempt"].as_i64()),
        (Some(20), Some(2)),
        "{ended:?}"
    );
    assert!(ended.result["from"].as_i64() > Some(0), "{ended:?}");

    // SIGTERM: it disconnects properly.
    Command::new("kill")
        .args(["-TERM", &second.id().to_string()])
        .status()
        .expect("kill runs");
    let output = second.wait_with_output().expect("it ended");
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("left\n"));
    assert_eq!(client.agent().get("Counter").await.expect("an agent").status, "offline");
}

#[cfg(feature = "blocking")]
#[test]
fn a_program_without_async_runs() {
    let output = spawn_tethered(program("blocking", Server::shared()))
        .wait_with_output()
        .expect("it ran");
    assert!(output.status.success());
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "BlockingAgent has 1 messages\n"
    );
}
