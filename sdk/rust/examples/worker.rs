//! An agent that executes tasks: it counts to `payload.to`, stores its progress, and resumes there after a crash.
//!
//! `WORKER_NAME` is its name, `WORKER_LEASE` its lease in seconds.

use std::env;
use std::time::Duration;

use agora_sdk::agent::{Agent, Context, Profile, TaskFailure, TaskRun, run};
use agora_sdk::types::Part;
use serde_json::{Value, json};

struct Worker;

impl Agent for Worker {
    fn profile(&self) -> Profile {
        let name = env::var("WORKER_NAME").unwrap_or_else(|_| "Worker".to_owned());
        let lease = env::var("WORKER_LEASE")
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(60);
        Profile::new(name)
            .capabilities(["counting"])
            .claim_all_tasks()
            .lease(Duration::from_secs(lease))
    }

    async fn on_start(&self, context: &Context) -> Result<(), agora_sdk::AgoraError> {
        println!("started {}", context.agent_id());
        Ok(())
    }

    async fn on_task(&self, _context: &Context, task: TaskRun) -> Result<Value, TaskFailure> {
        let to = task.payload["to"]
            .as_u64()
            .ok_or_else(|| TaskFailure::Permanent("payload.to: a number".to_owned()))?;
        let done = task
            .checkpoint
            .as_ref()
            .and_then(|checkpoint| checkpoint["done"].as_u64())
            .unwrap_or_default();
        for number in done + 1..=to {
            tokio::time::sleep(Duration::from_millis(100)).await;
            task.save(json!({"done": number})).await?;
            task.report().progress(100.0 * number as f64 / to as f64).send().await?;
        }
        task.artifact([Part::new().text("counted")], |artifact| artifact.name("note"))
            .await?;
        Ok(json!({"from": done, "to": to, "attempt": task.attempts}))
    }
}

#[tokio::main]
async fn main() -> Result<(), agora_sdk::AgoraError> {
    run(Worker).await?;
    println!("left");
    Ok(())
}
