//! Profile of an agent.

use std::time::Duration;

use serde_json::Value;

use crate::client::AgoraClient;
use crate::generated::operations::AgentRegisterOperation;
use crate::generated::types::ServiceTier;
use crate::request::Request;

/// Name, capabilities and behaviour of an agent.
#[derive(Debug, Clone)]
pub struct Profile {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) capabilities: Vec<String>,
    pub(crate) service_tier: ServiceTier,
    pub(crate) category: String,
    pub(crate) tags: Vec<String>,
    pub(crate) metadata: Value,
    pub(crate) max_concurrent_tasks: u32,
    /// Types of tasks to claim; None: no tasks, empty: all.
    pub(crate) task_types: Option<Vec<String>>,
    pub(crate) lease: Duration,
    pub(crate) events: Vec<String>,
    pub(crate) stop_timeout: Duration,
}

impl Profile {
    /// Create the profile of an agent with that name, which claims no tasks.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: String::new(),
            capabilities: Vec::new(),
            service_tier: ServiceTier::Basic,
            category: String::new(),
            tags: Vec::new(),
            metadata: Value::Object(serde_json::Map::new()),
            max_concurrent_tasks: 1,
            task_types: None,
            lease: Duration::from_secs(60),
            events: Vec::new(),
            stop_timeout: Duration::from_secs(10),
        }
    }

    /// Set the description.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Set the capabilities.
    #[must_use]
    pub fn capabilities(mut self, capabilities: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.capabilities = capabilities.into_iter().map(Into::into).collect();
        self
    }

    /// Set the requested service tier.
    #[must_use]
    pub fn service_tier(mut self, service_tier: ServiceTier) -> Self {
        self.service_tier = service_tier;
        self
    }

    /// Set the category for searches.
    #[must_use]
    pub fn category(mut self, category: impl Into<String>) -> Self {
        self.category = category.into();
        self
    }

    /// Set the tags for searches.
    #[must_use]
    pub fn tags(mut self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.tags = tags.into_iter().map(Into::into).collect();
        self
    }

    /// Set the metadata.
    #[must_use]
    pub fn metadata(mut self, metadata: Value) -> Self {
        self.metadata = metadata;
        self
    }

    /// Set the maximum number of concurrent tasks, and of concurrent messages. Default: 1.
    #[must_use]
    pub fn max_concurrent_tasks(mut self, count: u32) -> Self {
        self.max_concurrent_tasks = count.max(1);
        self
    }

    /// Claim tasks: those assigned to the agent, for one of its capabilities, or for any agent.
    #[must_use]
    pub fn claim_all_tasks(self) -> Self {
        self.claim_tasks(Vec::<String>::new())
    }

    /// Claim only tasks of these types.
    #[must_use]
    pub fn claim_tasks(mut self, task_types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.task_types = Some(task_types.into_iter().map(Into::into).collect());
        self
    }

    /// Set the time after which a task returns to the queue if its lease is not renewed. Default: 60 seconds.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Set the types of events for [`Agent::on_event`](super::Agent::on_event).
    #[must_use]
    pub fn events(mut self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.events = types.into_iter().map(Into::into).collect();
        self
    }

    /// Set the time for handlers to finish when the agent stops. Default: 10 seconds.
    #[must_use]
    pub fn stop_timeout(mut self, timeout: Duration) -> Self {
        self.stop_timeout = timeout;
        self
    }

    pub(crate) fn registration(&self, client: &AgoraClient) -> Request<AgentRegisterOperation> {
        let capabilities = self.capabilities.iter().map(String::as_str).collect();
        client
            .register(&self.name, capabilities, self.service_tier.clone())
            .description(&self.description)
            .category(&self.category)
            .tags(&self.tags)
            .metadata(self.metadata.clone())
            .max_concurrent_tasks(self.max_concurrent_tasks.into())
    }
}
