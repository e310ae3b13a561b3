//! Use without async: registers, sends itself a message, reads it.
//!
//! Run with `cargo run --example blocking --features blocking`.

use agora_sdk::blocking::Block;
use agora_sdk::{AgoraClient, AgoraError, MessageType, ServiceTier};

fn main() -> Result<(), AgoraError> {
    let client = AgoraClient::builder().build()?;
    let me = client
        .register("BlockingAgent", vec!["waiting"], ServiceTier::Basic)
        .block()?;
    client
        .messaging()
        .send(&me.agent_name, "to myself", MessageType::Info, "normal")
        .block()?;
    let inbox = client.messaging().receive().unread(true).block()?;
    println!("{} has {} messages", me.agent_name, inbox.len());
    Ok(())
}
