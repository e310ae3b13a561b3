//! Calls with the arguments of the published examples. Each is a [`Request`], whose setters add further arguments.

use crate::client::AgoraClient;
use crate::generated::operations::{
    AgentRegisterOperation, MessagingSendOperation, MessagingSubscribeOperation, QueryAgentsOperation,
    TaskListOperation, TaskUpdateOperation, WorkflowCreateOperation,
};
use crate::generated::services::{MessagingService, QueryService, TaskService, WorkflowService};
use crate::generated::types::{MessageType, ServiceTier, Step, TaskStatus};
use crate::request::Request;

impl AgoraClient {
    /// Register an agent, or update it if its token is known; this client acts as it from then on, unless it already
    /// acts as another one.
    ///
    /// Equivalent to `client.agent().register(name)` with these arguments.
    pub fn register(
        &self,
        agent_name: &str,
        capabilities: Vec<&str>,
        service_tier: ServiceTier,
    ) -> Request<AgentRegisterOperation> {
        self.agent()
            .register(agent_name)
            .capabilities(capabilities)
            .service_tier(service_tier)
    }
}

impl MessagingService<'_> {
    /// Send a message: see [`MessagingService::send_request`]. `priority`: `low`, `normal`, `high` or `urgent`.
    pub fn send(
        &self,
        to_agent: &str,
        content: &str,
        message_type: MessageType,
        priority: &str,
    ) -> Request<MessagingSendOperation> {
        self.send_request(to_agent, content)
            .message_type(message_type)
            .priority(priority)
    }

    /// Subscribe an agent to types of events: see [`MessagingService::subscribe_request`].
    pub fn subscribe(&self, agent_id: &str, event_types: Vec<&str>) -> Request<MessagingSubscribeOperation> {
        self.subscribe_request().agent_id(agent_id).event_types(event_types)
    }
}

impl WorkflowService<'_> {
    /// Create a workflow of steps, each with its name and its agent: see [`WorkflowService::create_request`].
    pub fn create(
        &self,
        workflow_name: &str,
        steps: Vec<(&str, &str)>,
        assigned_agents: Vec<&str>,
    ) -> Request<WorkflowCreateOperation> {
        let steps = steps.into_iter().map(|(name, agent)| Step::new(name).agent(agent));
        self.create_request(workflow_name, steps)
            .assigned_agents(assigned_agents)
    }
}

impl QueryService<'_> {
    /// Find agents: see [`QueryService::agents_request`].
    pub fn agents(
        &self,
        capabilities: Option<Vec<&str>>,
        status: Option<&str>,
        service_tier: Option<ServiceTier>,
    ) -> Request<QueryAgentsOperation> {
        let request = self.agents_request();
        let request = match capabilities {
            Some(capabilities) => request.capabilities(capabilities),
            None => request,
        };
        let request = match status {
            Some(status) => request.status(status),
            None => request,
        };
        match service_tier {
            Some(service_tier) => request.service_tier(service_tier),
            None => request,
        }
    }
}

impl TaskService<'_> {
    /// List the tasks of an agent: see [`TaskService::list_request`].
    pub fn list(
        &self,
        agent_id: &str,
        status: Option<&str>,
        limit: Option<u32>,
        offset: Option<u32>,
    ) -> Request<TaskListOperation> {
        let request = self.list_request().agent_id(agent_id);
        let request = match status {
            Some(status) => request.status(status),
            None => request,
        };
        let request = match limit {
            Some(limit) => request.limit(limit.into()),
            None => request,
        };
        match offset {
            Some(offset) => request.offset(offset.into()),
            None => request,
        }
    }

    /// Update a task as its assignee: see [`TaskService::update_request`]. `progress`: percentage.
    pub fn update(
        &self,
        task_id: &str,
        status: TaskStatus,
        progress: Option<u8>,
        notes: Option<&str>,
    ) -> Request<TaskUpdateOperation> {
        let request = self.update_request(task_id).status(status);
        let request = match progress {
            Some(progress) => request.progress(progress.into()),
            None => request,
        };
        match notes {
            Some(notes) => request.notes(notes),
            None => request,
        }
    }
}
