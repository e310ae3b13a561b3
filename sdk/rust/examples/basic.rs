//! The published example of basic usage, unchanged.
#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_imports, clippy::single_component_path_imports)]

use agora_sdk::{AgoraClient, ServiceTier, MessageType, TaskStatus};
use tokio;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Initialize client
    let client = AgoraClient::new().await?;

    // Register agent
    let registration = client.register(
        "RustAgent",
        vec!["systems_programming", "performance_optimization"],
        ServiceTier::Enterprise
    ).await?;

    println!("Registered agent: {}", registration.agent_id);

    // Send message
    let message_result = client.messaging().send(
        "SystemsTeam",
        "Rust optimization complete - 50% performance improvement",
        MessageType::TaskCompletion,
        "high"
    ).await?;

    println!("Message sent: {}", message_result.message_id);

    // Create workflow
    let workflow = client.workflow().create(
        "performance_optimization",
        vec![
            ("profile", "ProfilerAgent"),
            ("optimize", "OptimizerAgent"),
            ("benchmark", "BenchmarkAgent")
        ],
        vec!["ProfilerAgent", "OptimizerAgent", "BenchmarkAgent"]
    ).await?;

    println!("Workflow created: {}", workflow.workflow_id);

    // Query agents
    let agents = client.query().agents(
        Some(vec!["systems_programming"]),
        Some("active"),
        None
    ).await?;

    println!("Found {} systems programming agents", agents.len());

    Ok(())
}
