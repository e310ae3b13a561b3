// Written by scripts/sdks.py from sdk/contract.json: change the contract, then run `make reference sdks`.

use crate::vocabulary::string_enum;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

string_enum! {
    /// Well-known message types. Any other label is also accepted.
    pub enum MessageType, default Info {
        Info = "info",
        Task = "task",
        Alert = "alert",
        System = "system",
        Introduction = "introduction",
        TaskCompletion = "task_completion",
        SystemAnnouncement = "system_announcement",
        DeprecationNotice = "deprecation_notice",
    }
}

string_enum! {
    /// Role of a message's sender (section 4.1.5).
    pub enum A2ARole, default User {
        User = "ROLE_USER",
        Agent = "ROLE_AGENT",
    }
}

string_enum! {
    /// State of a task (section 4.1.3).
    pub enum A2AState, default Submitted {
        Submitted = "TASK_STATE_SUBMITTED",
        Working = "TASK_STATE_WORKING",
        Completed = "TASK_STATE_COMPLETED",
        Failed = "TASK_STATE_FAILED",
        Canceled = "TASK_STATE_CANCELED",
        InputRequired = "TASK_STATE_INPUT_REQUIRED",
        Rejected = "TASK_STATE_REJECTED",
        AuthRequired = "TASK_STATE_AUTH_REQUIRED",
    }
}

string_enum! {
    /// Lifecycle state of an agent.
    pub enum AgentStatus, default Active {
        Active = "active",
        Busy = "busy",
        Error = "error",
        Paused = "paused",
        Suspended = "suspended",
        Inactive = "inactive",
        Offline = "offline",
        Retired = "retired",
    }
}

string_enum! {
    /// Urgency of a response: due within 5, 30 or 120 minutes by default. Medium corresponds to normal priority in the
    /// marketplace.
    pub enum BusPriority, default Medium {
        High = "high",
        Medium = "medium",
        Low = "low",
    }
}

string_enum! {
    /// Type of an entry.
    pub enum BusType, default TaskAssignment {
        TaskAssignment = "task_assignment",
        TaskCompletion = "task_completion",
        StateUpdate = "state_update",
        ErrorReport = "error_report",
        AssistanceRequest = "assistance_request",
    }
}

string_enum! {
    /// Connection state of an upstream.
    pub enum ConnectionState, default Idle {
        Idle = "idle",
        Connecting = "connecting",
        Connected = "connected",
        Unavailable = "unavailable",
    }
}

string_enum! {
    /// State of a dead letter.
    pub enum DeadLetterState, default Dead {
        Dead = "dead",
        Replayed = "replayed",
        Discarded = "discarded",
    }
}

string_enum! {
    /// State of a message for one recipient.
    pub enum DeliveryState, default Queued {
        Held = "held",
        Queued = "queued",
        Delivered = "delivered",
        Read = "read",
        Acknowledged = "acknowledged",
        Expired = "expired",
        DeadLettered = "dead_lettered",
    }
}

string_enum! {
    /// Kind of a ledger entry.
    pub enum EntryKind, default Base {
        Base = "base",
        Time = "time",
        Request = "request",
        Task = "task",
        InputTokens = "input_tokens",
        OutputTokens = "output_tokens",
        Model = "model",
        Credit = "credit",
        Payment = "payment",
        Discount = "discount",
        FreeQuota = "free_quota",
    }
}

string_enum! {
    /// Lifecycle state of an instance.
    pub enum InstanceStatus, default Requested {
        Requested = "requested",
        Provisioning = "provisioning",
        Starting = "starting",
        Running = "running",
        Paused = "paused",
        Stopping = "stopping",
        Stopped = "stopped",
        Failed = "failed",
    }
}

string_enum! {
    /// Kind of an upstream item.
    pub enum ItemKind, default Tool {
        Tool = "tool",
        Resource = "resource",
        Template = "template",
        Prompt = "prompt",
    }
}

string_enum! {
    /// Whether an upstream item can be used.
    pub enum ItemState, default Active {
        Active = "active",
        Quarantined = "quarantined",
        Dropped = "dropped",
    }
}

string_enum! {
    /// Lifecycle status of an operation.
    pub enum Lifecycle, default Active {
        Active = "active",
        Beta = "beta",
        Deprecated = "deprecated",
        Sunset = "sunset",
    }
}

string_enum! {
    /// What an administrative override does to its target.
    pub enum OverrideAction, default Pause {
        Pause = "pause",
        Resume = "resume",
        Terminate = "terminate",
        EmergencyHalt = "emergency_halt",
    }
}

string_enum! {
    /// Type of a message (speech act).
    pub enum Performative, default Request {
        Request = "request",
        Inform = "inform",
        Propose = "propose",
        Agree = "agree",
        Refuse = "refuse",
        Confirm = "confirm",
        Failure = "failure",
        Done = "done",
        Discover = "discover",
        Offer = "offer",
        Assign = "assign",
        Deploy = "deploy",
        DeployConfirm = "deploy_confirm",
        DeployFailure = "deploy_failure",
        CoLocate = "co_locate",
        Scale = "scale",
    }
}

string_enum! {
    /// Pricing model of an agent.
    pub enum PricingType, default Free {
        Free = "free",
        PerRequest = "per_request",
        PerMinute = "per_minute",
        PerHour = "per_hour",
        Hybrid = "hybrid",
        TokenBased = "token_based",
    }
}

string_enum! {
    /// Priority of a message or task.
    pub enum Priority, default Normal {
        Low = "low",
        Normal = "normal",
        High = "high",
        Urgent = "urgent",
    }
}

string_enum! {
    /// Whether a remote agent can be reached.
    pub enum RemoteState, default Unknown {
        Unknown = "unknown",
        Available = "available",
        Unavailable = "unavailable",
    }
}

string_enum! {
    /// Service tier of an agent; determines its rate limit.
    pub enum ServiceTier, default Basic {
        Basic = "basic",
        Premium = "premium",
        Enterprise = "enterprise",
    }
}

string_enum! {
    /// States of a step.
    pub enum StepStatus, default Pending {
        Pending = "pending",
        Ready = "ready",
        Running = "running",
        Completed = "completed",
        Failed = "failed",
        Skipped = "skipped",
        Cancelled = "cancelled",
    }
}

string_enum! {
    /// States of a task.
    pub enum TaskStatus, default Pending {
        Pending = "pending",
        InProgress = "in_progress",
        Completed = "completed",
        Failed = "failed",
        Cancelled = "cancelled",
        InputRequired = "input_required",
        AuthRequired = "auth_required",
        Rejected = "rejected",
        Expired = "expired",
        DeadLettered = "dead_lettered",
    }
}

string_enum! {
    /// Visibility of an agent in searches.
    pub enum Visibility, default Public {
        Public = "public",
        Organization = "organization",
        Team = "team",
        Project = "project",
        Private = "private",
    }
}

string_enum! {
    /// States of a workflow.
    pub enum WorkflowStatus, default Pending {
        Pending = "pending",
        Running = "running",
        Paused = "paused",
        WaitingApproval = "waiting_approval",
        Completed = "completed",
        Failed = "failed",
        Cancelled = "cancelled",
    }
}

/// A result of a task, or a piece of one (section 4.1.7).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct A2AArtifact {
    /// `artifactId`.
    #[serde(rename = "artifactId")]
    pub artifact_id: String,
    /// `name`.
    pub name: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `parts`.
    #[serde(default)]
    pub parts: Vec<Part>,
    /// `metadata`.
    pub metadata: Option<Value>,
    /// `extensions`.
    pub extensions: Option<Vec<String>>,
}

/// A part of a task's result (section 4.2.2). `append`: append it to the parts sent before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct A2AArtifactUpdate {
    /// `taskId`.
    #[serde(rename = "taskId")]
    pub task_id: String,
    /// `contextId`.
    #[serde(rename = "contextId")]
    pub context_id: String,
    /// `artifact`.
    pub artifact: A2AArtifact,
    /// `append`.
    pub append: Option<bool>,
    /// `lastChunk`.
    #[serde(rename = "lastChunk")]
    pub last_chunk: Option<bool>,
    /// `metadata`.
    pub metadata: Option<Value>,
}

/// Authentication of push notifications (section 4.3.2). `credentials` are kept encrypted and never shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct A2AAuthentication {
    /// `scheme`.
    pub scheme: String,
    /// `credentials`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials: Option<String>,
}

impl A2AAuthentication {
    /// One with what is required of it.
    #[must_use]
    pub fn new(scheme: impl Into<String>) -> Self {
        Self {
            scheme: scheme.into(),
            credentials: None,
        }
    }

    /// Set `credentials`.
    #[must_use]
    pub fn credentials(mut self, credentials: impl Into<String>) -> Self {
        self.credentials = Some(credentials.into());
        self
    }
}

/// An agent card (section 4.4.1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct A2ACard {
    /// `name`.
    pub name: String,
    /// `description`.
    pub description: String,
    /// `version`.
    pub version: String,
    /// `supportedInterfaces`.
    #[serde(rename = "supportedInterfaces")]
    pub supported_interfaces: Vec<A2AInterface>,
    /// `provider`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<Value>,
    /// `documentationUrl`.
    #[serde(rename = "documentationUrl", skip_serializing_if = "Option::is_none")]
    pub documentation_url: Option<String>,
    /// `iconUrl`.
    #[serde(rename = "iconUrl", skip_serializing_if = "Option::is_none")]
    pub icon_url: Option<String>,
    /// `capabilities`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Value>,
    /// `securitySchemes`.
    #[serde(rename = "securitySchemes", skip_serializing_if = "Option::is_none")]
    pub security_schemes: Option<Value>,
    /// `securityRequirements`.
    #[serde(rename = "securityRequirements", skip_serializing_if = "Option::is_none")]
    pub security_requirements: Option<Vec<Value>>,
    /// `defaultInputModes`.
    #[serde(rename = "defaultInputModes")]
    pub default_input_modes: Vec<String>,
    /// `defaultOutputModes`.
    #[serde(rename = "defaultOutputModes")]
    pub default_output_modes: Vec<String>,
    /// `skills`.
    pub skills: Vec<A2ASkill>,
    /// `signatures`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signatures: Option<Vec<Value>>,
    /// Further members.
    #[serde(flatten)]
    pub extra: serde_json::Map<String, Value>,
}

impl A2ACard {
    /// One with what is required of it.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        description: impl Into<String>,
        version: impl Into<String>,
        supported_interfaces: impl IntoIterator<Item = A2AInterface>,
        default_input_modes: impl IntoIterator<Item = impl Into<String>>,
        default_output_modes: impl IntoIterator<Item = impl Into<String>>,
        skills: impl IntoIterator<Item = A2ASkill>,
    ) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            version: version.into(),
            supported_interfaces: supported_interfaces.into_iter().collect(),
            provider: None,
            documentation_url: None,
            icon_url: None,
            capabilities: None,
            security_schemes: None,
            security_requirements: None,
            default_input_modes: default_input_modes.into_iter().map(Into::into).collect(),
            default_output_modes: default_output_modes.into_iter().map(Into::into).collect(),
            skills: skills.into_iter().collect(),
            signatures: None,
            extra: serde_json::Map::new(),
        }
    }

    /// Set `provider`.
    #[must_use]
    pub fn provider(mut self, provider: impl Into<Value>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// Set `documentationUrl`.
    #[must_use]
    pub fn documentation_url(mut self, documentation_url: impl Into<String>) -> Self {
        self.documentation_url = Some(documentation_url.into());
        self
    }

    /// Set `iconUrl`.
    #[must_use]
    pub fn icon_url(mut self, icon_url: impl Into<String>) -> Self {
        self.icon_url = Some(icon_url.into());
        self
    }

    /// Set `capabilities`.
    #[must_use]
    pub fn capabilities(mut self, capabilities: impl Into<Value>) -> Self {
        self.capabilities = Some(capabilities.into());
        self
    }

    /// Set `securitySchemes`.
    #[must_use]
    pub fn security_schemes(mut self, security_schemes: impl Into<Value>) -> Self {
        self.security_schemes = Some(security_schemes.into());
        self
    }

    /// Set `securityRequirements`.
    #[must_use]
    pub fn security_requirements(mut self, security_requirements: impl IntoIterator<Item = impl Into<Value>>) -> Self {
        self.security_requirements = Some(security_requirements.into_iter().map(Into::into).collect());
        self
    }

    /// Set `signatures`.
    #[must_use]
    pub fn signatures(mut self, signatures: impl IntoIterator<Item = impl Into<Value>>) -> Self {
        self.signatures = Some(signatures.into_iter().map(Into::into).collect());
        self
    }
}

/// The agents whose cards the caller may read, the front agent first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct A2ACatalogue {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `agents`.
    pub agents: Vec<A2ACatalogueEntry>,
}

/// An agent in the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct A2ACatalogueEntry {
    /// Null for the marketplace's front agent.
    pub agent_id: Option<String>,
    /// `name`.
    pub name: String,
    /// `description`.
    pub description: String,
    /// URL of its A2A endpoint.
    pub url: String,
    /// `card_url`.
    pub card_url: String,
    /// `tags`.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Null if it is free.
    pub pricing: Option<PricingInfo>,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
}

/// An interface of an agent: URL, binding and version (section 4.4.6).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct A2AInterface {
    /// `url`.
    pub url: String,
    /// `protocolBinding`.
    #[serde(rename = "protocolBinding")]
    pub protocol_binding: String,
    /// `protocolVersion`.
    #[serde(rename = "protocolVersion")]
    pub protocol_version: String,
    /// `tenant`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Further members.
    #[serde(flatten)]
    pub extra: serde_json::Map<String, Value>,
}

impl A2AInterface {
    /// One with what is required of it.
    #[must_use]
    pub fn new(
        url: impl Into<String>,
        protocol_binding: impl Into<String>,
        protocol_version: impl Into<String>,
    ) -> Self {
        Self {
            url: url.into(),
            protocol_binding: protocol_binding.into(),
            protocol_version: protocol_version.into(),
            tenant: None,
            extra: serde_json::Map::new(),
        }
    }

    /// Set `tenant`.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }
}

/// A message of the requester or of the agent (section 4.1.4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct A2AMessage {
    /// `messageId`.
    #[serde(rename = "messageId", skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// `contextId`.
    #[serde(rename = "contextId", skip_serializing_if = "Option::is_none")]
    pub context_id: Option<String>,
    /// `taskId`.
    #[serde(rename = "taskId", skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// `role`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<A2ARole>,
    /// `parts`.
    pub parts: Vec<Part>,
    /// `metadata`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// `extensions`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extensions: Option<Vec<String>>,
    /// `referenceTaskIds`.
    #[serde(rename = "referenceTaskIds", skip_serializing_if = "Option::is_none")]
    pub reference_task_ids: Option<Vec<String>>,
}

impl A2AMessage {
    /// One with what is required of it.
    #[must_use]
    pub fn new(parts: impl IntoIterator<Item = Part>) -> Self {
        Self {
            message_id: None,
            context_id: None,
            task_id: None,
            role: None,
            parts: parts.into_iter().collect(),
            metadata: None,
            extensions: None,
            reference_task_ids: None,
        }
    }

    /// Set `messageId`.
    #[must_use]
    pub fn message_id(mut self, message_id: impl Into<String>) -> Self {
        self.message_id = Some(message_id.into());
        self
    }

    /// Set `contextId`.
    #[must_use]
    pub fn context_id(mut self, context_id: impl Into<String>) -> Self {
        self.context_id = Some(context_id.into());
        self
    }

    /// Set `taskId`.
    #[must_use]
    pub fn task_id(mut self, task_id: impl Into<String>) -> Self {
        self.task_id = Some(task_id.into());
        self
    }

    /// Set `role`.
    #[must_use]
    pub fn role(mut self, role: impl Into<A2ARole>) -> Self {
        self.role = Some(role.into());
        self
    }

    /// Set `metadata`.
    #[must_use]
    pub fn metadata(mut self, metadata: impl Into<Value>) -> Self {
        self.metadata = Some(metadata.into());
        self
    }

    /// Set `extensions`.
    #[must_use]
    pub fn extensions(mut self, extensions: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.extensions = Some(extensions.into_iter().map(Into::into).collect());
        self
    }

    /// Set `referenceTaskIds`.
    #[must_use]
    pub fn reference_task_ids(mut self, reference_task_ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.reference_task_ids = Some(reference_task_ids.into_iter().map(Into::into).collect());
        self
    }
}

/// Where a task's updates are posted (section 4.3.1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct A2APushConfig {
    /// `id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `taskId`.
    #[serde(rename = "taskId", skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// `url`.
    pub url: String,
    /// `token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// `authentication`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authentication: Option<A2AAuthentication>,
    /// A2A version of the notifications: 1.0 posts each update, 0.3 posts the whole task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl A2APushConfig {
    /// One with what is required of it.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            id: None,
            task_id: None,
            url: url.into(),
            token: None,
            authentication: None,
            version: None,
        }
    }

    /// Set `id`.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Set `taskId`.
    #[must_use]
    pub fn task_id(mut self, task_id: impl Into<String>) -> Self {
        self.task_id = Some(task_id.into());
        self
    }

    /// Set `token`.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Set `authentication`.
    #[must_use]
    pub fn authentication(mut self, authentication: A2AAuthentication) -> Self {
        self.authentication = Some(authentication);
        self
    }

    /// A2A version of the notifications: 1.0 posts each update, 0.3 posts the whole task.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }
}

/// Push configurations of a task, in the order they were made (section 3.1.9).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct A2APushConfigs {
    /// `configs`.
    #[serde(default)]
    pub configs: Vec<A2APushConfig>,
    /// `nextPageToken`.
    #[serde(rename = "nextPageToken")]
    pub next_page_token: Option<String>,
}

/// The configuration is deleted, whether or not it existed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct A2APushDeletion {
    /// `task_id`.
    pub task_id: String,
    /// `config_id`.
    pub config_id: String,
}

/// The task that a message created or continued, or a direct answer (section 3.1.1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct A2ASendResult {
    /// `task`.
    pub task: Option<A2ATask>,
    /// `message`.
    pub message: Option<A2AMessage>,
}

/// A skill of an agent (section 4.4.5).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct A2ASkill {
    /// `id`.
    pub id: String,
    /// `name`.
    pub name: String,
    /// `description`.
    pub description: String,
    /// `tags`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// `examples`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub examples: Option<Vec<String>>,
    /// `inputModes`.
    #[serde(rename = "inputModes", skip_serializing_if = "Option::is_none")]
    pub input_modes: Option<Vec<String>>,
    /// `outputModes`.
    #[serde(rename = "outputModes", skip_serializing_if = "Option::is_none")]
    pub output_modes: Option<Vec<String>>,
    /// Further members.
    #[serde(flatten)]
    pub extra: serde_json::Map<String, Value>,
}

impl A2ASkill {
    /// One with what is required of it.
    #[must_use]
    pub fn new(id: impl Into<String>, name: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            description: description.into(),
            tags: None,
            examples: None,
            input_modes: None,
            output_modes: None,
            extra: serde_json::Map::new(),
        }
    }

    /// Set `tags`.
    #[must_use]
    pub fn tags(mut self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.tags = Some(tags.into_iter().map(Into::into).collect());
        self
    }

    /// Set `examples`.
    #[must_use]
    pub fn examples(mut self, examples: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.examples = Some(examples.into_iter().map(Into::into).collect());
        self
    }

    /// Set `inputModes`.
    #[must_use]
    pub fn input_modes(mut self, input_modes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.input_modes = Some(input_modes.into_iter().map(Into::into).collect());
        self
    }

    /// Set `outputModes`.
    #[must_use]
    pub fn output_modes(mut self, output_modes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.output_modes = Some(output_modes.into_iter().map(Into::into).collect());
        self
    }
}

/// Status of a task, with an optional message (section 4.1.2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct A2AStatus {
    /// `state`.
    pub state: A2AState,
    /// `message`.
    pub message: Option<A2AMessage>,
    /// `timestamp`.
    pub timestamp: Option<String>,
}

/// A task's state changed, or there is a new message about it (section 4.2.1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct A2AStatusUpdate {
    /// `taskId`.
    #[serde(rename = "taskId")]
    pub task_id: String,
    /// `contextId`.
    #[serde(rename = "contextId")]
    pub context_id: String,
    /// `status`.
    pub status: A2AStatus,
    /// `metadata`.
    pub metadata: Option<Value>,
}

/// A task as an A2A client sees it (section 4.1.1).
///
/// `metadata` is the requester's. The marketplace adds the key `agora` with `agent` (id), `progress` (percent)
/// and `position`, from which `agora.a2a.subscribe` can resume.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct A2ATask {
    /// `id`.
    pub id: String,
    /// `contextId`.
    #[serde(rename = "contextId")]
    pub context_id: String,
    /// `status`.
    pub status: A2AStatus,
    /// `artifacts`.
    pub artifacts: Option<Vec<A2AArtifact>>,
    /// `history`.
    pub history: Option<Vec<A2AMessage>>,
    /// `metadata`.
    pub metadata: Option<Value>,
}

/// A page of tasks, most recently changed first (section 3.1.4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct A2ATaskList {
    /// `tasks`.
    pub tasks: Vec<A2ATask>,
    /// Empty on the last page.
    #[serde(rename = "nextPageToken", default)]
    pub next_page_token: String,
    /// `pageSize`.
    #[serde(rename = "pageSize")]
    pub page_size: i64,
    /// Number of matches, counted up to 10,000.
    #[serde(rename = "totalSize")]
    pub total_size: i64,
}

/// One item of a stream: the task, then its updates (section 3.2.3).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct A2AUpdate {
    /// `task`.
    pub task: Option<A2ATask>,
    /// `message`.
    pub message: Option<A2AMessage>,
    /// `statusUpdate`.
    #[serde(rename = "statusUpdate")]
    pub status_update: Option<A2AStatusUpdate>,
    /// `artifactUpdate`.
    #[serde(rename = "artifactUpdate")]
    pub artifact_update: Option<A2AArtifactUpdate>,
}

/// The accepted items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Acceptance {
    /// `upstream_id`.
    pub upstream_id: String,
    /// `name`.
    pub name: String,
    /// `accepted`.
    #[serde(default)]
    pub accepted: Vec<String>,
}

/// Receipt of a message. The message is committed to the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Accepted {
    /// `message_id`.
    pub message_id: String,
    /// Id set by the sender; otherwise the message_id.
    pub id: String,
    /// `conversation_id`.
    pub conversation_id: String,
    /// `status`.
    #[serde(default)]
    pub status: DeliveryState,
    /// RFC 3339 time with an offset.
    pub timestamp: String,
    /// Number of recipients; null for a broadcast.
    pub recipients: Option<i64>,
    /// Reason for a delay, such as an unregistered name, or why an answer without reply_to could not be correlated.
    pub warning: Option<String>,
    /// Recipients that are not registered; the message is held for them.
    pub unregistered: Option<Vec<String>>,
    /// Time after which it counts as unanswered (expected.timeout).
    pub due_at: Option<String>,
    /// Whether a message with the same id was sent before.
    #[serde(default)]
    pub replayed: bool,
    /// Immediate answer from the marketplace itself.
    pub answer: Option<AgentMessage>,
}

/// ActiveOverride, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ActiveOverride {
    /// `override_id`.
    pub override_id: String,
    /// An agent or workflow, or 'system_wide'.
    pub target_id: String,
    /// `action`.
    pub action: OverrideAction,
    /// Who made it.
    pub by: String,
    /// Its authority; lifting it needs at least the same authority.
    pub priority: i64,
    /// `reason`.
    #[serde(default)]
    pub reason: String,
    /// RFC 3339 time with an offset.
    pub since: String,
    /// `expires_at`.
    pub expires_at: Option<String>,
}

/// Public profile of an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Agent {
    /// `agent_id`.
    pub agent_id: String,
    /// `agent_name`.
    pub agent_name: String,
    /// Address in the agent protocol, agent.COMPANY.NAME.
    pub alias: Option<String>,
    /// `description`.
    #[serde(default)]
    pub description: String,
    /// `capabilities`.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// Granted service tier, which decides the rate limit.
    #[serde(default)]
    pub service_tier: ServiceTier,
    /// Tier requested at the last registration; an operator may grant it.
    #[serde(default)]
    pub requested_tier: ServiceTier,
    /// `status`.
    #[serde(default)]
    pub status: AgentStatus,
    /// `category`.
    #[serde(default)]
    pub category: String,
    /// `tags`.
    #[serde(default)]
    pub tags: Vec<String>,
    /// `visibility`.
    #[serde(default)]
    pub visibility: Visibility,
    /// `endpoints`.
    #[serde(default)]
    pub endpoints: BTreeMap<String, String>,
    /// `metadata`.
    #[serde(default)]
    pub metadata: Value,
    /// `max_concurrent_tasks`.
    #[serde(default = "default_i64_1")]
    pub max_concurrent_tasks: i64,
    /// What to do with a new task while an earlier task of the same requester, agent and context is running: wait until that one ends or asks a question (enqueue), reject the new one (reject), cancel the earlier one and keep it in the conversation (interrupt) or remove it from the conversation (rollback), or run both (concurrent).
    #[serde(default = "default_string_enqueue")]
    pub busy: String,
    /// `proficiency_level`.
    pub proficiency_level: Option<i64>,
    /// RFC 3339 time with an offset.
    pub registered_at: String,
    /// RFC 3339 time with an offset.
    pub last_activity: String,
    /// Fraction of capacity in use, 0 to 1: as last reported, else derived from its tasks.
    #[serde(default)]
    pub load: f64,
    /// Fraction of the time since registration in which it was reachable, 0 to 1.
    #[serde(default = "default_f64_1_0")]
    pub availability: f64,
    /// Mean rating, 0 to 10; null without ratings.
    pub reputation: Option<f64>,
    /// `rating_count`.
    #[serde(default)]
    pub rating_count: i64,
    /// Public keys for encrypting messages to it; use the first.
    #[serde(default)]
    pub public_keys: Vec<PublicKey>,
}

/// Monthly budget of all use of an agent, as in agora.billing.budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgentBudget {
    /// No work is started beyond it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hard_limit: Option<f64>,
    /// Above it, the cheapest of its models is used; default: 80 % of the hard limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub soft_limit: Option<f64>,
    /// `currency`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

impl Default for AgentBudget {
    fn default() -> Self {
        Self::new()
    }
}

impl AgentBudget {
    /// One with what is required of it.
    #[must_use]
    pub fn new() -> Self {
        Self {
            hard_limit: None,
            soft_limit: None,
            currency: None,
        }
    }

    /// No work is started beyond it.
    #[must_use]
    pub fn hard_limit(mut self, hard_limit: f64) -> Self {
        self.hard_limit = Some(hard_limit);
        self
    }

    /// Above it, the cheapest of its models is used; default: 80 % of the hard limit.
    #[must_use]
    pub fn soft_limit(mut self, soft_limit: f64) -> Self {
        self.soft_limit = Some(soft_limit);
        self
    }

    /// Set `currency`.
    #[must_use]
    pub fn currency(mut self, currency: impl Into<String>) -> Self {
        self.currency = Some(currency.into());
        self
    }
}

/// Cost of one agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgentCost {
    /// `total_cost`.
    #[serde(default)]
    pub total_cost: f64,
    /// `currency`.
    pub currency: String,
    /// Seconds of measured running time.
    #[serde(default)]
    pub usage_time: f64,
    /// `task_executions`.
    #[serde(default)]
    pub task_executions: i64,
    /// `cost_breakdown`.
    pub cost_breakdown: CostBreakdown,
    /// `input_tokens`.
    #[serde(default)]
    pub input_tokens: i64,
    /// `output_tokens`.
    #[serde(default)]
    pub output_tokens: i64,
    /// Accrued cost: running time that is not in the ledger yet.
    #[serde(default)]
    pub accrued_cost: f64,
    /// `agent_id`.
    pub agent_id: String,
    /// `agent_name`.
    pub agent_name: String,
}

/// AgentHeartbeat, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgentHeartbeat {
    /// `agent_id`.
    pub agent_id: String,
    /// `status`.
    pub status: AgentStatus,
    /// RFC 3339 time with an offset.
    pub last_activity: String,
    /// Time at which the agent is marked offline unless another heartbeat arrives.
    pub next_before: String,
}

/// Limits of one task. When one is reached, the agent reports which.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgentLimits {
    /// Number of model calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<i64>,
    /// Total of input and output tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<i64>,
    /// Working time of all attempts, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Maximum tokens of one response; determines the amount reserved for a call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<i64>,
    /// Maximum cost of model calls, in the currency of their prices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// Maximum depth of declared agents asking each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depth: Option<i64>,
}

impl Default for AgentLimits {
    fn default() -> Self {
        Self::new()
    }
}

impl AgentLimits {
    /// One with what is required of it.
    #[must_use]
    pub fn new() -> Self {
        Self {
            steps: None,
            tokens: None,
            seconds: None,
            output_tokens: None,
            cost: None,
            depth: None,
        }
    }

    /// Number of model calls.
    #[must_use]
    pub fn steps(mut self, steps: i64) -> Self {
        self.steps = Some(steps);
        self
    }

    /// Total of input and output tokens.
    #[must_use]
    pub fn tokens(mut self, tokens: i64) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// Working time of all attempts, in seconds.
    #[must_use]
    pub fn seconds(mut self, seconds: f64) -> Self {
        self.seconds = Some(seconds);
        self
    }

    /// Maximum tokens of one response; determines the amount reserved for a call.
    #[must_use]
    pub fn output_tokens(mut self, output_tokens: i64) -> Self {
        self.output_tokens = Some(output_tokens);
        self
    }

    /// Maximum cost of model calls, in the currency of their prices.
    #[must_use]
    pub fn cost(mut self, cost: f64) -> Self {
        self.cost = Some(cost);
        self
    }

    /// Maximum depth of declared agents asking each other.
    #[must_use]
    pub fn depth(mut self, depth: i64) -> Self {
        self.depth = Some(depth);
        self
    }
}

/// Memory of an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgentMemory {
    /// Whether it remembers earlier tasks of the same context.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<bool>,
    /// Namespace prefix of its values in agora.memory, separate for each requester; default: the agent's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

impl Default for AgentMemory {
    fn default() -> Self {
        Self::new()
    }
}

impl AgentMemory {
    /// One with what is required of it.
    #[must_use]
    pub fn new() -> Self {
        Self {
            conversation: None,
            namespace: None,
        }
    }

    /// Whether it remembers earlier tasks of the same context.
    #[must_use]
    pub fn conversation(mut self, conversation: bool) -> Self {
        self.conversation = Some(conversation);
        self
    }

    /// Namespace prefix of its values in agora.memory, separate for each requester; default: the agent's name.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }
}

/// A message of the agent protocol. Unknown fields are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgentMessage {
    /// Unique per sender. A message with the same id is sent once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `ts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ts: Option<String>,
    /// `type`.
    pub r#type: Performative,
    /// Sender; default: the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// `to`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Vec<String>>,
    /// `intent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
    /// `task`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// `payload`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<Value>,
    /// `context`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Value>,
    /// `correlation`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Correlation>,
    /// `expected`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Expected>,
    /// `status`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Progress>,
    /// `security`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security: Option<Security>,
    /// Further members.
    #[serde(flatten)]
    pub extra: serde_json::Map<String, Value>,
}

impl AgentMessage {
    /// One with what is required of it.
    #[must_use]
    pub fn new(r#type: impl Into<Performative>) -> Self {
        Self {
            id: None,
            ts: None,
            r#type: r#type.into(),
            sender: None,
            to: None,
            intent: None,
            task: None,
            payload: None,
            context: None,
            correlation: None,
            expected: None,
            status: None,
            security: None,
            extra: serde_json::Map::new(),
        }
    }

    /// Unique per sender. A message with the same id is sent once.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Set `ts`.
    #[must_use]
    pub fn ts(mut self, ts: impl Into<String>) -> Self {
        self.ts = Some(ts.into());
        self
    }

    /// Sender; default: the caller.
    #[must_use]
    pub fn sender(mut self, sender: impl Into<String>) -> Self {
        self.sender = Some(sender.into());
        self
    }

    /// Set `to`.
    #[must_use]
    pub fn to(mut self, to: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.to = Some(to.into_iter().map(Into::into).collect());
        self
    }

    /// Set `intent`.
    #[must_use]
    pub fn intent(mut self, intent: impl Into<String>) -> Self {
        self.intent = Some(intent.into());
        self
    }

    /// Set `task`.
    #[must_use]
    pub fn task(mut self, task: impl Into<String>) -> Self {
        self.task = Some(task.into());
        self
    }

    /// Set `payload`.
    #[must_use]
    pub fn payload(mut self, payload: impl Into<Value>) -> Self {
        self.payload = Some(payload.into());
        self
    }

    /// Set `context`.
    #[must_use]
    pub fn context(mut self, context: impl Into<Value>) -> Self {
        self.context = Some(context.into());
        self
    }

    /// Set `correlation`.
    #[must_use]
    pub fn correlation(mut self, correlation: Correlation) -> Self {
        self.correlation = Some(correlation);
        self
    }

    /// Set `expected`.
    #[must_use]
    pub fn expected(mut self, expected: Expected) -> Self {
        self.expected = Some(expected);
        self
    }

    /// Set `status`.
    #[must_use]
    pub fn status(mut self, status: Progress) -> Self {
        self.status = Some(status);
        self
    }

    /// Set `security`.
    #[must_use]
    pub fn security(mut self, security: Security) -> Self {
        self.security = Some(security);
        self
    }
}

/// AgentPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgentPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `agents`.
    pub agents: Vec<Agent>,
}

/// Price of each completed task, paid by the requester in addition to model calls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgentPrice {
    /// `task`.
    pub task: f64,
    /// `currency`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

impl AgentPrice {
    /// One with what is required of it.
    #[must_use]
    pub fn new(task: f64) -> Self {
        Self { task, currency: None }
    }

    /// Set `currency`.
    #[must_use]
    pub fn currency(mut self, currency: impl Into<String>) -> Self {
        self.currency = Some(currency.into());
        self
    }
}

/// An agent's share in a workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgentShare {
    /// `agent_id`.
    pub agent_id: String,
    /// `agent_name`.
    pub agent_name: Option<String>,
    /// `completed`.
    #[serde(default)]
    pub completed: i64,
    /// `failed`.
    #[serde(default)]
    pub failed: i64,
    /// `running`.
    #[serde(default)]
    pub running: i64,
    /// `mean_seconds`.
    pub mean_seconds: Option<f64>,
}

/// Specification of a declared agent: instructions, model, tools and limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgentSpecification {
    /// PROVIDER:MODEL, with a provider of agora.model_provider, or 'default' for the model in the server's settings.
    pub model: String,
    /// System prompt: the agent's role and task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// Description for people and other agents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Capabilities of the agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Vec<String>>,
    /// Fallback models, tried in order if the previous one fails. Near a budget limit, the cheapest model is tried first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallbacks: Option<Vec<String>>,
    /// Allowed tools. Nothing else can be called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<String>>,
    /// Tools (entries of 'tools') whose calls need a person's approval; '*' for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<Vec<String>>,
    /// Agents or users (names or ids) that may use it; '*' for everyone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub askers: Option<Vec<String>>,
    /// JSON schema (an object) of the task result; default: plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Value>,
    /// Bounds of one task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<AgentLimits>,
    /// What it remembers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<AgentMemory>,
    /// Price of a task; default: free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<AgentPrice>,
    /// Monthly budget of the agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<AgentBudget>,
    /// What to do with a new task while an earlier task of the same requester, agent and context is running: wait until that one ends or asks a question (enqueue), reject the new one (reject), cancel the earlier one and keep it in the conversation (interrupt) or remove it from the conversation (rollback), or run both (concurrent).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub busy: Option<String>,
    /// Tasks at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_concurrent_tasks: Option<i64>,
}

impl AgentSpecification {
    /// One with what is required of it.
    #[must_use]
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            instructions: None,
            description: None,
            capabilities: None,
            fallbacks: None,
            tools: None,
            approval: None,
            askers: None,
            output_schema: None,
            limits: None,
            memory: None,
            price: None,
            budget: None,
            busy: None,
            max_concurrent_tasks: None,
        }
    }

    /// System prompt: the agent's role and task.
    #[must_use]
    pub fn instructions(mut self, instructions: impl Into<String>) -> Self {
        self.instructions = Some(instructions.into());
        self
    }

    /// Description for people and other agents.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Capabilities of the agent.
    #[must_use]
    pub fn capabilities(mut self, capabilities: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.capabilities = Some(capabilities.into_iter().map(Into::into).collect());
        self
    }

    /// Fallback models, tried in order if the previous one fails. Near a budget limit, the cheapest model is tried first.
    #[must_use]
    pub fn fallbacks(mut self, fallbacks: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.fallbacks = Some(fallbacks.into_iter().map(Into::into).collect());
        self
    }

    /// Allowed tools. Nothing else can be called.
    #[must_use]
    pub fn tools(mut self, tools: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.tools = Some(tools.into_iter().map(Into::into).collect());
        self
    }

    /// Tools (entries of 'tools') whose calls need a person's approval; '*' for all.
    #[must_use]
    pub fn approval(mut self, approval: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.approval = Some(approval.into_iter().map(Into::into).collect());
        self
    }

    /// Agents or users (names or ids) that may use it; '*' for everyone.
    #[must_use]
    pub fn askers(mut self, askers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.askers = Some(askers.into_iter().map(Into::into).collect());
        self
    }

    /// JSON schema (an object) of the task result; default: plain text.
    #[must_use]
    pub fn output_schema(mut self, output_schema: impl Into<Value>) -> Self {
        self.output_schema = Some(output_schema.into());
        self
    }

    /// Bounds of one task.
    #[must_use]
    pub fn limits(mut self, limits: AgentLimits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// What it remembers.
    #[must_use]
    pub fn memory(mut self, memory: AgentMemory) -> Self {
        self.memory = Some(memory);
        self
    }

    /// Price of a task; default: free.
    #[must_use]
    pub fn price(mut self, price: AgentPrice) -> Self {
        self.price = Some(price);
        self
    }

    /// Monthly budget of the agent.
    #[must_use]
    pub fn budget(mut self, budget: AgentBudget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// What to do with a new task while an earlier task of the same requester, agent and context is running: wait until that one ends or asks a question (enqueue), reject the new one (reject), cancel the earlier one and keep it in the conversation (interrupt) or remove it from the conversation (rollback), or run both (concurrent).
    #[must_use]
    pub fn busy(mut self, busy: impl Into<String>) -> Self {
        self.busy = Some(busy.into());
        self
    }

    /// Tasks at once.
    #[must_use]
    pub fn max_concurrent_tasks(mut self, max_concurrent_tasks: i64) -> Self {
        self.max_concurrent_tasks = Some(max_concurrent_tasks);
        self
    }
}

/// AgentStatusReport, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgentStatusReport {
    /// `agent_id`.
    pub agent_id: String,
    /// `agent_name`.
    pub agent_name: String,
    /// `status`.
    pub status: AgentStatus,
    /// RFC 3339 time with an offset.
    pub registered_at: String,
    /// RFC 3339 time with an offset.
    pub last_activity: String,
    /// `load`.
    pub load: f64,
    /// `availability`.
    pub availability: f64,
    /// `reputation`.
    pub reputation: Option<f64>,
    /// `rating_count`.
    pub rating_count: i64,
    /// `unread_messages`.
    pub unread_messages: i64,
}

/// A tool as presented to the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgentTool {
    /// Letters, digits, underscores and hyphens; at most 64.
    pub name: String,
    /// The operation that it calls.
    pub operation: String,
    /// `description`.
    pub description: String,
    /// `input_schema`.
    pub input_schema: Value,
    /// `needs_approval`.
    #[serde(default)]
    pub needs_approval: bool,
    /// Whether its result is another agent's answer.
    #[serde(default)]
    pub asks_agent: bool,
    /// Whether its result becomes the task's result.
    #[serde(default)]
    pub hands_over: bool,
}

/// The tools of one declared agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgentTools {
    /// `tools`.
    pub tools: Vec<AgentTool>,
}

/// An app of the marketplace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct App {
    /// `app_id`.
    pub app_id: String,
    /// `name`.
    pub name: String,
    /// `alias`.
    pub alias: Option<String>,
    /// `description`.
    #[serde(default)]
    pub description: String,
    /// `industry`.
    #[serde(default)]
    pub industry: String,
    /// `version`.
    #[serde(default)]
    pub version: String,
    /// Revision number, from 1.
    #[serde(default = "default_i64_1")]
    pub revision: i64,
    /// Name of the agent that users talk to.
    pub orchestrator_agent: Option<String>,
    /// `orchestrator_agent_id`.
    pub orchestrator_agent_id: Option<String>,
    /// Capabilities of the agents that it uses.
    #[serde(default)]
    pub uses: Vec<String>,
    /// Price of the orchestrator agent. Other agents that the app uses have their own prices.
    pub pricing: Option<PricingInfo>,
    /// `visibility`.
    #[serde(default)]
    pub visibility: Visibility,
    /// Owner account; visible to the owner and operators.
    pub account: Option<String>,
    /// Bundled agents, which are removed with the app.
    #[serde(default)]
    pub agents: Vec<String>,
    /// Whether it has a workflow that agora.app.run can start.
    #[serde(default)]
    pub runnable: bool,
    /// Why it cannot be used now.
    pub problem: Option<String>,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
}

/// A declared agent bundled with the app, in the form of agora.declared_agent.apply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AppAgent {
    /// PROVIDER:MODEL, with a provider of agora.model_provider, or 'default' for the model in the server's settings.
    pub model: String,
    /// System prompt: the agent's role and task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// Description for people and other agents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Capabilities of the agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Vec<String>>,
    /// Fallback models, tried in order if the previous one fails. Near a budget limit, the cheapest model is tried first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallbacks: Option<Vec<String>>,
    /// Allowed tools. Nothing else can be called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<String>>,
    /// Tools (entries of 'tools') whose calls need a person's approval; '*' for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<Vec<String>>,
    /// Agents or users (names or ids) that may use it; '*' for everyone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub askers: Option<Vec<String>>,
    /// JSON schema (an object) of the task result; default: plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Value>,
    /// Bounds of one task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<AgentLimits>,
    /// What it remembers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<AgentMemory>,
    /// Price of a task; default: free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<AgentPrice>,
    /// Monthly budget of the agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<AgentBudget>,
    /// What to do with a new task while an earlier task of the same requester, agent and context is running: wait until that one ends or asks a question (enqueue), reject the new one (reject), cancel the earlier one and keep it in the conversation (interrupt) or remove it from the conversation (rollback), or run both (concurrent).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub busy: Option<String>,
    /// Tasks at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_concurrent_tasks: Option<i64>,
    /// Name of the agent, unique in the marketplace; no slash, no control character.
    pub name: String,
}

impl AppAgent {
    /// One with what is required of it.
    #[must_use]
    pub fn new(model: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            instructions: None,
            description: None,
            capabilities: None,
            fallbacks: None,
            tools: None,
            approval: None,
            askers: None,
            output_schema: None,
            limits: None,
            memory: None,
            price: None,
            budget: None,
            busy: None,
            max_concurrent_tasks: None,
            name: name.into(),
        }
    }

    /// System prompt: the agent's role and task.
    #[must_use]
    pub fn instructions(mut self, instructions: impl Into<String>) -> Self {
        self.instructions = Some(instructions.into());
        self
    }

    /// Description for people and other agents.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Capabilities of the agent.
    #[must_use]
    pub fn capabilities(mut self, capabilities: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.capabilities = Some(capabilities.into_iter().map(Into::into).collect());
        self
    }

    /// Fallback models, tried in order if the previous one fails. Near a budget limit, the cheapest model is tried first.
    #[must_use]
    pub fn fallbacks(mut self, fallbacks: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.fallbacks = Some(fallbacks.into_iter().map(Into::into).collect());
        self
    }

    /// Allowed tools. Nothing else can be called.
    #[must_use]
    pub fn tools(mut self, tools: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.tools = Some(tools.into_iter().map(Into::into).collect());
        self
    }

    /// Tools (entries of 'tools') whose calls need a person's approval; '*' for all.
    #[must_use]
    pub fn approval(mut self, approval: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.approval = Some(approval.into_iter().map(Into::into).collect());
        self
    }

    /// Agents or users (names or ids) that may use it; '*' for everyone.
    #[must_use]
    pub fn askers(mut self, askers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.askers = Some(askers.into_iter().map(Into::into).collect());
        self
    }

    /// JSON schema (an object) of the task result; default: plain text.
    #[must_use]
    pub fn output_schema(mut self, output_schema: impl Into<Value>) -> Self {
        self.output_schema = Some(output_schema.into());
        self
    }

    /// Bounds of one task.
    #[must_use]
    pub fn limits(mut self, limits: AgentLimits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// What it remembers.
    #[must_use]
    pub fn memory(mut self, memory: AgentMemory) -> Self {
        self.memory = Some(memory);
        self
    }

    /// Price of a task; default: free.
    #[must_use]
    pub fn price(mut self, price: AgentPrice) -> Self {
        self.price = Some(price);
        self
    }

    /// Monthly budget of the agent.
    #[must_use]
    pub fn budget(mut self, budget: AgentBudget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// What to do with a new task while an earlier task of the same requester, agent and context is running: wait until that one ends or asks a question (enqueue), reject the new one (reject), cancel the earlier one and keep it in the conversation (interrupt) or remove it from the conversation (rollback), or run both (concurrent).
    #[must_use]
    pub fn busy(mut self, busy: impl Into<String>) -> Self {
        self.busy = Some(busy.into());
        self
    }

    /// Tasks at once.
    #[must_use]
    pub fn max_concurrent_tasks(mut self, max_concurrent_tasks: i64) -> Self {
        self.max_concurrent_tasks = Some(max_concurrent_tasks);
        self
    }
}

/// An app after it was installed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AppChange {
    /// `app_id`.
    pub app_id: String,
    /// `name`.
    pub name: String,
    /// `alias`.
    pub alias: Option<String>,
    /// `description`.
    #[serde(default)]
    pub description: String,
    /// `industry`.
    #[serde(default)]
    pub industry: String,
    /// `version`.
    #[serde(default)]
    pub version: String,
    /// Revision number, from 1.
    #[serde(default = "default_i64_1")]
    pub revision: i64,
    /// Name of the agent that users talk to.
    pub orchestrator_agent: Option<String>,
    /// `orchestrator_agent_id`.
    pub orchestrator_agent_id: Option<String>,
    /// Capabilities of the agents that it uses.
    #[serde(default)]
    pub uses: Vec<String>,
    /// Price of the orchestrator agent. Other agents that the app uses have their own prices.
    pub pricing: Option<PricingInfo>,
    /// `visibility`.
    #[serde(default)]
    pub visibility: Visibility,
    /// Owner account; visible to the owner and operators.
    pub account: Option<String>,
    /// Bundled agents, which are removed with the app.
    #[serde(default)]
    pub agents: Vec<String>,
    /// Whether it has a workflow that agora.app.run can start.
    #[serde(default)]
    pub runnable: bool,
    /// Why it cannot be used now.
    pub problem: Option<String>,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
    /// The workflow that agora.app.run starts, as submitted.
    pub workflow: Option<Value>,
    /// `change`.
    pub change: String,
    /// Changed fields; agents as agents.NAME.
    #[serde(default)]
    pub changed: Vec<String>,
}

/// An app with its workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AppDetails {
    /// `app_id`.
    pub app_id: String,
    /// `name`.
    pub name: String,
    /// `alias`.
    pub alias: Option<String>,
    /// `description`.
    #[serde(default)]
    pub description: String,
    /// `industry`.
    #[serde(default)]
    pub industry: String,
    /// `version`.
    #[serde(default)]
    pub version: String,
    /// Revision number, from 1.
    #[serde(default = "default_i64_1")]
    pub revision: i64,
    /// Name of the agent that users talk to.
    pub orchestrator_agent: Option<String>,
    /// `orchestrator_agent_id`.
    pub orchestrator_agent_id: Option<String>,
    /// Capabilities of the agents that it uses.
    #[serde(default)]
    pub uses: Vec<String>,
    /// Price of the orchestrator agent. Other agents that the app uses have their own prices.
    pub pricing: Option<PricingInfo>,
    /// `visibility`.
    #[serde(default)]
    pub visibility: Visibility,
    /// Owner account; visible to the owner and operators.
    pub account: Option<String>,
    /// Bundled agents, which are removed with the app.
    #[serde(default)]
    pub agents: Vec<String>,
    /// Whether it has a workflow that agora.app.run can start.
    #[serde(default)]
    pub runnable: bool,
    /// Why it cannot be used now.
    pub problem: Option<String>,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
    /// The workflow that agora.app.run starts, as submitted.
    pub workflow: Option<Value>,
}

/// Apps, without their workflows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AppPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `apps`.
    pub apps: Vec<App>,
}

/// The price of the app's orchestrator agent, as agora.billing.set_price takes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AppPrice {
    /// `type`.
    pub r#type: PricingType,
    /// `price`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<f64>,
    /// `currency`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// `base_price`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_price: Option<f64>,
    /// `task_price`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_price: Option<f64>,
    /// `usage_unit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_unit: Option<String>,
    /// `input_price`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_price: Option<f64>,
    /// `output_price`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_price: Option<f64>,
}

impl AppPrice {
    /// One with what is required of it.
    #[must_use]
    pub fn new(r#type: impl Into<PricingType>) -> Self {
        Self {
            r#type: r#type.into(),
            price: None,
            currency: None,
            base_price: None,
            task_price: None,
            usage_unit: None,
            input_price: None,
            output_price: None,
        }
    }

    /// Set `price`.
    #[must_use]
    pub fn price(mut self, price: f64) -> Self {
        self.price = Some(price);
        self
    }

    /// Set `currency`.
    #[must_use]
    pub fn currency(mut self, currency: impl Into<String>) -> Self {
        self.currency = Some(currency.into());
        self
    }

    /// Set `base_price`.
    #[must_use]
    pub fn base_price(mut self, base_price: f64) -> Self {
        self.base_price = Some(base_price);
        self
    }

    /// Set `task_price`.
    #[must_use]
    pub fn task_price(mut self, task_price: f64) -> Self {
        self.task_price = Some(task_price);
        self
    }

    /// Set `usage_unit`.
    #[must_use]
    pub fn usage_unit(mut self, usage_unit: impl Into<String>) -> Self {
        self.usage_unit = Some(usage_unit.into());
        self
    }

    /// Set `input_price`.
    #[must_use]
    pub fn input_price(mut self, input_price: f64) -> Self {
        self.input_price = Some(input_price);
        self
    }

    /// Set `output_price`.
    #[must_use]
    pub fn output_price(mut self, output_price: f64) -> Self {
        self.output_price = Some(output_price);
        self
    }
}

/// AppRemoval, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AppRemoval {
    /// `app_id`.
    pub app_id: String,
    /// `name`.
    pub name: String,
    /// Declared agents that were removed with it.
    #[serde(default)]
    pub agents: Vec<String>,
}

/// The workflow that agora.app.run starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AppWorkflow {
    /// Steps, as agora.workflow.create takes them.
    pub steps: Vec<Step>,
    /// Agents for steps that name no agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_agents: Option<Vec<String>>,
    /// Default input of each run; the caller's input overrides it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
    /// Priority of the step tasks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
}

impl AppWorkflow {
    /// One with what is required of it.
    #[must_use]
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            steps: steps.into_iter().collect(),
            assigned_agents: None,
            input: None,
            priority: None,
        }
    }

    /// Agents for steps that name no agent.
    #[must_use]
    pub fn assigned_agents(mut self, assigned_agents: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.assigned_agents = Some(assigned_agents.into_iter().map(Into::into).collect());
        self
    }

    /// Default input of each run; the caller's input overrides it.
    #[must_use]
    pub fn input(mut self, input: impl Into<Value>) -> Self {
        self.input = Some(input.into());
        self
    }

    /// Priority of the step tasks.
    #[must_use]
    pub fn priority(mut self, priority: impl Into<Priority>) -> Self {
        self.priority = Some(priority.into());
        self
    }
}

/// A declared agent after apply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AppliedAgent {
    /// `name`.
    pub name: String,
    /// `agent_id`.
    pub agent_id: String,
    /// `version`.
    pub version: i64,
    /// `specification`.
    pub specification: AgentSpecification,
    /// `declared_by`.
    pub declared_by: String,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
    /// Why it cannot run, such as a model without a provider.
    pub problem: Option<String>,
    /// `change`.
    pub change: String,
    /// Fields that differ from the previous version.
    #[serde(default)]
    pub changed: Vec<String>,
}

/// A job of a group, in comparison. Tokens and cost are estimates reported by its agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Attempt {
    /// `number`.
    pub number: i64,
    /// The job. Its branch and its review are named after it.
    pub task_id: String,
    /// What was required of its worker.
    pub variant: String,
    /// The job that goes on in its session; task_id if there is none.
    pub latest_task_id: String,
    /// Of latest_task_id; null once retention deleted it.
    pub status: Option<TaskStatus>,
    /// `worker`.
    pub worker: Option<String>,
    /// `error`.
    pub error: Option<String>,
    /// Beginning of what the agent said at the end.
    #[serde(default)]
    pub text: String,
    /// null: it has handed over no changes.
    pub review: Option<String>,
    /// `files`.
    #[serde(default)]
    pub files: i64,
    /// `additions`.
    #[serde(default)]
    pub additions: i64,
    /// `deletions`.
    #[serde(default)]
    pub deletions: i64,
    /// Exit code of the repository's check; null if none has run.
    pub check: Option<i64>,
    /// `input_tokens`.
    #[serde(default)]
    pub input_tokens: i64,
    /// `output_tokens`.
    #[serde(default)]
    pub output_tokens: i64,
    /// `cost`.
    pub cost: Option<f64>,
    /// `currency`.
    pub currency: Option<String>,
    /// `started_at`.
    pub started_at: Option<String>,
    /// `completed_at`.
    pub completed_at: Option<String>,
}

/// Several jobs with the same prompt in one codebase, each on its own branch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AttemptGroup {
    /// `group_id`.
    pub group_id: String,
    /// `title`.
    pub title: String,
    /// `codebase_id`.
    pub codebase_id: String,
    /// `requester`.
    pub requester: String,
    /// The job that was chosen.
    pub chosen: Option<String>,
    /// `chosen_by`.
    pub chosen_by: Option<String>,
    /// `attempts`.
    pub attempts: Vec<Attempt>,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
}

/// AttemptGroupPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AttemptGroupPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `groups`.
    pub groups: Vec<AttemptGroup>,
}

/// AuditEntry, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditEntry {
    /// `audit_id`.
    pub audit_id: String,
    /// RFC 3339 time with an offset.
    pub time: String,
    /// `actor`.
    pub actor: String,
    /// `operation`.
    pub operation: String,
    /// `target`.
    pub target: Option<String>,
    /// `outcome`.
    pub outcome: String,
    /// `detail`.
    pub detail: Option<String>,
    /// `request_id`.
    pub request_id: Option<String>,
}

/// AuditPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `entries`.
    pub entries: Vec<AuditEntry>,
}

/// How users log in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuthConfiguration {
    /// Whether an identity provider is configured.
    pub enabled: bool,
    /// Issuer URL where users log in; provider metadata is found below it.
    pub issuer: Option<String>,
    /// All issuers whose access tokens are accepted.
    #[serde(default)]
    pub issuers: Vec<String>,
    /// Public client id for programs on users' machines.
    pub client_id: Option<String>,
    /// Scopes to ask for.
    pub scope: Option<String>,
    /// Whether /v1/auth/login accepts a name and a password.
    #[serde(default)]
    pub password: bool,
}

/// Whether an instance can be created now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Availability {
    /// `available`.
    pub available: bool,
    /// `max_instances`.
    pub max_instances: Option<i64>,
    /// `current_instances`.
    #[serde(default)]
    pub current_instances: i64,
    /// `reason`.
    pub reason: Option<String>,
}

/// A model available to a worker's agent. model: the name to use in a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AvailableModel {
    /// `model`.
    pub model: String,
    /// `provider`.
    #[serde(default)]
    pub provider: String,
    /// Coding agents that offer it.
    #[serde(default)]
    pub agents: Vec<String>,
    /// Ids of the online workers that offer it.
    #[serde(default)]
    pub workers: Vec<String>,
}

/// AvailableModelPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AvailableModelPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `models`.
    pub models: Vec<AvailableModel>,
}

/// A backup of an instance's state ($AGORA_STATE_DIR), stored by the server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Backup {
    /// `backup_id`.
    pub backup_id: String,
    /// `instance_id`.
    pub instance_id: String,
    /// `agent_id`.
    pub agent_id: String,
    /// `size`.
    pub size: i64,
    /// RFC 3339 time with an offset.
    pub created_at: String,
}

/// BackupPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BackupPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `backups`.
    pub backups: Vec<Backup>,
}

/// An account's credit in one currency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Balance {
    /// `account_id`.
    pub account_id: String,
    /// `currency`.
    pub currency: String,
    /// Credit and payments received.
    pub credited: f64,
    /// Charges, including accrued cost.
    pub charged: f64,
    /// Remaining credit; negative if the account owes.
    pub balance: f64,
    /// Amount reserved for assigned tasks that have not ended.
    #[serde(default)]
    pub reserved: f64,
    /// Whether charges beyond the credit are refused.
    #[serde(default)]
    pub prepaid: bool,
}

/// Balances, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Balances {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `balances`.
    pub balances: Vec<Balance>,
}

/// Costs in one currency; `other_currencies` holds those in every other currency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Bill {
    /// `total_cost`.
    #[serde(default)]
    pub total_cost: f64,
    /// `currency`.
    pub currency: String,
    /// Seconds of measured running time.
    #[serde(default)]
    pub usage_time: f64,
    /// `task_executions`.
    #[serde(default)]
    pub task_executions: i64,
    /// `cost_breakdown`.
    pub cost_breakdown: CostBreakdown,
    /// `input_tokens`.
    #[serde(default)]
    pub input_tokens: i64,
    /// `output_tokens`.
    #[serde(default)]
    pub output_tokens: i64,
    /// Accrued cost: running time that is not in the ledger yet.
    #[serde(default)]
    pub accrued_cost: f64,
    /// `other_currencies`.
    #[serde(default)]
    pub other_currencies: Vec<BillingInfo>,
}

/// Cost totals. `total_cost` is the sum of the breakdown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingInfo {
    /// `total_cost`.
    #[serde(default)]
    pub total_cost: f64,
    /// `currency`.
    pub currency: String,
    /// Seconds of measured running time.
    #[serde(default)]
    pub usage_time: f64,
    /// `task_executions`.
    #[serde(default)]
    pub task_executions: i64,
    /// `cost_breakdown`.
    pub cost_breakdown: CostBreakdown,
    /// `input_tokens`.
    #[serde(default)]
    pub input_tokens: i64,
    /// `output_tokens`.
    #[serde(default)]
    pub output_tokens: i64,
    /// Accrued cost: running time that is not in the ledger yet.
    #[serde(default)]
    pub accrued_cost: f64,
}

/// How an account pays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingModel {
    /// `status`.
    #[serde(default = "default_string_ok")]
    pub status: String,
    /// `account_id`.
    pub account_id: String,
    /// `billing_model`.
    pub billing_model: String,
    /// `monthly_limit_dollars`.
    pub monthly_limit_dollars: Option<f64>,
    /// Markup of all models without a specific markup.
    pub markup_percent: Option<f64>,
}

/// Billing details of an account, as shown on its invoices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingProfile {
    /// `account_id`.
    pub account_id: String,
    /// `name`.
    #[serde(default)]
    pub name: String,
    /// Lines of the postal address.
    #[serde(default)]
    pub address: String,
    /// Tax number of the customer, such as a VAT id.
    #[serde(default)]
    pub tax_id: String,
    /// Where invoices are sent.
    #[serde(default)]
    pub email: String,
    /// `updated_at`.
    pub updated_at: Option<String>,
}

/// A monthly limit of an account, of an agent, or of an account's use of an agent.
///
/// With a model or a project, it counts only the cost of calls to that model or for that project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Budget {
    /// `account_id`.
    pub account_id: Option<String>,
    /// `agent_id`.
    pub agent_id: Option<String>,
    /// `model`.
    pub model: Option<String>,
    /// `project`.
    pub project: Option<String>,
    /// `currency`.
    pub currency: String,
    /// `soft_limit`.
    pub soft_limit: Option<f64>,
    /// `hard_limit`.
    pub hard_limit: Option<f64>,
    /// `prepaid`.
    #[serde(default)]
    pub prepaid: bool,
    /// In the month.
    pub spent: f64,
    /// Amount reserved for assigned tasks that have not ended.
    #[serde(default)]
    pub reserved: f64,
    /// `period`.
    pub period: String,
    /// `state`.
    pub state: String,
    /// `set_by`.
    pub set_by: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
}

/// Whether an account may call models now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BudgetCheck {
    /// `allowed`.
    pub allowed: bool,
    /// `reason`.
    pub reason: String,
    /// `account_id`.
    pub account_id: String,
    /// `currency`.
    pub currency: String,
    /// `balance_dollars`.
    pub balance_dollars: f64,
    /// `monthly_spend_dollars`.
    pub monthly_spend_dollars: f64,
    /// `monthly_limit_dollars`.
    pub monthly_limit_dollars: Option<f64>,
    /// `billing_model`.
    pub billing_model: String,
}

/// BudgetPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BudgetPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `budgets`.
    pub budgets: Vec<Budget>,
}

/// Acknowledged entries. `unknown`: ids that were not pending, for example acknowledged earlier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BusAck {
    /// `acknowledged`.
    pub acknowledged: i64,
    /// `unknown`.
    #[serde(default)]
    pub unknown: Vec<String>,
}

/// Entries delivered to a consumer. Unacknowledged entries are delivered again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BusBatch {
    /// `group`.
    pub group: String,
    /// `consumer`.
    pub consumer: String,
    /// `entries`.
    #[serde(default)]
    pub entries: Vec<BusDelivery>,
    /// `count`.
    #[serde(default)]
    pub count: i64,
}

/// BusConsumer, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BusConsumer {
    /// `name`.
    pub name: String,
    /// `pending`.
    pub pending: i64,
    /// `idle_seconds`.
    pub idle_seconds: f64,
}

/// An entry delivered to a consumer and not acknowledged yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BusDelivery {
    /// Id set by the publisher, else by the marketplace.
    pub message_id: String,
    /// RFC 3339 time with an offset.
    pub timestamp: String,
    /// Name of the agent that published it.
    pub sender: String,
    /// Recipient as given by the publisher.
    pub target: String,
    /// `type`.
    pub r#type: BusType,
    /// `priority`.
    #[serde(default)]
    pub priority: BusPriority,
    /// `content`.
    #[serde(default)]
    pub content: Value,
    /// `correlation_id`.
    pub correlation_id: Option<String>,
    /// `extensions`.
    #[serde(default)]
    pub extensions: Value,
    /// Position on the stream.
    pub entry_id: String,
    /// Number of deliveries, including this one.
    #[serde(default = "default_i64_1")]
    pub deliveries: i64,
    /// For a task_assignment: the task. Reading the entry claims it.
    pub task_id: Option<String>,
    /// `fencing_token`.
    pub fencing_token: Option<i64>,
}

/// A consumer group: its consumers and position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BusGroup {
    /// `stream`.
    pub stream: String,
    /// `group`.
    pub group: String,
    /// `pending`.
    #[serde(default)]
    pub pending: i64,
    /// `lag`.
    #[serde(default)]
    pub lag: i64,
    /// `length`.
    #[serde(default)]
    pub length: i64,
    /// `consumers`.
    #[serde(default)]
    pub consumers: Vec<BusConsumer>,
}

/// Health of the bus, for the caller. `redis_connection` is false if no Redis is configured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BusHealth {
    /// `status`.
    pub status: String,
    /// `redis_connection`.
    pub redis_connection: bool,
    /// With Redis, the group that takes in what programs publish there; without, the caller's own.
    pub consumer_group: String,
    /// Entries for the caller that no consumer has received yet, here or on Redis.
    pub message_lag: i64,
    /// RFC 3339 time with an offset.
    pub timestamp: String,
}

/// An agent whose messages are delivered on a Redis stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BusMembership {
    /// `agent_id`.
    pub agent_id: String,
    /// Redis stream on which its messages are delivered.
    pub stream: String,
    /// Consumer group created for it on that stream.
    pub group: String,
    /// Stream on which it publishes.
    pub inbound: String,
    /// `active`.
    pub active: bool,
}

/// BusPending, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BusPending {
    /// `group`.
    pub group: String,
    /// `entries`.
    #[serde(default)]
    pub entries: Vec<BusPendingEntry>,
    /// `count`.
    #[serde(default)]
    pub count: i64,
    /// `total`.
    #[serde(default)]
    pub total: i64,
}

/// An entry that was delivered and not acknowledged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BusPendingEntry {
    /// `entry_id`.
    pub entry_id: String,
    /// `message_id`.
    pub message_id: String,
    /// Consumer that holds it; null if it was reclaimed and waits for any consumer.
    pub consumer: Option<String>,
    /// `idle_seconds`.
    pub idle_seconds: f64,
    /// `deliveries`.
    pub deliveries: i64,
}

/// Receipt of an entry. The entry is committed to the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BusReceipt {
    /// Id of the stored message; for a task_assignment, of the task.
    pub message_id: String,
    /// `type`.
    pub r#type: BusType,
    /// `priority`.
    pub priority: BusPriority,
    /// RFC 3339 time with an offset.
    pub timestamp: String,
    /// `task_id`.
    pub task_id: Option<String>,
    /// Number of recipients; null for a broadcast.
    pub recipients: Option<i64>,
    /// `warning`.
    pub warning: Option<String>,
}

/// Statistics of the bus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BusStats {
    /// `engine`.
    pub engine: String,
    /// Durability of a published entry.
    pub durability: String,
    /// `groups`.
    #[serde(default)]
    pub groups: Vec<BusGroup>,
    /// `dead_letters`.
    #[serde(default)]
    pub dead_letters: i64,
    /// Entries with a response that is not overdue.
    #[serde(default)]
    pub awaiting_response: i64,
    /// Entries on the inbound Redis stream that were not imported yet.
    #[serde(default)]
    pub inbound_lag: i64,
    /// Agents whose messages are delivered on a Redis stream.
    #[serde(default)]
    pub bridged: i64,
    /// `warnings`.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// Card stored for an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CardChange {
    /// `agent_id`.
    pub agent_id: String,
    /// Whether there is a stored card; if not, it is generated from the registration.
    pub stored: bool,
    /// Whether an extended card for authenticated callers is stored.
    #[serde(default)]
    pub extended: bool,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
}

/// The recognized request and its result. `token` is set only if an agent was registered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChatAnswer {
    /// The answer in a sentence or two.
    pub response: String,
    /// The answer as data.
    #[serde(default)]
    pub data: Vec<Value>,
    /// search_agents, get_agent, search_apps, register_agent or get_marketplace_stats; empty if the request was not understood.
    #[serde(default)]
    pub tools_used: Vec<String>,
    /// Token of the registered agent. Shown once: keep it.
    pub token: Option<String>,
}

/// The claimed tasks; empty if none were available.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Claim {
    /// `tasks`.
    #[serde(default)]
    pub tasks: Vec<ClaimedTask>,
    /// `count`.
    #[serde(default)]
    pub count: i64,
}

/// A claimed task, with its lease.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClaimedTask {
    /// `task_id`.
    pub task_id: String,
    /// `task_type`.
    pub task_type: String,
    /// `payload`.
    #[serde(default)]
    pub payload: Value,
    /// `status`.
    pub status: TaskStatus,
    /// `priority`.
    #[serde(default)]
    pub priority: Priority,
    /// `progress`.
    #[serde(default)]
    pub progress: f64,
    /// Assignee as given in the assignment.
    pub assignee: Option<String>,
    /// Id of the assignee.
    pub assigned_agent: Option<String>,
    /// `worker`.
    pub worker: Option<String>,
    /// `created_by`.
    pub created_by: String,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
    /// Time of the next attempt after a failure.
    pub available_at: Option<String>,
    /// `started_at`.
    pub started_at: Option<String>,
    /// Time at which it ended.
    pub completed_at: Option<String>,
    /// `deadline`.
    pub deadline: Option<String>,
    /// `estimated_completion`.
    pub estimated_completion: Option<String>,
    /// `timeout`.
    pub timeout: Option<i64>,
    /// `attempts`.
    #[serde(default)]
    pub attempts: i64,
    /// `max_attempts`.
    #[serde(default = "default_i64_3")]
    pub max_attempts: i64,
    /// `retry_backoff`.
    #[serde(default = "default_f64_5")]
    pub retry_backoff: f64,
    /// `required_capabilities`.
    #[serde(default)]
    pub required_capabilities: Vec<String>,
    /// `required_model`.
    pub required_model: Option<String>,
    /// `depends_on`.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// Number of unfinished tasks in 'depends_on' and ahead of it in its context.
    #[serde(default)]
    pub blocked_by: i64,
    /// `parent_id`.
    pub parent_id: Option<String>,
    /// `retry_of`.
    pub retry_of: Option<String>,
    /// `workflow_id`.
    pub workflow_id: Option<String>,
    /// `step`.
    pub step: Option<String>,
    /// `milestone`.
    pub milestone: Option<String>,
    /// `notes`.
    pub notes: Option<String>,
    /// `checkpoint`.
    pub checkpoint: Option<Value>,
    /// `result`.
    #[serde(default)]
    pub result: Value,
    /// `error`.
    pub error: Option<String>,
    /// Characters of output so far.
    #[serde(default)]
    pub output_size: i64,
    /// `lease_expires_at`.
    pub lease_expires_at: Option<String>,
    /// `context_id`.
    pub context_id: Option<String>,
    /// `metadata`.
    #[serde(default)]
    pub metadata: Value,
    /// `fencing_token`.
    pub fencing_token: i64,
    /// `lease_seconds`.
    pub lease_seconds: i64,
}

/// Invoices that were issued.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Closing {
    /// `period`.
    pub period: String,
    /// `issued`.
    pub issued: Vec<String>,
    /// Invoices still to be issued for the month; if not 0, call again.
    pub remaining: i64,
}

/// Instances to co-locate with, on the same host and in the same network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CoLocation {
    /// `required`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// `with_agent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with_agent: Option<String>,
    /// `with_instance`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with_instance: Option<String>,
    /// `reason`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Default for CoLocation {
    fn default() -> Self {
        Self::new()
    }
}

impl CoLocation {
    /// One with what is required of it.
    #[must_use]
    pub fn new() -> Self {
        Self {
            required: None,
            with_agent: None,
            with_instance: None,
            reason: None,
        }
    }

    /// Set `required`.
    #[must_use]
    pub fn required(mut self, required: bool) -> Self {
        self.required = Some(required);
        self
    }

    /// Set `with_agent`.
    #[must_use]
    pub fn with_agent(mut self, with_agent: impl Into<String>) -> Self {
        self.with_agent = Some(with_agent.into());
        self
    }

    /// Set `with_instance`.
    #[must_use]
    pub fn with_instance(mut self, with_instance: impl Into<String>) -> Self {
        self.with_instance = Some(with_instance.into());
        self
    }

    /// Set `reason`.
    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }
}

/// A directory on a worker's machine in which coding jobs can run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Codebase {
    /// `codebase_id`.
    pub codebase_id: String,
    /// `name`.
    pub name: String,
    /// Host name of the worker's machine.
    pub path: String,
    /// `worker_id`.
    pub worker_id: String,
    /// Id of the worker's agent.
    pub owner: String,
    /// Git remote as host and path, such as github.com/owner/name.
    pub repository: Option<String>,
    /// `description`.
    #[serde(default)]
    pub description: String,
    /// RFC 3339 time with an offset.
    pub registered_at: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
    /// Whether its worker was seen within the last 90 seconds.
    #[serde(default = "default_bool_true")]
    pub online: bool,
    /// pending: no worker has confirmed it yet; refused: no worker could take it, see problem.
    #[serde(default = "default_string_ready")]
    pub state: String,
    /// `problem`.
    pub problem: Option<String>,
    /// URL it was cloned from.
    pub git_url: Option<String>,
    /// `branch`.
    pub branch: Option<String>,
    /// Defaults for jobs in this codebase.
    #[serde(default)]
    pub agent_config: Value,
    /// While pending: the task that asks workers to confirm it.
    pub task_id: Option<String>,
}

/// Credential a worker needs to clone a codebase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CodebaseCredential {
    /// `codebase_id`.
    pub codebase_id: String,
    /// `git_url`.
    pub git_url: String,
    /// `branch`.
    pub branch: Option<String>,
    /// `token`.
    pub token: Option<String>,
}

/// CodebasePage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CodebasePage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `codebases`.
    pub codebases: Vec<Codebase>,
}

/// Current activity in a codebase, limited to jobs that the caller may read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CodebaseStatus {
    /// `codebase_id`.
    pub codebase_id: String,
    /// asking: a job waits for an answer; busy: an agent is working; queued: jobs are waiting; offline: its worker is offline.
    pub status: String,
    /// `online`.
    pub online: bool,
    /// `worker_id`.
    pub worker_id: String,
    /// `watching`.
    pub watching: bool,
    /// `queued`.
    pub queued: i64,
    /// `running`.
    pub running: i64,
    /// `asking`.
    pub asking: i64,
    /// The newest unfinished job.
    pub task_id: Option<String>,
    /// The most recently used session.
    pub session_id: Option<String>,
}

/// ComponentHealth, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ComponentHealth {
    /// `status`.
    pub status: String,
    /// `detail`.
    #[serde(default)]
    pub detail: String,
    /// `metrics`.
    #[serde(default)]
    pub metrics: BTreeMap<String, f64>,
    /// Problem predicted from the trend.
    pub warning: Option<String>,
    /// Duration of the check, in milliseconds.
    pub latency_ms: Option<f64>,
    /// For `event_loop`: where the loop was last blocked. Visible to operators only.
    pub stack: Option<String>,
}

/// An exchange of messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Conversation {
    /// `conversation_id`.
    pub conversation_id: String,
    /// Id in the marketplace, conv_...; the conversation_id itself is chosen by agents.
    pub key: String,
    /// `state`.
    pub state: String,
    /// Intent of the first message.
    pub r#type: Performative,
    /// `intent`.
    pub intent: Option<String>,
    /// `initiator`.
    pub initiator: String,
    /// `participants`.
    #[serde(default)]
    pub participants: Vec<String>,
    /// `message_count`.
    #[serde(default)]
    pub message_count: i64,
    /// `last_type`.
    pub last_type: Performative,
    /// RFC 3339 time with an offset.
    pub started_at: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
}

/// A conversation with its messages, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConversationDetail {
    /// `conversation_id`.
    pub conversation_id: String,
    /// Id in the marketplace, conv_...; the conversation_id itself is chosen by agents.
    pub key: String,
    /// `state`.
    pub state: String,
    /// Intent of the first message.
    pub r#type: Performative,
    /// `intent`.
    pub intent: Option<String>,
    /// `initiator`.
    pub initiator: String,
    /// `participants`.
    #[serde(default)]
    pub participants: Vec<String>,
    /// `message_count`.
    #[serde(default)]
    pub message_count: i64,
    /// `last_type`.
    pub last_type: Performative,
    /// RFC 3339 time with an offset.
    pub started_at: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
    /// `messages`.
    #[serde(default)]
    pub messages: Vec<AgentMessage>,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
}

/// ConversationPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConversationPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `conversations`.
    pub conversations: Vec<Conversation>,
}

/// The conversation of a message, and the message that it answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Correlation {
    /// `conversation_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<String>,
    /// Id of the message being answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// Further members.
    #[serde(flatten)]
    pub extra: serde_json::Map<String, Value>,
}

impl Default for Correlation {
    fn default() -> Self {
        Self::new()
    }
}

impl Correlation {
    /// One with what is required of it.
    #[must_use]
    pub fn new() -> Self {
        Self {
            conversation_id: None,
            reply_to: None,
            extra: serde_json::Map::new(),
        }
    }

    /// Set `conversation_id`.
    #[must_use]
    pub fn conversation_id(mut self, conversation_id: impl Into<String>) -> Self {
        self.conversation_id = Some(conversation_id.into());
        self
    }

    /// Id of the message being answered.
    #[must_use]
    pub fn reply_to(mut self, reply_to: impl Into<String>) -> Self {
        self.reply_to = Some(reply_to.into());
        self
    }
}

/// Usage and its cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cost {
    /// `total_cost`.
    #[serde(default)]
    pub total_cost: f64,
    /// `currency`.
    pub currency: String,
    /// Seconds of measured running time.
    #[serde(default)]
    pub usage_time: f64,
    /// `task_executions`.
    #[serde(default)]
    pub task_executions: i64,
    /// `cost_breakdown`.
    pub cost_breakdown: CostBreakdown,
    /// `input_tokens`.
    #[serde(default)]
    pub input_tokens: i64,
    /// `output_tokens`.
    #[serde(default)]
    pub output_tokens: i64,
    /// Accrued cost: running time that is not in the ledger yet.
    #[serde(default)]
    pub accrued_cost: f64,
    /// `other_currencies`.
    #[serde(default)]
    pub other_currencies: Vec<BillingInfo>,
    /// `account_id`.
    pub account_id: Option<String>,
    /// `agent_id`.
    pub agent_id: Option<String>,
    /// `instance_id`.
    pub instance_id: Option<String>,
    /// `since`.
    pub since: Option<String>,
    /// `until`.
    pub until: Option<String>,
    /// `by_agent`.
    #[serde(default)]
    pub by_agent: Vec<AgentCost>,
}

/// Components of a cost; their sum is the cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CostBreakdown {
    /// `base_cost`.
    #[serde(default)]
    pub base_cost: f64,
    /// For time and tokens.
    #[serde(default)]
    pub usage_cost: f64,
    /// For executions and tasks.
    #[serde(default)]
    pub task_cost: f64,
    /// Discounts and free quotas; zero or negative.
    #[serde(default)]
    pub reductions: f64,
}

/// CostSummary, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CostSummary {
    /// `total_cost`.
    pub total_cost: f64,
    /// `total_uptime_hours`.
    pub total_uptime_hours: f64,
}

/// A code that gives credit once per account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Coupon {
    /// `code`.
    pub code: String,
    /// `amount`.
    pub amount: f64,
    /// `currency`.
    pub currency: String,
    /// `expires_at`.
    pub expires_at: Option<String>,
    /// `max_redemptions`.
    pub max_redemptions: Option<i64>,
    /// `redemptions`.
    #[serde(default)]
    pub redemptions: i64,
}

/// CouponPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CouponPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `coupons`.
    pub coupons: Vec<Coupon>,
}

/// CreatedTenant, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CreatedTenant {
    /// `tenant_id`.
    pub tenant_id: String,
    /// `name`.
    pub name: String,
    /// `status`.
    pub status: String,
    /// `reason`.
    #[serde(default)]
    pub reason: String,
    /// `metadata`.
    #[serde(default)]
    pub metadata: Value,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// `created_by`.
    pub created_by: String,
    /// RFC 3339 time with an offset.
    pub status_since: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
    /// Id of its first admin key, in the new tenant.
    pub token_id: String,
    /// The key. Shown once: keep it.
    pub token: Option<String>,
}

/// CreatedToken, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CreatedToken {
    /// `token_id`.
    pub token_id: String,
    /// `kind`.
    pub kind: String,
    /// `label`.
    pub label: String,
    /// `scopes`.
    pub scopes: Vec<String>,
    /// `service_tier`.
    #[serde(default)]
    pub service_tier: ServiceTier,
    /// `authority`.
    #[serde(default)]
    pub authority: i64,
    /// `account`.
    #[serde(default = "default_string_default")]
    pub account: String,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// `expires_at`.
    pub expires_at: Option<String>,
    /// `revoked_at`.
    pub revoked_at: Option<String>,
    /// The key. Shown once: keep it.
    pub token: Option<String>,
}

/// The same in another currency, with the total.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CurrencyBilling {
    /// `current_month_cost`.
    pub current_month_cost: f64,
    /// `last_month_cost`.
    pub last_month_cost: f64,
    /// `currency`.
    pub currency: String,
    /// `balance`.
    pub balance: f64,
    /// `total_cost`.
    pub total_cost: f64,
}

/// The current month to date, and the previous month.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CurrentBilling {
    /// `current_month_cost`.
    pub current_month_cost: f64,
    /// `last_month_cost`.
    pub last_month_cost: f64,
    /// `currency`.
    pub currency: String,
    /// `balance`.
    pub balance: f64,
}

/// A summary of an account's costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Dashboard {
    /// `customer_id`.
    pub customer_id: Option<String>,
    /// `summary`.
    pub summary: CostSummary,
    /// `billing`.
    pub billing: CurrentBilling,
    /// The last 30 days, including days without costs.
    pub days: Vec<DayCost>,
    /// This month, most expensive first.
    pub by_agent: Vec<AgentCost>,
    /// `budgets`.
    pub budgets: Vec<Budget>,
    /// `other_currencies`.
    #[serde(default)]
    pub other_currencies: Vec<CurrencyBilling>,
}

/// DashboardSummary, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DashboardSummary {
    /// `total_instances`.
    pub total_instances: i64,
    /// `running_instances`.
    pub running_instances: i64,
    /// `paused_instances`.
    pub paused_instances: i64,
    /// `failed_instances`.
    #[serde(default)]
    pub failed_instances: i64,
    /// `total_cost`.
    pub total_cost: f64,
    /// `total_uptime_hours`.
    pub total_uptime_hours: f64,
}

/// DayCost, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DayCost {
    /// `day`.
    pub day: String,
    /// `cost`.
    pub cost: f64,
}

/// A delivery that failed permanently.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeadLetter {
    /// `dead_letter_id`.
    pub dead_letter_id: String,
    /// Source: bus (an agent's stream), bus_inbound (entries from Redis), push (webhooks).
    pub source: String,
    /// `state`.
    pub state: DeadLetterState,
    /// The recipient; null if it concerns only operators.
    pub agent_id: Option<String>,
    /// Id of the message or task.
    pub r#ref: Option<String>,
    /// Destination: a stream, or a URL without its query.
    pub destination: String,
    /// `reason`.
    pub reason: String,
    /// Number of delivery attempts.
    pub attempts: i64,
    /// RFC 3339 time with an offset.
    pub died_at: String,
    /// Time at which it was replayed or discarded.
    pub settled_at: Option<String>,
    /// `settled_by`.
    pub settled_by: Option<String>,
}

/// A dead letter with its content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeadLetterDetail {
    /// `dead_letter_id`.
    pub dead_letter_id: String,
    /// Source: bus (an agent's stream), bus_inbound (entries from Redis), push (webhooks).
    pub source: String,
    /// `state`.
    pub state: DeadLetterState,
    /// The recipient; null if it concerns only operators.
    pub agent_id: Option<String>,
    /// Id of the message or task.
    pub r#ref: Option<String>,
    /// Destination: a stream, or a URL without its query.
    pub destination: String,
    /// `reason`.
    pub reason: String,
    /// Number of delivery attempts.
    pub attempts: i64,
    /// RFC 3339 time with an offset.
    pub died_at: String,
    /// Time at which it was replayed or discarded.
    pub settled_at: Option<String>,
    /// `settled_by`.
    pub settled_by: Option<String>,
    /// The undelivered content; null if it no longer exists.
    pub content: Option<Value>,
    /// Why it cannot be replayed; null if it can be.
    pub obstacle: Option<String>,
}

/// DeadLetterPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeadLetterPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `dead_letters`.
    pub dead_letters: Vec<DeadLetter>,
}

/// A declared agent. specification: of its current version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeclaredAgent {
    /// `name`.
    pub name: String,
    /// `agent_id`.
    pub agent_id: String,
    /// `version`.
    pub version: i64,
    /// `specification`.
    pub specification: AgentSpecification,
    /// `declared_by`.
    pub declared_by: String,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
    /// Why it cannot run, such as a model without a provider.
    pub problem: Option<String>,
}

/// DeclaredAgentPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeclaredAgentPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `agents`.
    pub agents: Vec<DeclaredAgent>,
}

/// DeclaredAgentRemoval, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeclaredAgentRemoval {
    /// `name`.
    pub name: String,
    /// `agent_id`.
    pub agent_id: String,
}

/// One version of a specification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeclaredAgentVersion {
    /// `version`.
    pub version: i64,
    /// `specification`.
    pub specification: AgentSpecification,
    /// `declared_by`.
    pub declared_by: String,
    /// RFC 3339 time with an offset.
    pub created_at: String,
}

/// DeclaredAgentVersionPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeclaredAgentVersionPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `versions`.
    pub versions: Vec<DeclaredAgentVersion>,
}

/// DeletedTenant, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeletedTenant {
    /// `tenant_id`.
    pub tenant_id: String,
    /// `status`.
    #[serde(default = "default_string_deleting")]
    pub status: String,
}

/// An agent with a deployment, from which instances can be created.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeployableAgent {
    /// `agent_id`.
    pub agent_id: String,
    /// `agent_name`.
    pub agent_name: String,
    /// `version`.
    pub version: Option<String>,
    /// Revision of its manifest, from 1.
    pub revision: i64,
    /// The manifest as registered, without secrets.
    pub manifest: Value,
    /// Engines that can run it.
    #[serde(default)]
    pub engines: Vec<String>,
    /// `max_instances`.
    pub max_instances: Option<i64>,
    /// `has_credentials`.
    #[serde(default)]
    pub has_credentials: bool,
    /// Number of instances of all accounts that have not ended.
    #[serde(default)]
    pub instances: i64,
    /// Whether it was withdrawn: no new instances can be created.
    #[serde(default)]
    pub withdrawn: bool,
    /// `registered_by`.
    pub registered_by: String,
    /// RFC 3339 time with an offset.
    pub registered_at: String,
}

/// DeployablePage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeployablePage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `deployments`.
    pub deployments: Vec<DeployableAgent>,
}

/// Deregistration, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Deregistration {
    /// `agent_id`.
    pub agent_id: String,
    /// `status`.
    pub status: AgentStatus,
}

/// A percentage discount on all charges of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Discount {
    /// `account_id`.
    pub account_id: String,
    /// `percent`.
    pub percent: f64,
    /// `until`.
    pub until: Option<String>,
}

/// Disk usage of a codebase's worktrees, as reported by its worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DiskUse {
    /// `codebase_id`.
    pub codebase_id: String,
    /// null: not yet.
    pub reported_at: Option<String>,
    /// `bytes`.
    #[serde(default)]
    pub bytes: i64,
    /// Total size of removable and recent worktrees.
    #[serde(default)]
    pub removable_bytes: i64,
    /// The largest first.
    #[serde(default)]
    pub worktrees: Vec<Worktree>,
}

/// Durations in seconds of tasks that ended in the requested period.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DurationSummary {
    /// `count`.
    #[serde(default)]
    pub count: i64,
    /// `mean`.
    pub mean: Option<f64>,
    /// `p50`.
    pub p50: Option<f64>,
    /// `p90`.
    pub p90: Option<f64>,
    /// `p99`.
    pub p99: Option<f64>,
}

/// How a payload is encrypted end to end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Encryption {
    /// `alg`.
    pub alg: String,
    /// `enc`.
    pub enc: String,
    /// Ids of the keys that can decrypt it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kids: Option<Vec<String>>,
    /// Further members.
    #[serde(flatten)]
    pub extra: serde_json::Map<String, Value>,
}

impl Encryption {
    /// One with what is required of it.
    #[must_use]
    pub fn new(alg: impl Into<String>, enc: impl Into<String>) -> Self {
        Self {
            alg: alg.into(),
            enc: enc.into(),
            kids: None,
            extra: serde_json::Map::new(),
        }
    }

    /// Ids of the keys that can decrypt it.
    #[must_use]
    pub fn kids(mut self, kids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.kids = Some(kids.into_iter().map(Into::into).collect());
        self
    }
}

/// Cancelled jobs. Their sessions are kept and can be resumed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EndedJobs {
    /// `codebase_id`.
    pub codebase_id: String,
    /// `task_ids`.
    pub task_ids: Vec<String>,
}

/// An immutable ledger entry. A reversal is a separate entry with the opposite amount.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Entry {
    /// `entry_id`.
    pub entry_id: String,
    /// `account_id`.
    pub account_id: String,
    /// `agent_id`.
    pub agent_id: Option<String>,
    /// `instance_id`.
    pub instance_id: Option<String>,
    /// The task that was charged, or whose charge is reversed.
    pub task_id: Option<String>,
    /// `kind`.
    pub kind: EntryKind,
    /// In the unit.
    pub quantity: f64,
    /// `unit`.
    pub unit: String,
    /// `price_version`.
    pub price_version: Option<i64>,
    /// Amount charged to the account; negative for a credit.
    pub amount: f64,
    /// The same in millionths, exact.
    pub amount_micros: i64,
    /// `currency`.
    pub currency: String,
    /// RFC 3339 time with an offset.
    pub began: String,
    /// RFC 3339 time with an offset.
    pub ended: String,
    /// `description`.
    #[serde(default)]
    pub description: String,
    /// `reverses`.
    pub reverses: Option<String>,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// `created_by`.
    pub created_by: String,
}

/// EntryPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EntryPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `usage`.
    pub usage: Vec<Entry>,
}

/// A CloudEvents 1.0 record; `sequence` orders the events of a marketplace without gaps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// `specversion`.
    #[serde(default = "default_string_1_0")]
    pub specversion: String,
    /// `id`.
    pub id: String,
    /// `type`.
    pub r#type: String,
    /// `source`.
    pub source: String,
    /// `subject`.
    pub subject: Option<String>,
    /// RFC 3339 time with an offset.
    pub time: String,
    /// `datacontenttype`.
    #[serde(default = "default_string_application_json")]
    pub datacontenttype: String,
    /// `sequence`.
    pub sequence: i64,
    /// `data`.
    #[serde(default)]
    pub data: Value,
}

/// EventPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EventPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `events`.
    pub events: Vec<Event>,
    /// Sequence of the newest event in the log.
    #[serde(default)]
    pub last_sequence: i64,
}

/// EventReceipt, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EventReceipt {
    /// `event_id`.
    pub event_id: String,
    /// `event_type`.
    pub event_type: String,
    /// RFC 3339 time with an offset.
    pub timestamp: String,
}

/// An execution on an instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Execution {
    /// `execution_id`.
    pub execution_id: String,
    /// `instance_id`.
    pub instance_id: String,
    /// `agent_id`.
    pub agent_id: String,
    /// `endpoint`.
    pub endpoint: String,
    /// `status`.
    pub status: String,
    /// Seconds, measured by the server.
    pub execution_time: Option<f64>,
    /// `http_status`.
    pub http_status: Option<i64>,
    /// `error`.
    pub error: Option<String>,
    /// RFC 3339 time with an offset.
    pub created_at: String,
}

/// ExecutionPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExecutionPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `executions`.
    pub executions: Vec<Execution>,
}

/// The response of an instance. `result`: JSON, text, or base64 of anything else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExecutionResult {
    /// `execution_id`.
    pub execution_id: String,
    /// `instance_id`.
    pub instance_id: String,
    /// `agent_id`.
    pub agent_id: String,
    /// `endpoint`.
    pub endpoint: String,
    /// `status`.
    pub status: String,
    /// Seconds, measured by the server.
    pub execution_time: Option<f64>,
    /// `http_status`.
    pub http_status: Option<i64>,
    /// `error`.
    pub error: Option<String>,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// `result`.
    #[serde(default)]
    pub result: Value,
    /// `content_type`.
    pub content_type: Option<String>,
    /// `encoding`.
    #[serde(default = "default_string_json")]
    pub encoding: String,
    /// Whether the response was streamed; the result holds all of it.
    #[serde(default)]
    pub streamed: bool,
    /// `cost`.
    #[serde(default)]
    pub cost: f64,
    /// `currency`.
    pub currency: String,
}

/// The expected reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Expected {
    /// `type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<Performative>,
    /// `timeout`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<i64>,
    /// Further members.
    #[serde(flatten)]
    pub extra: serde_json::Map<String, Value>,
}

impl Default for Expected {
    fn default() -> Self {
        Self::new()
    }
}

impl Expected {
    /// One with what is required of it.
    #[must_use]
    pub fn new() -> Self {
        Self {
            r#type: None,
            timeout: None,
            extra: serde_json::Map::new(),
        }
    }

    /// Set `type`.
    #[must_use]
    pub fn r#type(mut self, r#type: impl Into<Performative>) -> Self {
        self.r#type = Some(r#type.into());
        self
    }

    /// Set `timeout`.
    #[must_use]
    pub fn timeout(mut self, timeout: i64) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

/// A validation error of a manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Fault {
    /// `field`.
    pub field: String,
    /// `message`.
    pub message: String,
}

/// Effect of rewinding on a file: removed, restored or changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FileChange {
    /// `path`.
    pub path: String,
    /// `change`.
    pub change: String,
}

/// A follow-up message for a coding agent. It can be edited and removed until the worker takes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FollowUp {
    /// `follow_up_id`.
    pub follow_up_id: String,
    /// The job that receives it; a new job of the same session if the original one had ended.
    pub task_id: String,
    /// Position among the follow-ups of the job.
    #[serde(default)]
    pub number: i64,
    /// `mode`.
    pub mode: String,
    /// `text`.
    pub text: String,
    /// `author`.
    pub author: String,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
    /// Order in which the worker took it; null until then.
    pub taken: Option<i64>,
}

/// FollowUpPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FollowUpPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `follow_ups`.
    pub follow_ups: Vec<FollowUp>,
}

/// The next follow-up of a job, for its worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FollowUpTaken {
    /// `task_id`.
    pub task_id: String,
    /// Null if no follow-up is waiting.
    pub follow_up: Option<FollowUp>,
    /// Whether the job accepts no more follow-ups. Later ones start a new job.
    #[serde(default)]
    pub closed: bool,
}

/// A new job in the same session receives the follow-ups that were waiting for an ended job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FollowUpsWoken {
    /// The new job.
    pub task_id: String,
    /// Number of follow-ups waiting for it.
    pub follow_ups: i64,
}

/// The value is deleted, whether or not it existed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Forgotten {
    /// `namespace`.
    pub namespace: String,
    /// `key`.
    pub key: String,
    /// Whether the value existed.
    pub forgotten: bool,
}

/// ForgottenSession, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ForgottenSession {
    /// `codebase_id`.
    pub codebase_id: String,
    /// `session_id`.
    pub session_id: String,
    /// Number of deleted messages.
    pub messages: i64,
}

/// FoundAgentPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FoundAgentPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `agents`.
    pub agents: Vec<Agent>,
}

/// Search results, best match first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FoundMemories {
    /// `memories`.
    #[serde(default)]
    pub memories: Vec<FoundMemory>,
    /// `count`.
    #[serde(default)]
    pub count: i64,
}

/// A stored value with its search score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FoundMemory {
    /// `namespace`.
    pub namespace: String,
    /// `key`.
    pub key: String,
    /// `value`.
    #[serde(default)]
    pub value: Value,
    /// `tags`.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Incremented with each change.
    #[serde(default = "default_i64_1")]
    pub version: i64,
    /// `stored_by`.
    pub stored_by: String,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
    /// Fraction of the search words found in it, 0 to 1.
    pub score: f64,
}

/// Free monthly usage (UTC) of an agent per account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FreeQuota {
    /// `agent_id`.
    pub agent_id: String,
    /// `agent_name`.
    pub agent_name: Option<String>,
    /// `kind`.
    pub kind: EntryKind,
    /// 0 if the quota was removed.
    pub quantity: f64,
    /// `unit`.
    pub unit: String,
}

/// Health, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Health {
    /// Status of the worst component; paused or halted if the whole marketplace is and no component is critical.
    pub status: String,
    /// Override that stops the whole marketplace, if any.
    pub stopped: Option<Stop>,
    /// Active overrides: all for operators; for others, those that affect them.
    #[serde(default)]
    pub overrides: Vec<ActiveOverride>,
    /// Tenants that are halted or paused. Visible to operators of the installation only.
    #[serde(default)]
    pub stopped_tenants: Vec<StoppedTenant>,
    /// `components`.
    pub components: BTreeMap<String, ComponentHealth>,
    /// `version`.
    pub version: String,
    /// RFC 3339 time with an offset.
    pub timestamp: String,
}

/// HealthStatus, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HealthStatus {
    /// `healthy`.
    pub healthy: bool,
    /// Time of the last successful health check.
    pub last_heartbeat: Option<String>,
    /// `error_count`.
    #[serde(default)]
    pub error_count: i64,
    /// `last_error`.
    pub last_error: Option<String>,
    /// `detail`.
    pub detail: Option<String>,
}

/// A host: a server of this marketplace with its engines, or a remote hosting agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Host {
    /// `host_id`.
    pub host_id: String,
    /// `name`.
    pub name: String,
    /// `kind`.
    pub kind: String,
    /// closed: gets no new instances; silent: sends no heartbeats.
    pub status: String,
    /// Id of the hosting agent.
    pub agent_id: Option<String>,
    /// `region`.
    pub region: Option<String>,
    /// `engines`.
    #[serde(default)]
    pub engines: Vec<String>,
    /// Unavailable engines, with the reason.
    #[serde(default)]
    pub unavailable: BTreeMap<String, String>,
    /// Enforcement of each limit, by engine: cgroup, guard (checked several times a second), affinity (whole cores), rlimit (per file), none.
    #[serde(default)]
    pub limits: BTreeMap<String, BTreeMap<String, String>>,
    /// `resources`.
    pub resources: Resources,
    /// `instances`.
    #[serde(default)]
    pub instances: i64,
    /// RFC 3339 time with an offset.
    pub last_seen: String,
    /// RFC 3339 time with an offset.
    pub created_at: String,
}

/// HostPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HostPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `hosts`.
    pub hosts: Vec<Host>,
}

/// HostRemoval, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HostRemoval {
    /// `host_id`.
    pub host_id: String,
    /// `name`.
    pub name: String,
    /// Instances that ran there and have now failed.
    #[serde(default)]
    pub instances_lost: i64,
}

/// Requirements of an instance on its host: `host_requirements` in an agent manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HostRequirements {
    /// Memory reserved for each instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_memory_mb: Option<i64>,
    /// Cores reserved for each instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_cpu_cores: Option<f64>,
    /// Reserve one GPU for each instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu_required: Option<bool>,
    /// Preferred region; see required_region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_region: Option<String>,
    /// Only hosts in this region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required_region: Option<String>,
    /// Only this engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Only hosts that run instances of co_location_with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub co_location_required: Option<bool>,
    /// `co_location_with`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub co_location_with: Option<Vec<String>>,
}

impl Default for HostRequirements {
    fn default() -> Self {
        Self::new()
    }
}

impl HostRequirements {
    /// One with what is required of it.
    #[must_use]
    pub fn new() -> Self {
        Self {
            min_memory_mb: None,
            min_cpu_cores: None,
            gpu_required: None,
            preferred_region: None,
            required_region: None,
            engine: None,
            co_location_required: None,
            co_location_with: None,
        }
    }

    /// Memory reserved for each instance.
    #[must_use]
    pub fn min_memory_mb(mut self, min_memory_mb: i64) -> Self {
        self.min_memory_mb = Some(min_memory_mb);
        self
    }

    /// Cores reserved for each instance.
    #[must_use]
    pub fn min_cpu_cores(mut self, min_cpu_cores: f64) -> Self {
        self.min_cpu_cores = Some(min_cpu_cores);
        self
    }

    /// Reserve one GPU for each instance.
    #[must_use]
    pub fn gpu_required(mut self, gpu_required: bool) -> Self {
        self.gpu_required = Some(gpu_required);
        self
    }

    /// Preferred region; see required_region.
    #[must_use]
    pub fn preferred_region(mut self, preferred_region: impl Into<String>) -> Self {
        self.preferred_region = Some(preferred_region.into());
        self
    }

    /// Only hosts in this region.
    #[must_use]
    pub fn required_region(mut self, required_region: impl Into<String>) -> Self {
        self.required_region = Some(required_region.into());
        self
    }

    /// Only this engine.
    #[must_use]
    pub fn engine(mut self, engine: impl Into<String>) -> Self {
        self.engine = Some(engine.into());
        self
    }

    /// Only hosts that run instances of co_location_with.
    #[must_use]
    pub fn co_location_required(mut self, co_location_required: bool) -> Self {
        self.co_location_required = Some(co_location_required);
        self
    }

    /// Set `co_location_with`.
    #[must_use]
    pub fn co_location_with(mut self, co_location_with: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.co_location_with = Some(co_location_with.into_iter().map(Into::into).collect());
        self
    }
}

/// One import of a v4 export.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImportRun {
    /// `run_id`.
    pub run_id: String,
    /// `database`.
    pub database: String,
    /// SHA-256 of the file. An import of the same file resumes where it stopped.
    pub digest: String,
    /// `status`.
    pub status: String,
    /// RFC 3339 time with an offset.
    pub started_at: String,
    /// `finished_at`.
    pub finished_at: Option<String>,
    /// Processed rows by table.
    #[serde(default)]
    pub positions: BTreeMap<String, i64>,
    /// By table: rows created, already known, skipped.
    #[serde(default)]
    pub counts: BTreeMap<String, BTreeMap<String, i64>>,
}

/// ImportRunPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImportRunPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `runs`.
    pub runs: Vec<ImportRun>,
}

/// Result of importing a batch of rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImportStep {
    /// `table`.
    pub table: String,
    /// Processed rows of the table.
    pub position: i64,
    /// `created`.
    #[serde(default)]
    pub created: i64,
    /// Rows that an earlier import or call has already created.
    #[serde(default)]
    pub known: i64,
    /// Rows that are not imported: ended tasks and workflows, metrics.
    #[serde(default)]
    pub skipped: i64,
}

/// Ingestion, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ingestion {
    /// `session_id`.
    pub session_id: String,
    /// Number of new or replaced messages.
    pub stored: i64,
    /// Total number of messages in the session.
    pub messages: i64,
}

/// An instance with its bill.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Instance {
    /// `instance_id`.
    pub instance_id: String,
    /// `agent_id`.
    pub agent_id: String,
    /// `agent_name`.
    pub agent_name: String,
    /// Owner account.
    pub customer_id: String,
    /// `name`.
    pub name: Option<String>,
    /// `status`.
    pub status: InstanceStatus,
    /// `desired_status`.
    pub desired_status: String,
    /// Reason why the status differs from the requested one.
    pub reason: Option<String>,
    /// `host`.
    pub host: Option<String>,
    /// `engine`.
    pub engine: Option<String>,
    /// Number of starts.
    #[serde(default = "default_i64_1")]
    pub generation: i64,
    /// `restarts`.
    #[serde(default)]
    pub restarts: i64,
    /// Whether it is in a crash loop.
    #[serde(default)]
    pub crash_loop: bool,
    /// Time of the next restart.
    pub retry_at: Option<String>,
    /// `task_executions`.
    #[serde(default)]
    pub task_executions: i64,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// Start time of the current process.
    pub started_at: Option<String>,
    /// `stopped_at`.
    pub stopped_at: Option<String>,
    /// `health_status`.
    pub health_status: HealthStatus,
    /// `resource_usage`.
    pub resource_usage: ResourceUsage,
    /// `instance_config`.
    #[serde(default)]
    pub instance_config: Value,
    /// Address at which its host can reach it.
    pub address: Option<String>,
    /// `health_url`.
    pub health_url: Option<String>,
    /// `co_located_with`.
    pub co_located_with: Option<String>,
    /// Limits that are not enforced on its host.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Revision of the agent's manifest.
    #[serde(default = "default_i64_1")]
    pub revision: i64,
    /// Version of the agent's price at creation; 0 without a price.
    #[serde(default)]
    pub price_version: i64,
    /// Current price: the price at creation, or a later one whose notice period has ended.
    pub pricing_info: Option<PricingInfo>,
    /// `billing_info`.
    pub billing_info: Bill,
}

/// An instance after a change. `message` describes the result or progress.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InstanceChange {
    /// `instance_id`.
    pub instance_id: String,
    /// `agent_id`.
    pub agent_id: String,
    /// `agent_name`.
    pub agent_name: String,
    /// Owner account.
    pub customer_id: String,
    /// `name`.
    pub name: Option<String>,
    /// `status`.
    pub status: InstanceStatus,
    /// `desired_status`.
    pub desired_status: String,
    /// Reason why the status differs from the requested one.
    pub reason: Option<String>,
    /// `host`.
    pub host: Option<String>,
    /// `engine`.
    pub engine: Option<String>,
    /// Number of starts.
    #[serde(default = "default_i64_1")]
    pub generation: i64,
    /// `restarts`.
    #[serde(default)]
    pub restarts: i64,
    /// Whether it is in a crash loop.
    #[serde(default)]
    pub crash_loop: bool,
    /// Time of the next restart.
    pub retry_at: Option<String>,
    /// `task_executions`.
    #[serde(default)]
    pub task_executions: i64,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// Start time of the current process.
    pub started_at: Option<String>,
    /// `stopped_at`.
    pub stopped_at: Option<String>,
    /// `health_status`.
    pub health_status: HealthStatus,
    /// `resource_usage`.
    pub resource_usage: ResourceUsage,
    /// `instance_config`.
    #[serde(default)]
    pub instance_config: Value,
    /// Address at which its host can reach it.
    pub address: Option<String>,
    /// `health_url`.
    pub health_url: Option<String>,
    /// `co_located_with`.
    pub co_located_with: Option<String>,
    /// Limits that are not enforced on its host.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Revision of the agent's manifest.
    #[serde(default = "default_i64_1")]
    pub revision: i64,
    /// Version of the agent's price at creation; 0 without a price.
    #[serde(default)]
    pub price_version: i64,
    /// Current price: the price at creation, or a later one whose notice period has ended.
    pub pricing_info: Option<PricingInfo>,
    /// `billing_info`.
    pub billing_info: Bill,
    /// `message`.
    pub message: String,
}

/// Configuration of one instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InstanceConfig {
    /// Memory limit of all its processes, such as 512M.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<String>,
    /// CPU limit in cores, such as 0.5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_limit: Option<String>,
    /// `disk_limit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_limit: Option<String>,
    /// `pids_limit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pids_limit: Option<i64>,
    /// Environment variables: those that the agent's manifest lists as 'configurable'; operators may set any. Stored encrypted, never shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<BTreeMap<String, String>>,
    /// Your own customer for whom the instance runs: a label, also sent to hosting agents. The owner account pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// `restart`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart: Option<String>,
    /// Seconds in which it must become healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_timeout: Option<f64>,
    /// Seconds from SIGTERM to SIGKILL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_grace: Option<f64>,
    /// Total amount that the instance's own token may spend on priced tasks over its lifetime, within the account's budgets; default: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spend_limit: Option<f64>,
    /// Currency of spend_limit; default: the setting billing_currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spend_currency: Option<String>,
}

impl Default for InstanceConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl InstanceConfig {
    /// One with what is required of it.
    #[must_use]
    pub fn new() -> Self {
        Self {
            memory_limit: None,
            cpu_limit: None,
            disk_limit: None,
            pids_limit: None,
            environment: None,
            customer_id: None,
            restart: None,
            start_timeout: None,
            stop_grace: None,
            spend_limit: None,
            spend_currency: None,
        }
    }

    /// Memory limit of all its processes, such as 512M.
    #[must_use]
    pub fn memory_limit(mut self, memory_limit: impl Into<String>) -> Self {
        self.memory_limit = Some(memory_limit.into());
        self
    }

    /// CPU limit in cores, such as 0.5.
    #[must_use]
    pub fn cpu_limit(mut self, cpu_limit: impl Into<String>) -> Self {
        self.cpu_limit = Some(cpu_limit.into());
        self
    }

    /// Set `disk_limit`.
    #[must_use]
    pub fn disk_limit(mut self, disk_limit: impl Into<String>) -> Self {
        self.disk_limit = Some(disk_limit.into());
        self
    }

    /// Set `pids_limit`.
    #[must_use]
    pub fn pids_limit(mut self, pids_limit: i64) -> Self {
        self.pids_limit = Some(pids_limit);
        self
    }

    /// Environment variables: those that the agent's manifest lists as 'configurable'; operators may set any. Stored encrypted, never shown.
    #[must_use]
    pub fn environment(
        mut self,
        environment: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        self.environment = Some(
            environment
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        );
        self
    }

    /// Your own customer for whom the instance runs: a label, also sent to hosting agents. The owner account pays.
    #[must_use]
    pub fn customer_id(mut self, customer_id: impl Into<String>) -> Self {
        self.customer_id = Some(customer_id.into());
        self
    }

    /// Set `restart`.
    #[must_use]
    pub fn restart(mut self, restart: impl Into<String>) -> Self {
        self.restart = Some(restart.into());
        self
    }

    /// Seconds in which it must become healthy.
    #[must_use]
    pub fn start_timeout(mut self, start_timeout: f64) -> Self {
        self.start_timeout = Some(start_timeout);
        self
    }

    /// Seconds from SIGTERM to SIGKILL.
    #[must_use]
    pub fn stop_grace(mut self, stop_grace: f64) -> Self {
        self.stop_grace = Some(stop_grace);
        self
    }

    /// Total amount that the instance's own token may spend on priced tasks over its lifetime, within the account's budgets; default: 0.
    #[must_use]
    pub fn spend_limit(mut self, spend_limit: f64) -> Self {
        self.spend_limit = Some(spend_limit);
        self
    }

    /// Currency of spend_limit; default: the setting billing_currency.
    #[must_use]
    pub fn spend_currency(mut self, spend_currency: impl Into<String>) -> Self {
        self.spend_currency = Some(spend_currency.into());
        self
    }
}

/// A summary of a customer's instances and costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InstanceDashboard {
    /// `summary`.
    pub summary: DashboardSummary,
    /// `billing`.
    pub billing: CurrentBilling,
    /// `recent_instances`.
    pub recent_instances: Vec<InstanceSummary>,
    /// `by_agent`.
    #[serde(default)]
    pub by_agent: Vec<AgentCost>,
    /// `other_currencies`.
    #[serde(default)]
    pub other_currencies: Vec<CurrencyBilling>,
    /// `customer_id`.
    pub customer_id: String,
}

/// Output of an instance. Offsets count bytes since its first start, across restarts and log rotation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InstanceLog {
    /// `instance_id`.
    pub instance_id: String,
    /// `content`.
    pub content: String,
    /// Offset of the first returned byte; higher than requested if older output was deleted.
    pub begin: i64,
    /// Offset at which to continue reading.
    pub end: i64,
    /// `size`.
    pub size: i64,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// Whether no more output will follow.
    #[serde(default)]
    pub ended: bool,
}

/// InstancePage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InstancePage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `instances`.
    pub instances: Vec<InstanceSummary>,
}

/// An instance in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InstanceSummary {
    /// `instance_id`.
    pub instance_id: String,
    /// `agent_id`.
    pub agent_id: String,
    /// `agent_name`.
    pub agent_name: String,
    /// Owner account.
    pub customer_id: String,
    /// `name`.
    pub name: Option<String>,
    /// `status`.
    pub status: InstanceStatus,
    /// `desired_status`.
    pub desired_status: String,
    /// Reason why the status differs from the requested one.
    pub reason: Option<String>,
    /// `host`.
    pub host: Option<String>,
    /// `engine`.
    pub engine: Option<String>,
    /// Number of starts.
    #[serde(default = "default_i64_1")]
    pub generation: i64,
    /// `restarts`.
    #[serde(default)]
    pub restarts: i64,
    /// Whether it is in a crash loop.
    #[serde(default)]
    pub crash_loop: bool,
    /// Time of the next restart.
    pub retry_at: Option<String>,
    /// `task_executions`.
    #[serde(default)]
    pub task_executions: i64,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// Start time of the current process.
    pub started_at: Option<String>,
    /// `stopped_at`.
    pub stopped_at: Option<String>,
    /// `health_status`.
    pub health_status: HealthStatus,
    /// `resource_usage`.
    pub resource_usage: ResourceUsage,
}

/// An intervention by a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Intervention {
    /// `success`.
    #[serde(default = "default_bool_true")]
    pub success: bool,
    /// `agent_id`.
    pub agent_id: String,
    /// `action`.
    pub action: String,
    /// RFC 3339 time with an offset.
    pub timestamp: String,
    /// Id of the sent message.
    pub message_id: Option<String>,
    /// Id of the override.
    pub override_id: Option<String>,
    /// `status`.
    pub status: Option<String>,
}

/// An account's usage of one month. `opening_balance + credits - charges = closing_balance`.
///
/// Prices include the tax: `net_charges + tax = charges`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Invoice {
    /// `invoice_id`.
    pub invoice_id: Option<String>,
    /// Invoice number, consecutive within the marketplace; null while the invoice is open.
    pub number: Option<String>,
    /// `status`.
    pub status: String,
    /// `account_id`.
    pub account_id: String,
    /// `currency`.
    pub currency: String,
    /// `period`.
    pub period: String,
    /// `issued_at`.
    pub issued_at: Option<String>,
    /// Balance before the invoice; negative if the account owed money.
    pub opening_balance: f64,
    /// `charges`.
    pub charges: f64,
    /// Credit and payments received.
    pub credits: f64,
    /// `closing_balance`.
    pub closing_balance: f64,
    /// `amount_due`.
    pub amount_due: f64,
    /// Name and address of the issuer, in lines.
    #[serde(default)]
    pub issuer: String,
    /// `issuer_email`.
    #[serde(default)]
    pub issuer_email: String,
    /// `customer`.
    #[serde(default)]
    pub customer: InvoiceCustomer,
    /// Due date; null while the invoice is open.
    pub due_at: Option<String>,
    /// `tax_name`.
    #[serde(default)]
    pub tax_name: String,
    /// Tax rate in percent, included in the charges.
    #[serde(default)]
    pub tax_rate: f64,
    /// `tax`.
    #[serde(default)]
    pub tax: f64,
    /// The charges excluding tax.
    #[serde(default)]
    pub net_charges: f64,
    /// `lines`.
    pub lines: Vec<InvoiceLine>,
    /// Open invoice only: previews in other currencies.
    #[serde(default)]
    pub other_currencies: Vec<InvoiceSummary>,
}

/// Billing details of the customer at the time of issue.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InvoiceCustomer {
    /// `name`.
    #[serde(default)]
    pub name: String,
    /// `address`.
    #[serde(default)]
    pub address: String,
    /// `tax_id`.
    #[serde(default)]
    pub tax_id: String,
    /// `email`.
    #[serde(default)]
    pub email: String,
}

/// An invoice as a file: `csv` and `json` have exact figures, `html` and `eml` those of the currency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InvoiceDocument {
    /// `filename`.
    pub filename: String,
    /// `media_type`.
    pub media_type: String,
    /// `content`.
    pub content: String,
}

/// One kind of usage of one agent in one month. The month is an earlier one if the entry missed its invoice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InvoiceLine {
    /// `period`.
    pub period: String,
    /// `agent_id`.
    pub agent_id: Option<String>,
    /// `agent_name`.
    pub agent_name: Option<String>,
    /// `kind`.
    pub kind: EntryKind,
    /// `description`.
    pub description: String,
    /// `quantity`.
    pub quantity: f64,
    /// `unit`.
    pub unit: String,
    /// `amount`.
    pub amount: f64,
}

/// InvoicePage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InvoicePage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `invoices`.
    pub invoices: Vec<InvoiceSummary>,
}

/// An invoice without its lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InvoiceSummary {
    /// `invoice_id`.
    pub invoice_id: Option<String>,
    /// Invoice number, consecutive within the marketplace; null while the invoice is open.
    pub number: Option<String>,
    /// `status`.
    pub status: String,
    /// `account_id`.
    pub account_id: String,
    /// `currency`.
    pub currency: String,
    /// `period`.
    pub period: String,
    /// `issued_at`.
    pub issued_at: Option<String>,
    /// Balance before the invoice; negative if the account owed money.
    pub opening_balance: f64,
    /// `charges`.
    pub charges: f64,
    /// Credit and payments received.
    pub credits: f64,
    /// `closing_balance`.
    pub closing_balance: f64,
    /// `amount_due`.
    pub amount_due: f64,
}

/// Progress of a for_each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Items {
    /// `total`.
    pub total: i64,
    /// `completed`.
    #[serde(default)]
    pub completed: i64,
    /// `failed`.
    #[serde(default)]
    pub failed: i64,
    /// `running`.
    #[serde(default)]
    pub running: i64,
}

/// Participants of a job: its requester, and who answered permission requests, commented and reviewed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JobParticipants {
    /// `task_id`.
    pub task_id: String,
    /// `asked_by`.
    pub asked_by: String,
    /// RFC 3339 time with an offset.
    pub asked_at: String,
    /// The agent of the worker that has or had the job.
    pub worked_by: Option<String>,
    /// Answers to permission requests, oldest first.
    #[serde(default)]
    pub allowed: Vec<PermissionAnswer>,
    /// `commented_by`.
    #[serde(default)]
    pub commented_by: Vec<String>,
    /// Decisions about its changes, oldest first.
    #[serde(default)]
    pub reviewed: Vec<ReviewDecision>,
}

/// Secrets of a job, set as environment variables of its agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JobSecrets {
    /// `task_id`.
    pub task_id: String,
    /// `secrets`.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
}

/// A message in the log. status: delivery state, if it was sent to a single agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LoggedMessage {
    /// `message_id`.
    pub message_id: String,
    /// RFC 3339 time with an offset.
    pub timestamp: String,
    /// `type`.
    pub r#type: String,
    /// `from_agent`.
    pub from_agent: String,
    /// `from_name`.
    pub from_name: String,
    /// `to_agent`.
    pub to_agent: String,
    /// `content`.
    pub content: String,
    /// `priority`.
    pub priority: Priority,
    /// `status`.
    pub status: Option<DeliveryState>,
    /// `correlation_id`.
    pub correlation_id: Option<String>,
    /// `reply_to`.
    pub reply_to: Option<String>,
    /// `metadata`.
    #[serde(default)]
    pub metadata: Value,
    /// `broadcast`.
    #[serde(default)]
    pub broadcast: bool,
}

/// The session has ended; its tokens are no longer accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LoggedOut {
    /// `logged_out`.
    #[serde(default = "default_bool_true")]
    pub logged_out: bool,
    /// Whether the session at the identity provider has ended, too.
    #[serde(default)]
    pub provider_logged_out: bool,
    /// URL where a browser ends its session at the provider.
    pub logout_url: Option<String>,
}

/// Tokens from the provider. Send the access token as a bearer token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Login {
    /// `access_token`.
    pub access_token: String,
    /// `refresh_token`.
    pub refresh_token: Option<String>,
    /// `token_type`.
    #[serde(default = "default_string_bearer")]
    pub token_type: String,
    /// Lifetime of the access token, in seconds.
    pub expires_in: Option<i64>,
    /// Lifetime of the refresh token, in seconds.
    pub refresh_expires_in: Option<i64>,
    /// `user`.
    pub user: LoginUser,
}

/// The user that logged in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LoginUser {
    /// Id in this marketplace; stable for an SSO user.
    pub id: String,
    /// User name at the identity provider.
    pub subject: String,
    /// `username`.
    pub username: String,
    /// `email`.
    pub email: Option<String>,
    /// `name`.
    pub name: Option<String>,
    /// Role names from the identity provider.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Role in this marketplace: admin, operator, viewer or user.
    pub role: Option<String>,
}

/// The logout was accepted. Tokens issued earlier to that session or user are rejected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LogoutTaken {
    /// User that logged out, if the token names one.
    pub user_id: Option<String>,
    /// Whether all sessions of the user have ended, or only one.
    pub whole_person: bool,
}

/// Managed, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Managed {
    /// `resource`.
    pub resource: String,
    /// `target`.
    pub target: String,
    /// `action`.
    pub action: String,
    /// `before`.
    #[serde(default)]
    pub before: Value,
    /// `after`.
    #[serde(default)]
    pub after: Value,
    /// RFC 3339 time with an offset.
    pub executed_at: String,
}

/// All validation errors of a manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ManifestReport {
    /// `valid`.
    pub valid: bool,
    /// `faults`.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// `agent_name`.
    pub agent_name: Option<String>,
    /// Engines that can run it.
    #[serde(default)]
    pub engines: Vec<String>,
}

/// Number of messages that changed state, and ids that were not in the inbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Marked {
    /// `updated`.
    pub updated: i64,
    /// `status`.
    pub status: DeliveryState,
    /// `unknown`.
    #[serde(default)]
    pub unknown: Vec<String>,
}

/// Statistics of the marketplace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Marketplace {
    /// `agents_total`.
    pub agents_total: i64,
    /// `agents_by_status`.
    pub agents_by_status: BTreeMap<String, i64>,
    /// `agents_by_tier`.
    pub agents_by_tier: BTreeMap<String, i64>,
    /// `top_capabilities`.
    pub top_capabilities: BTreeMap<String, i64>,
    /// Number of distinct capabilities of agents.
    #[serde(default)]
    pub capabilities_total: i64,
    /// `messages`.
    pub messages: MessageStatistics,
    /// `events_total`.
    pub events_total: i64,
    /// `services_total`.
    pub services_total: i64,
    /// `calls`.
    pub calls: i64,
    /// `errors`.
    pub errors: i64,
    /// `busiest_services`.
    pub busiest_services: BTreeMap<String, i64>,
    /// RFC 3339 time with an offset.
    pub started_at: String,
    /// RFC 3339 time with an offset.
    pub timestamp: String,
}

/// An agent as a customer sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MarketplaceAgent {
    /// `agent_id`.
    pub agent_id: String,
    /// `agent_name`.
    pub agent_name: String,
    /// Address in the agent protocol, agent.COMPANY.NAME.
    pub alias: Option<String>,
    /// `description`.
    #[serde(default)]
    pub description: String,
    /// `capabilities`.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// Granted service tier, which decides the rate limit.
    #[serde(default)]
    pub service_tier: ServiceTier,
    /// Tier requested at the last registration; an operator may grant it.
    #[serde(default)]
    pub requested_tier: ServiceTier,
    /// `status`.
    #[serde(default)]
    pub status: AgentStatus,
    /// `category`.
    #[serde(default)]
    pub category: String,
    /// `tags`.
    #[serde(default)]
    pub tags: Vec<String>,
    /// `visibility`.
    #[serde(default)]
    pub visibility: Visibility,
    /// `endpoints`.
    #[serde(default)]
    pub endpoints: BTreeMap<String, String>,
    /// `metadata`.
    #[serde(default)]
    pub metadata: Value,
    /// `max_concurrent_tasks`.
    #[serde(default = "default_i64_1")]
    pub max_concurrent_tasks: i64,
    /// What to do with a new task while an earlier task of the same requester, agent and context is running: wait until that one ends or asks a question (enqueue), reject the new one (reject), cancel the earlier one and keep it in the conversation (interrupt) or remove it from the conversation (rollback), or run both (concurrent).
    #[serde(default = "default_string_enqueue")]
    pub busy: String,
    /// `proficiency_level`.
    pub proficiency_level: Option<i64>,
    /// RFC 3339 time with an offset.
    pub registered_at: String,
    /// RFC 3339 time with an offset.
    pub last_activity: String,
    /// Fraction of capacity in use, 0 to 1: as last reported, else derived from its tasks.
    #[serde(default)]
    pub load: f64,
    /// Fraction of the time since registration in which it was reachable, 0 to 1.
    #[serde(default = "default_f64_1_0")]
    pub availability: f64,
    /// Mean rating, 0 to 10; null without ratings.
    pub reputation: Option<f64>,
    /// `rating_count`.
    #[serde(default)]
    pub rating_count: i64,
    /// Public keys for encrypting messages to it; use the first.
    #[serde(default)]
    pub public_keys: Vec<PublicKey>,
    /// `id`.
    pub id: String,
    /// `name`.
    pub name: String,
    /// `version`.
    pub version: Option<String>,
    /// `marketplace_info`.
    pub marketplace_info: MarketplaceInfo,
}

/// Number of matches. `by_status` and `top_capabilities` refer to the whole marketplace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MarketplaceCount {
    /// `of`.
    pub of: String,
    /// `total`.
    pub total: i64,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `by_status`.
    #[serde(default)]
    pub by_status: BTreeMap<String, i64>,
    /// `top_capabilities`.
    #[serde(default)]
    pub top_capabilities: BTreeMap<String, i64>,
}

/// MarketplaceInfo, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MarketplaceInfo {
    /// `availability`.
    pub availability: Availability,
    /// `pricing_info`.
    pub pricing_info: PricingInfo,
    /// `customer_instances`.
    #[serde(default)]
    pub customer_instances: i64,
    /// `total_instances`.
    #[serde(default)]
    pub total_instances: i64,
    /// `performance_metrics`.
    pub performance_metrics: PerformanceMetrics,
}

/// MarketplacePage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MarketplacePage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `agents`.
    pub agents: Vec<MarketplaceAgent>,
}

/// Matching agents, best first. `total` counts matches among the first 1,000 candidates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MatchPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `agents`.
    pub agents: Vec<MarketplaceAgent>,
}

/// A participant of a room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MediaParticipant {
    /// `identity`.
    pub identity: String,
    /// `name`.
    #[serde(default)]
    pub name: String,
    /// `state`.
    #[serde(default)]
    pub state: String,
    /// `is_publisher`.
    #[serde(default)]
    pub is_publisher: bool,
    /// RFC 3339 time with an offset.
    pub joined_at: String,
}

/// A room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MediaRoom {
    /// `room_name`.
    pub room_name: String,
    /// `room_id`.
    pub room_id: String,
    /// Number of participants.
    pub participants: i64,
    /// Maximum number of participants; 0: no limit.
    pub max_participants: i64,
    /// Seconds after which an empty room is closed.
    pub empty_timeout: i64,
    /// `metadata`.
    #[serde(default)]
    pub metadata: String,
    /// RFC 3339 time with an offset.
    pub created_at: String,
}

/// A room with its first 500 participants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MediaRoomDetail {
    /// `room_name`.
    pub room_name: String,
    /// `room_id`.
    pub room_id: String,
    /// Number of participants.
    pub participants: i64,
    /// Maximum number of participants; 0: no limit.
    pub max_participants: i64,
    /// Seconds after which an empty room is closed.
    pub empty_timeout: i64,
    /// `metadata`.
    #[serde(default)]
    pub metadata: String,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// `members`.
    pub members: Vec<MediaParticipant>,
}

/// MediaRoomPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MediaRoomPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `rooms`.
    pub rooms: Vec<MediaRoom>,
}

/// A token for joining a room. Its bearer joins as `identity`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MediaToken {
    /// `access_token`.
    pub access_token: String,
    /// URL for LiveKit clients, including the token.
    pub join_url: String,
    /// RFC 3339 time with an offset.
    pub expires_at: String,
    /// URL of the LiveKit server, for clients that take the token separately.
    pub server_url: String,
    /// Name of the room in LiveKit.
    pub room: String,
    /// `identity`.
    pub identity: String,
}

/// A stored value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Memory {
    /// `namespace`.
    pub namespace: String,
    /// `key`.
    pub key: String,
    /// `value`.
    #[serde(default)]
    pub value: Value,
    /// `tags`.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Incremented with each change.
    #[serde(default = "default_i64_1")]
    pub version: i64,
    /// `stored_by`.
    pub stored_by: String,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
}

/// MemoryPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MemoryPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `memories`.
    pub memories: Vec<Memory>,
}

/// A message as its recipient sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Message {
    /// `message_id`.
    pub message_id: String,
    /// `from_agent`.
    pub from_agent: String,
    /// `from_name`.
    pub from_name: String,
    /// `to_agent`.
    pub to_agent: String,
    /// `content`.
    pub content: String,
    /// `message_type`.
    #[serde(default = "default_messagetype_info")]
    pub message_type: MessageType,
    /// `priority`.
    #[serde(default)]
    pub priority: Priority,
    /// `status`.
    #[serde(default)]
    pub status: DeliveryState,
    /// RFC 3339 time with an offset.
    pub timestamp: String,
    /// Null: the marketplace's default lifetime applies.
    pub expires_at: Option<String>,
    /// `correlation_id`.
    pub correlation_id: Option<String>,
    /// `reply_to`.
    pub reply_to: Option<String>,
    /// `metadata`.
    #[serde(default)]
    pub metadata: Value,
    /// `broadcast`.
    #[serde(default)]
    pub broadcast: bool,
}

/// MessageCount, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MessageCount {
    /// `total`.
    pub total: i64,
    /// True if the count is a lower bound.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `type_filter`.
    pub type_filter: Option<String>,
}

/// Messages, newest first. A page may be empty although more pages follow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MessageLog {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `messages`.
    pub messages: Vec<LoggedMessage>,
}

/// MessagePage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MessagePage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `messages`.
    pub messages: Vec<Message>,
}

/// Receipt of a message. The message is committed to the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MessageReceipt {
    /// `message_id`.
    pub message_id: String,
    /// `status`.
    pub status: DeliveryState,
    /// RFC 3339 time with an offset.
    pub timestamp: String,
    /// Number of recipients; null for a broadcast.
    pub recipients: Option<i64>,
    /// Reason for a delay, such as an unregistered name.
    pub warning: Option<String>,
}

/// MessageStatistics, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MessageStatistics {
    /// `total`.
    #[serde(default)]
    pub total: i64,
    /// `last_hour`.
    #[serde(default)]
    pub last_hour: i64,
    /// Queued or held, not yet delivered.
    #[serde(default)]
    pub waiting: i64,
}

/// Progress of the migration. Includes offline agents, excludes retired ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MigrationReport {
    /// `migration_summary`.
    pub migration_summary: MigrationSummary,
    /// `compatibility_mode`.
    pub compatibility_mode: String,
    /// Announced end of v4 calls.
    pub sunset_at: Option<String>,
    /// True if no agent uses v4 any more and no v4 call was made in these days.
    pub ready: bool,
    /// `recommendations`.
    pub recommendations: Vec<String>,
    /// Recent v4 calls, most frequent first.
    #[serde(default)]
    pub calls: Vec<V4CallCount>,
    /// RFC 3339 time with an offset.
    pub generated_at: String,
}

/// MigrationSummary, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MigrationSummary {
    /// `total_agents`.
    pub total_agents: i64,
    /// `v5_native_agents`.
    pub v5_native_agents: i64,
    /// `v4_migrated_agents`.
    pub v4_migrated_agents: i64,
    /// `v4_compatibility_agents`.
    pub v4_compatibility_agents: i64,
    /// Percent of the agents that came from v4.
    pub migration_completion_rate: f64,
}

/// Statistics of one minute. Call durations are in milliseconds; null without calls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Minute {
    /// RFC 3339 time with an offset.
    pub minute: String,
    /// Calls that change data or call another server.
    #[serde(default)]
    pub calls: i64,
    /// Calls that only read.
    #[serde(default)]
    pub reads: i64,
    /// Calls that failed or were refused.
    #[serde(default)]
    pub errors: i64,
    /// `p50_ms`.
    pub p50_ms: Option<f64>,
    /// `p95_ms`.
    pub p95_ms: Option<f64>,
}

/// A model call, as recorded in the ledger. All numbers of a reversal are negative.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelCall {
    /// `entry_id`.
    pub entry_id: String,
    /// `account_id`.
    pub account_id: String,
    /// `agent_id`.
    pub agent_id: Option<String>,
    /// `task_id`.
    pub task_id: Option<String>,
    /// `project`.
    pub project: Option<String>,
    /// `provider`.
    pub provider: String,
    /// `model`.
    pub model: String,
    /// `input_tokens`.
    pub input_tokens: i64,
    /// `output_tokens`.
    pub output_tokens: i64,
    /// `cache_read_tokens`.
    #[serde(default)]
    pub cache_read_tokens: i64,
    /// `cache_write_tokens`.
    #[serde(default)]
    pub cache_write_tokens: i64,
    /// `reasoning_tokens`.
    #[serde(default)]
    pub reasoning_tokens: i64,
    /// Amount charged, after discounts.
    pub cost: f64,
    /// Cost excluding markup.
    pub base_cost: f64,
    /// `currency`.
    pub currency: String,
    /// Whether the tokens were estimated, not counted.
    #[serde(default)]
    pub is_estimate: bool,
    /// Seconds to the first token.
    pub time_to_first_token: Option<f64>,
    /// Seconds to the complete response.
    pub seconds: Option<f64>,
    /// RFC 3339 time with an offset.
    pub created_at: String,
}

/// ModelCallPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelCallPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `calls`.
    pub calls: Vec<ModelCall>,
}

/// Price of a model per million tokens, in USD or the given currency, excluding markup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelPrice {
    /// PROVIDER:MODEL.
    pub id: String,
    /// `provider`.
    pub provider: String,
    /// `model`.
    pub model: String,
    /// `currency`.
    pub currency: String,
    /// `input_cost_per_m`.
    pub input_cost_per_m: f64,
    /// `output_cost_per_m`.
    pub output_cost_per_m: f64,
    /// Defaults to the input price.
    pub cache_read_cost_per_m: f64,
    /// Defaults to the input price.
    pub cache_write_cost_per_m: f64,
    /// Null: the output price.
    pub reasoning_cost_per_m: Option<f64>,
    /// Markup added when a call is charged.
    #[serde(default)]
    pub markup_percent: f64,
    /// Input token thresholds above which the provider charges different prices.
    #[serde(default)]
    pub above_tokens: Vec<i64>,
    /// package: shipped with the server; operator: set here.
    pub set_by: String,
    /// Date of the price data (package), or when the price was set (operator).
    pub as_of: String,
}

/// ModelPricePage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelPricePage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `pricing`.
    pub pricing: Vec<ModelPrice>,
    /// Source and date of the prices shipped with the server.
    #[serde(default)]
    pub source: String,
}

/// A provider of language models; its key is never shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelProvider {
    /// `name`.
    pub name: String,
    /// API protocol: openai or anthropic.
    pub wire: String,
    /// `base_url`.
    pub base_url: String,
    /// `has_key`.
    pub has_key: bool,
    /// `updated_by`.
    pub updated_by: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
}

/// ModelProviderPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelProviderPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `providers`.
    pub providers: Vec<ModelProvider>,
}

/// ModelProviderRemoval, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelProviderRemoval {
    /// `name`.
    pub name: String,
}

/// The model to call next, and the amount reserved for the call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelReservation {
    /// PROVIDER:MODEL, one of the given candidates.
    pub model: String,
    /// Maximum cost of the call.
    pub reserved: f64,
    /// `currency`.
    pub currency: String,
    /// Whether a limit caused a model other than the first to be chosen.
    #[serde(default)]
    pub is_cheaper: bool,
}

/// Released reservation of a failed call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelReservationRelease {
    /// False if nothing was reserved.
    pub is_released: bool,
}

/// Tokens used by one model call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelTokens {
    /// All input tokens, including cached ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<i64>,
    /// All output tokens, including reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<i64>,
    /// Input tokens read from a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read_tokens: Option<i64>,
    /// Input tokens written to a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_tokens: Option<i64>,
    /// Output tokens used for reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<i64>,
}

impl Default for ModelTokens {
    fn default() -> Self {
        Self::new()
    }
}

impl ModelTokens {
    /// One with what is required of it.
    #[must_use]
    pub fn new() -> Self {
        Self {
            input_tokens: None,
            output_tokens: None,
            cache_read_tokens: None,
            cache_write_tokens: None,
            reasoning_tokens: None,
        }
    }

    /// All input tokens, including cached ones.
    #[must_use]
    pub fn input_tokens(mut self, input_tokens: i64) -> Self {
        self.input_tokens = Some(input_tokens);
        self
    }

    /// All output tokens, including reasoning.
    #[must_use]
    pub fn output_tokens(mut self, output_tokens: i64) -> Self {
        self.output_tokens = Some(output_tokens);
        self
    }

    /// Input tokens read from a cache.
    #[must_use]
    pub fn cache_read_tokens(mut self, cache_read_tokens: i64) -> Self {
        self.cache_read_tokens = Some(cache_read_tokens);
        self
    }

    /// Input tokens written to a cache.
    #[must_use]
    pub fn cache_write_tokens(mut self, cache_write_tokens: i64) -> Self {
        self.cache_write_tokens = Some(cache_write_tokens);
        self
    }

    /// Output tokens used for reasoning.
    #[must_use]
    pub fn reasoning_tokens(mut self, reasoning_tokens: i64) -> Self {
        self.reasoning_tokens = Some(reasoning_tokens);
        self
    }
}

/// Totals of the calls to one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelUsage {
    /// `provider`.
    pub provider: String,
    /// `model`.
    pub model: String,
    /// `request_count`.
    pub request_count: i64,
    /// `total_tokens`.
    pub total_tokens: i64,
    /// `cost_dollars`.
    pub cost_dollars: f64,
}

/// Modification, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Modification {
    /// `workflow_id`.
    pub workflow_id: String,
    /// `status`.
    pub status: WorkflowStatus,
    /// `action`.
    pub action: String,
    /// `step`.
    pub step: Option<String>,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
    /// Number of modifications so far.
    pub modifications: i64,
}

/// Money, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Money {
    /// `currency`.
    pub currency: String,
    /// `amount`.
    pub amount: f64,
}

/// Statistics of the marketplace: current values and the last hour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MonitorStats {
    /// `agents`.
    pub agents: i64,
    /// `agents_by_status`.
    pub agents_by_status: BTreeMap<String, i64>,
    /// `tasks_open`.
    pub tasks_open: i64,
    /// Open tasks, and tasks that ended in the last hour.
    pub tasks_by_status: BTreeMap<String, i64>,
    /// Tasks that can be claimed.
    pub queue_depth: i64,
    /// Counted up to 10,000.
    pub messages_last_hour: i64,
    /// Held or queued, not delivered yet; counted up to 10,000.
    pub messages_waiting: i64,
    /// `calls_last_hour`.
    pub calls_last_hour: i64,
    /// `errors_last_hour`.
    pub errors_last_hour: i64,
    /// Fraction of calls and reads in the last hour that failed, 0 to 1.
    pub error_rate: f64,
    /// Median duration of the calls of the last hour, in milliseconds.
    pub p50_ms: Option<f64>,
    /// `p95_ms`.
    pub p95_ms: Option<f64>,
    /// Since midnight UTC; null if not visible to the caller.
    pub cost_today: Option<Vec<Money>>,
    /// The last 60 minutes, oldest first; the last one is incomplete.
    pub minutes: Vec<Minute>,
    /// Number of open live streams.
    pub streams: i64,
    /// Sequence of the newest event in the log.
    pub last_sequence: i64,
    /// RFC 3339 time with an offset.
    pub started_at: String,
    /// RFC 3339 time with an offset.
    pub timestamp: String,
}

/// An agent with its open tasks and pending messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MonitoredAgent {
    /// `agent_id`.
    pub agent_id: String,
    /// `agent_name`.
    pub agent_name: String,
    /// Address in the agent protocol, agent.COMPANY.NAME.
    pub alias: Option<String>,
    /// `description`.
    #[serde(default)]
    pub description: String,
    /// `capabilities`.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// Granted service tier, which decides the rate limit.
    #[serde(default)]
    pub service_tier: ServiceTier,
    /// Tier requested at the last registration; an operator may grant it.
    #[serde(default)]
    pub requested_tier: ServiceTier,
    /// `status`.
    #[serde(default)]
    pub status: AgentStatus,
    /// `category`.
    #[serde(default)]
    pub category: String,
    /// `tags`.
    #[serde(default)]
    pub tags: Vec<String>,
    /// `visibility`.
    #[serde(default)]
    pub visibility: Visibility,
    /// `endpoints`.
    #[serde(default)]
    pub endpoints: BTreeMap<String, String>,
    /// `metadata`.
    #[serde(default)]
    pub metadata: Value,
    /// `max_concurrent_tasks`.
    #[serde(default = "default_i64_1")]
    pub max_concurrent_tasks: i64,
    /// What to do with a new task while an earlier task of the same requester, agent and context is running: wait until that one ends or asks a question (enqueue), reject the new one (reject), cancel the earlier one and keep it in the conversation (interrupt) or remove it from the conversation (rollback), or run both (concurrent).
    #[serde(default = "default_string_enqueue")]
    pub busy: String,
    /// `proficiency_level`.
    pub proficiency_level: Option<i64>,
    /// RFC 3339 time with an offset.
    pub registered_at: String,
    /// RFC 3339 time with an offset.
    pub last_activity: String,
    /// Fraction of capacity in use, 0 to 1: as last reported, else derived from its tasks.
    #[serde(default)]
    pub load: f64,
    /// Fraction of the time since registration in which it was reachable, 0 to 1.
    #[serde(default = "default_f64_1_0")]
    pub availability: f64,
    /// Mean rating, 0 to 10; null without ratings.
    pub reputation: Option<f64>,
    /// `rating_count`.
    #[serde(default)]
    pub rating_count: i64,
    /// Public keys for encrypting messages to it; use the first.
    #[serde(default)]
    pub public_keys: Vec<PublicKey>,
    /// `active_tasks`.
    #[serde(default)]
    pub active_tasks: i64,
    /// Messages not delivered yet.
    #[serde(default)]
    pub waiting_messages: i64,
}

/// MonitoredAgentPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MonitoredAgentPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `agents`.
    pub agents: Vec<MonitoredAgent>,
}

/// OverrideReceipt, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OverrideReceipt {
    /// `override_id`.
    pub override_id: String,
    /// `status`.
    pub status: String,
    /// `target_id`.
    pub target_id: String,
    /// `action`.
    pub action: OverrideAction,
    /// `priority`.
    pub priority: i64,
    /// RFC 3339 time with an offset.
    pub executed_at: String,
    /// `expires_at`.
    pub expires_at: Option<String>,
    /// Ids of the overrides that this one replaced.
    #[serde(default)]
    pub lifted: Vec<String>,
}

/// A part of a message or result: exactly one of text, raw, url and data (A2A 1.0, section 4.1.6).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Part {
    /// `text`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// `raw`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// `url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// `data`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// `metadata`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// `filename`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// `mediaType`.
    #[serde(rename = "mediaType", skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
}

impl Default for Part {
    fn default() -> Self {
        Self::new()
    }
}

impl Part {
    /// One with what is required of it.
    #[must_use]
    pub fn new() -> Self {
        Self {
            text: None,
            raw: None,
            url: None,
            data: None,
            metadata: None,
            filename: None,
            media_type: None,
        }
    }

    /// Set `text`.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Set `raw`.
    #[must_use]
    pub fn raw(mut self, raw: impl Into<String>) -> Self {
        self.raw = Some(raw.into());
        self
    }

    /// Set `url`.
    #[must_use]
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// Set `data`.
    #[must_use]
    pub fn data(mut self, data: impl Into<Value>) -> Self {
        self.data = Some(data.into());
        self
    }

    /// Set `metadata`.
    #[must_use]
    pub fn metadata(mut self, metadata: impl Into<Value>) -> Self {
        self.metadata = Some(metadata.into());
        self
    }

    /// Set `filename`.
    #[must_use]
    pub fn filename(mut self, filename: impl Into<String>) -> Self {
        self.filename = Some(filename.into());
        self
    }

    /// Set `mediaType`.
    #[must_use]
    pub fn media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = Some(media_type.into());
        self
    }
}

/// PendingPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PendingPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `messages`.
    pub messages: Vec<AgentMessage>,
}

/// Measured by the server; null before the first execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PerformanceMetrics {
    /// Seconds.
    pub average_response_time: Option<f64>,
    /// `success_rate`.
    pub success_rate: Option<f64>,
    /// For an agent with instances: the fraction of desired instances that are running and healthy. Otherwise: the fraction of time since registration in which it was reachable. 0 to 1.
    pub availability: f64,
}

/// A person's answer to a permission request of the agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PermissionAnswer {
    /// `by`.
    pub by: String,
    /// RFC 3339 time with an offset.
    pub at: String,
    /// `question`.
    #[serde(default)]
    pub question: String,
    /// `answer`.
    #[serde(default)]
    pub answer: Value,
}

/// One version of an agent's price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Price {
    /// `type`.
    #[serde(default)]
    pub r#type: PricingType,
    /// `price`.
    #[serde(default)]
    pub price: f64,
    /// `currency`.
    pub currency: String,
    /// `base_price`.
    #[serde(default)]
    pub base_price: f64,
    /// `task_price`.
    #[serde(default)]
    pub task_price: f64,
    /// `usage_unit`.
    pub usage_unit: Option<String>,
    /// `input_price`.
    #[serde(default)]
    pub input_price: f64,
    /// `output_price`.
    #[serde(default)]
    pub output_price: f64,
    /// `agent_id`.
    pub agent_id: String,
    /// `agent_name`.
    pub agent_name: String,
    /// Counts from 1; the highest effective version applies.
    pub version: i64,
    /// RFC 3339 time with an offset.
    pub effective_from: String,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// `created_by`.
    pub created_by: String,
}

/// PricePage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PricePage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `prices`.
    pub prices: Vec<Price>,
}

/// Price of an agent. `price` is per request, minute or hour, depending on `type`.
///
/// With type hybrid, `price` is per `usage_unit` of running time, `base_price` is charged once when an instance
/// is created, and `task_price` per execution. With type token_based, prices are per million tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PricingInfo {
    /// `type`.
    #[serde(default)]
    pub r#type: PricingType,
    /// `price`.
    #[serde(default)]
    pub price: f64,
    /// `currency`.
    pub currency: String,
    /// `base_price`.
    #[serde(default)]
    pub base_price: f64,
    /// `task_price`.
    #[serde(default)]
    pub task_price: f64,
    /// `usage_unit`.
    pub usage_unit: Option<String>,
    /// `input_price`.
    #[serde(default)]
    pub input_price: f64,
    /// `output_price`.
    #[serde(default)]
    pub output_price: f64,
}

/// Progress of the sender.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Progress {
    /// `state`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// `progress`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<f64>,
    /// `message`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Further members.
    #[serde(flatten)]
    pub extra: serde_json::Map<String, Value>,
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress {
    /// One with what is required of it.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: None,
            progress: None,
            message: None,
            extra: serde_json::Map::new(),
        }
    }

    /// Set `state`.
    #[must_use]
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.state = Some(state.into());
        self
    }

    /// Set `progress`.
    #[must_use]
    pub fn progress(mut self, progress: f64) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Set `message`.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }
}

/// A prompt with its arguments filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PromptResult {
    /// `upstream`.
    pub upstream: String,
    /// `prompt`.
    pub prompt: String,
    /// `description`.
    pub description: Option<String>,
    /// `messages`.
    #[serde(default)]
    pub messages: Vec<Value>,
}

/// A public key (JWK, RFC 7517) with which messages to the agent can be encrypted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PublicKey {
    /// `kty`.
    pub kty: String,
    /// `crv`.
    pub crv: String,
    /// `kid`.
    pub kid: String,
    /// `x`.
    pub x: String,
    /// `y`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// `use`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#use: Option<String>,
    /// `alg`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
}

impl PublicKey {
    /// One with what is required of it.
    #[must_use]
    pub fn new(kty: impl Into<String>, crv: impl Into<String>, kid: impl Into<String>, x: impl Into<String>) -> Self {
        Self {
            kty: kty.into(),
            crv: crv.into(),
            kid: kid.into(),
            x: x.into(),
            y: None,
            r#use: None,
            alg: None,
        }
    }

    /// Set `y`.
    #[must_use]
    pub fn y(mut self, y: impl Into<String>) -> Self {
        self.y = Some(y.into());
        self
    }

    /// Set `use`.
    #[must_use]
    pub fn r#use(mut self, r#use: impl Into<String>) -> Self {
        self.r#use = Some(r#use.into());
        self
    }

    /// Set `alg`.
    #[must_use]
    pub fn alg(mut self, alg: impl Into<String>) -> Self {
        self.alg = Some(alg.into());
        self
    }
}

/// Updates of a task that could not be posted. Later updates wait until delivery resumes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PushDeadLetter {
    /// `task_id`.
    pub task_id: String,
    /// `config_id`.
    pub config_id: String,
    /// Without its query.
    pub url: String,
    /// `owner`.
    pub owner: String,
    /// `error`.
    pub error: Option<String>,
    /// `attempts`.
    pub attempts: i64,
    /// Number of the last item of the task's stream that was posted.
    pub position: i64,
    /// RFC 3339 time with an offset.
    pub given_up_at: String,
}

/// PushDeadLetters, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PushDeadLetters {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `dead_letters`.
    pub dead_letters: Vec<PushDeadLetter>,
}

/// Delivery resumes after this item of the task's stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PushRetry {
    /// `task_id`.
    pub task_id: String,
    /// `config_id`.
    pub config_id: String,
    /// `position`.
    pub position: i64,
}

/// Rating, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rating {
    /// `agent_id`.
    pub agent_id: String,
    /// `reputation`.
    pub reputation: f64,
    /// `rating_count`.
    pub rating_count: i64,
}

/// A charged model call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RecordedModelCall {
    /// `entry_id`.
    pub entry_id: String,
    /// `cost`.
    pub cost: f64,
    /// `currency`.
    pub currency: String,
    /// Number of the stored checkpoint.
    pub checkpoint_number: Option<i64>,
    /// End offset of the appended text in the task's output; absent if nothing was appended.
    pub output_size: Option<i64>,
}

/// Current discounts and free quotas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reductions {
    /// `discounts`.
    pub discounts: Vec<Discount>,
    /// `free_quotas`.
    pub free_quotas: Vec<FreeQuota>,
}

/// A registration of a deployment: the agent and its manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RegisteredDeployable {
    /// `agent_id`.
    pub agent_id: String,
    /// `name`.
    pub name: String,
    /// `status`.
    #[serde(default = "default_string_registered")]
    pub status: String,
    /// `message`.
    pub message: String,
    /// `created`.
    #[serde(default = "default_bool_true")]
    pub created: bool,
    /// `revision`.
    pub revision: i64,
    /// `engines`.
    #[serde(default)]
    pub engines: Vec<String>,
    /// `pricing`.
    pub pricing: Option<PricingInfo>,
    /// The new agent's own token. Shown once: keep it.
    pub token: Option<String>,
}

/// A registered agent, with its token and the data it needs to start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Registration {
    /// `agent_id`.
    pub agent_id: String,
    /// `agent_name`.
    pub agent_name: String,
    /// Address in the agent protocol, agent.COMPANY.NAME.
    pub alias: Option<String>,
    /// `description`.
    #[serde(default)]
    pub description: String,
    /// `capabilities`.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// Granted service tier, which decides the rate limit.
    #[serde(default)]
    pub service_tier: ServiceTier,
    /// Tier requested at the last registration; an operator may grant it.
    #[serde(default)]
    pub requested_tier: ServiceTier,
    /// `status`.
    #[serde(default)]
    pub status: AgentStatus,
    /// `category`.
    #[serde(default)]
    pub category: String,
    /// `tags`.
    #[serde(default)]
    pub tags: Vec<String>,
    /// `visibility`.
    #[serde(default)]
    pub visibility: Visibility,
    /// `endpoints`.
    #[serde(default)]
    pub endpoints: BTreeMap<String, String>,
    /// `metadata`.
    #[serde(default)]
    pub metadata: Value,
    /// `max_concurrent_tasks`.
    #[serde(default = "default_i64_1")]
    pub max_concurrent_tasks: i64,
    /// What to do with a new task while an earlier task of the same requester, agent and context is running: wait until that one ends or asks a question (enqueue), reject the new one (reject), cancel the earlier one and keep it in the conversation (interrupt) or remove it from the conversation (rollback), or run both (concurrent).
    #[serde(default = "default_string_enqueue")]
    pub busy: String,
    /// `proficiency_level`.
    pub proficiency_level: Option<i64>,
    /// RFC 3339 time with an offset.
    pub registered_at: String,
    /// RFC 3339 time with an offset.
    pub last_activity: String,
    /// Fraction of capacity in use, 0 to 1: as last reported, else derived from its tasks.
    #[serde(default)]
    pub load: f64,
    /// Fraction of the time since registration in which it was reachable, 0 to 1.
    #[serde(default = "default_f64_1_0")]
    pub availability: f64,
    /// Mean rating, 0 to 10; null without ratings.
    pub reputation: Option<f64>,
    /// `rating_count`.
    #[serde(default)]
    pub rating_count: i64,
    /// Public keys for encrypting messages to it; use the first.
    #[serde(default)]
    pub public_keys: Vec<PublicKey>,
    /// Names of the operations it may call.
    #[serde(default)]
    pub available_services: Vec<String>,
    /// The agent's own token. Shown once: keep it.
    pub token: Option<String>,
    /// False where an existing registration was updated.
    #[serde(default = "default_bool_true")]
    pub created: bool,
    /// Number of tasks that were waiting for this name.
    #[serde(default)]
    pub pending_tasks: i64,
    /// Messages held for this name that now wait in the inbox.
    #[serde(default)]
    pub pending_messages: i64,
    /// Why no instances of it can be run, although its manifest describes how.
    pub warning: Option<String>,
}

/// Credentials of an image registry; stored encrypted, never shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RegistryCredentials {
    /// `username`.
    pub username: String,
    /// `password`.
    pub password: String,
    /// `registry`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
}

impl RegistryCredentials {
    /// One with what is required of it.
    #[must_use]
    pub fn new(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            username: username.into(),
            password: password.into(),
            registry: None,
        }
    }

    /// Set `registry`.
    #[must_use]
    pub fn registry(mut self, registry: impl Into<String>) -> Self {
        self.registry = Some(registry.into());
        self
    }
}

/// A server. `server`: its server.json. `_meta`: registry metadata.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RegistryEntry {
    /// `server`.
    pub server: Value,
    /// `_meta`.
    #[serde(default)]
    pub _meta: Value,
}

/// RegistryMetadata, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RegistryMetadata {
    /// `count`.
    pub count: i64,
    /// `nextCursor`.
    #[serde(rename = "nextCursor")]
    pub next_cursor: Option<String>,
}

/// A page of servers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RegistryPage {
    /// `servers`.
    pub servers: Vec<RegistryEntry>,
    /// `metadata`.
    pub metadata: RegistryMetadata,
}

/// A remote A2A agent that is registered in this marketplace. Credentials are never shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RemoteAgent {
    /// `agent_id`.
    pub agent_id: String,
    /// `agent_name`.
    pub agent_name: String,
    /// URL as registered: of the card or of the agent.
    pub url: String,
    /// Protocol binding and version in use.
    pub interface: Option<A2AInterface>,
    /// The agent's own card, as last fetched.
    pub card: Option<Value>,
    /// `has_credentials`.
    #[serde(default)]
    pub has_credentials: bool,
    /// `timeout`.
    #[serde(default = "default_f64_60_0")]
    pub timeout: f64,
    /// `state`.
    #[serde(default)]
    pub state: RemoteState,
    /// Reason why it cannot be reached.
    pub error: Option<String>,
    /// `checked_at`.
    pub checked_at: Option<String>,
    /// Time of the last fetch of its card.
    pub refreshed_at: Option<String>,
    /// `created_by`.
    pub created_by: String,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
}

/// RemoteAgentPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RemoteAgentPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `agents`.
    pub agents: Vec<RemoteAgent>,
}

/// RemoteRemoval, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RemoteRemoval {
    /// `agent_id`.
    pub agent_id: String,
    /// `agent_name`.
    pub agent_name: String,
}

/// RemovedCodebase, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RemovedCodebase {
    /// `codebase_id`.
    pub codebase_id: String,
}

/// RemovedComment, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RemovedComment {
    /// `comment_id`.
    pub comment_id: String,
}

/// RemovedFollowUp, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RemovedFollowUp {
    /// `follow_up_id`.
    pub follow_up_id: String,
}

/// RemovedPrice, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RemovedPrice {
    /// `provider`.
    pub provider: String,
    /// `model`.
    pub model: String,
}

/// The current lease.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Renewal {
    /// `task_id`.
    pub task_id: String,
    /// `status`.
    pub status: TaskStatus,
    /// `fencing_token`.
    pub fencing_token: i64,
    /// `lease_seconds`.
    pub lease_seconds: i64,
    /// RFC 3339 time with an offset.
    pub lease_expires_at: String,
    /// `progress`.
    #[serde(default)]
    pub progress: f64,
    /// `checkpoint_number`.
    pub checkpoint_number: Option<i64>,
}

/// Reply to a message, if any.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reply {
    /// The reply; the failure 'timeout' if none arrived in time; null if none has arrived yet.
    pub message: Option<AgentMessage>,
    /// Whether a reply may still arrive.
    #[serde(default)]
    pub waiting: bool,
}

/// One use of an agent, as reported by the agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReportedUse {
    /// `usage_id`.
    pub usage_id: String,
    /// `agent_id`.
    pub agent_id: String,
    /// `customer_id`.
    pub customer_id: Option<String>,
    /// `action`.
    pub action: String,
    /// Milliseconds.
    #[serde(default)]
    pub duration: f64,
    /// RFC 3339 time with an offset.
    pub timestamp: String,
    /// `reported_by`.
    pub reported_by: String,
    /// RFC 3339 time with an offset.
    pub reported_at: String,
    /// `details`.
    #[serde(default)]
    pub details: Value,
}

/// ReportedUsePage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReportedUsePage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `records`.
    pub records: Vec<ReportedUse>,
}

/// Contents of a resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResourceResult {
    /// `upstream`.
    pub upstream: String,
    /// `uri`.
    pub uri: String,
    /// `contents`.
    #[serde(default)]
    pub contents: Vec<Value>,
}

/// Last measured resource usage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResourceUsage {
    /// Percent of one core since the previous measurement.
    #[serde(default)]
    pub cpu_usage: f64,
    /// `cpu_seconds`.
    #[serde(default)]
    pub cpu_seconds: f64,
    /// Percent of its limit; 0 without a limit.
    #[serde(default)]
    pub memory_usage: f64,
    /// `memory_bytes`.
    #[serde(default)]
    pub memory_bytes: i64,
    /// `network_received`.
    pub network_received: Option<i64>,
    /// `network_sent`.
    pub network_sent: Option<i64>,
    /// `task_count`.
    #[serde(default)]
    pub task_count: i64,
    /// Running time in seconds, without pauses.
    #[serde(default)]
    pub uptime: f64,
}

/// Resources of a host. `free`: not reserved for instances.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Resources {
    /// `memory_mb`.
    #[serde(default)]
    pub memory_mb: i64,
    /// `memory_free_mb`.
    #[serde(default)]
    pub memory_free_mb: i64,
    /// `cpu_cores`.
    #[serde(default)]
    pub cpu_cores: f64,
    /// `cpu_cores_free`.
    #[serde(default)]
    pub cpu_cores_free: f64,
    /// `gpus`.
    #[serde(default)]
    pub gpus: i64,
    /// `gpus_free`.
    #[serde(default)]
    pub gpus_free: i64,
    /// `disk_free_mb`.
    pub disk_free_mb: Option<i64>,
    /// `ports_free`.
    pub ports_free: Option<i64>,
}

/// Revenue of an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Revenue {
    /// `agent_id`.
    pub agent_id: String,
    /// `agent_name`.
    pub agent_name: String,
    /// `currency`.
    pub currency: String,
    /// `revenue`.
    pub revenue: f64,
    /// `usage_time`.
    #[serde(default)]
    pub usage_time: f64,
    /// `task_executions`.
    #[serde(default)]
    pub task_executions: i64,
    /// `input_tokens`.
    #[serde(default)]
    pub input_tokens: i64,
    /// `output_tokens`.
    #[serde(default)]
    pub output_tokens: i64,
    /// Number of paying accounts.
    pub customers: i64,
}

/// RevenuePage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RevenuePage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `revenue`.
    pub revenue: Vec<Revenue>,
}

/// A review of the changes on a job's branch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Review {
    /// The job that the branch is named after. Later jobs of its session also change the branch.
    pub job_id: String,
    /// The job that last changed it.
    pub task_id: String,
    /// `codebase_id`.
    pub codebase_id: String,
    /// `context_id`.
    pub context_id: Option<String>,
    /// `title`.
    #[serde(default)]
    pub title: String,
    /// `requester`.
    pub requester: String,
    /// `state`.
    pub state: String,
    /// `branch`.
    pub branch: String,
    /// Target branch of the merge.
    #[serde(default)]
    pub target: String,
    /// `base`.
    pub base: String,
    /// `head`.
    pub head: String,
    /// Number of submissions.
    #[serde(default = "default_i64_1")]
    pub revision: i64,
    /// `files`.
    #[serde(default)]
    pub files: i64,
    /// `additions`.
    #[serde(default)]
    pub additions: i64,
    /// `deletions`.
    #[serde(default)]
    pub deletions: i64,
    /// Paths that conflict with the target.
    #[serde(default)]
    pub conflicts: Vec<String>,
    /// URL of the pull or merge request.
    pub pull_request: Option<String>,
    /// The task that carries out the approval.
    pub delivery_task_id: Option<String>,
    /// Why the last approval failed.
    pub error: Option<String>,
    /// Who decided last.
    pub reviewer: Option<String>,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
}

/// A comment on a line. All comments are sent to the agent when changes are requested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReviewComment {
    /// `comment_id`.
    pub comment_id: String,
    /// `job_id`.
    pub job_id: String,
    /// `author`.
    pub author: String,
    /// `path`.
    pub path: String,
    /// `line`.
    pub line: i64,
    /// `side`.
    pub side: String,
    /// `code`.
    pub code: String,
    /// `text`.
    pub text: String,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// The follow-up that sent it to the agent; null until then.
    pub follow_up_id: Option<String>,
}

/// ReviewCommentPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReviewCommentPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `comments`.
    pub comments: Vec<ReviewComment>,
}

/// A person's decision about the changes of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReviewDecision {
    /// `by`.
    pub by: String,
    /// RFC 3339 time with an offset.
    pub at: String,
    /// changes_requested, dismissed, or the approved action: merge, push, pull_request or patch.
    pub decision: String,
    /// The reviewed commit.
    #[serde(default)]
    pub head: String,
}

/// A changed file, with its unified diff.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReviewFile {
    /// `number`.
    pub number: i64,
    /// `path`.
    pub path: String,
    /// A added, M modified, D deleted, R renamed, T type changed.
    pub status: String,
    /// `additions`.
    #[serde(default)]
    pub additions: i64,
    /// `deletions`.
    #[serde(default)]
    pub deletions: i64,
    /// `patch`.
    #[serde(default)]
    pub patch: String,
    /// Whether the diff was truncated.
    #[serde(default)]
    pub truncated: bool,
}

/// ReviewFilePage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReviewFilePage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `files`.
    pub files: Vec<ReviewFile>,
}

/// ReviewPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReviewPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `reviews`.
    pub reviews: Vec<Review>,
}

/// RevokedToken, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RevokedToken {
    /// `token_id`.
    pub token_id: String,
    /// RFC 3339 time with an offset.
    pub revoked_at: String,
}

/// RollbackStep, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RollbackStep {
    /// `run_id`.
    pub run_id: String,
    /// Number of objects rolled back in this step.
    pub removed: i64,
    /// Number of objects left to roll back; repeat the call until 0.
    pub remaining: i64,
    /// Agents that are kept because they were active after the import.
    #[serde(default)]
    pub kept: i64,
}

/// A message part, of kinds such as text, thought, tool, plan and note.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RuntimeMessagePart {
    /// `part_id`.
    pub part_id: String,
    /// `message_id`.
    pub message_id: String,
    /// `role`.
    pub role: String,
    /// `type`.
    pub r#type: String,
    /// `content`.
    #[serde(default)]
    pub content: Value,
    /// RFC 3339 time with an offset.
    pub created_at: String,
}

/// The parts of a page of messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RuntimeMessagePartPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `parts`.
    pub parts: Vec<RuntimeMessagePart>,
}

/// A directory in which agents have sessions: a codebase of a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RuntimeProject {
    /// `project_id`.
    pub project_id: String,
    /// `name`.
    pub name: String,
    /// Host name of the worker's machine.
    pub path: String,
    /// `worker_id`.
    pub worker_id: String,
    /// `online`.
    pub online: bool,
    /// `repository`.
    pub repository: Option<String>,
}

/// RuntimeProjectPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RuntimeProjectPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `projects`.
    pub projects: Vec<RuntimeProject>,
}

/// A session and its directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RuntimeSession {
    /// `session_id`.
    pub session_id: String,
    /// `codebase_id`.
    pub codebase_id: String,
    /// `worker_id`.
    pub worker_id: String,
    /// `agent`.
    #[serde(default)]
    pub agent: String,
    /// `title`.
    #[serde(default)]
    pub title: String,
    /// Context id of its tasks; null for a session not started by a job.
    pub context_id: Option<String>,
    /// The last task of this session.
    pub task_id: Option<String>,
    /// `messages`.
    #[serde(default)]
    pub messages: i64,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
    /// Directory on the worker's machine; it may be outside any codebase.
    #[serde(default)]
    pub directory: String,
}

/// RuntimeSessionPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RuntimeSessionPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `sessions`.
    pub sessions: Vec<RuntimeSession>,
}

/// Availability of coding agents, and the number of known sessions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RuntimeStatus {
    /// Whether a worker with a codebase is online.
    pub available: bool,
    /// `projects`.
    pub projects: i64,
    /// `sessions`.
    pub sessions: i64,
    /// Number of workers online that have a codebase.
    #[serde(default)]
    pub workers: i64,
}

/// Actual and desired number of instances of an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Scaling {
    /// `agent_id`.
    pub agent_id: String,
    /// `agent_name`.
    pub agent_name: String,
    /// `customer_id`.
    pub customer_id: String,
    /// `min_instances`.
    pub min_instances: i64,
    /// `max_instances`.
    pub max_instances: i64,
    /// `target_concurrency`.
    pub target_concurrency: f64,
    /// `desired_instances`.
    pub desired_instances: i64,
    /// `running_instances`.
    pub running_instances: i64,
    /// Running executions, averaged over the last half minute.
    pub concurrency: f64,
    /// Reason why fewer instances run than requested.
    pub problem: Option<String>,
    /// `instances`.
    #[serde(default)]
    pub instances: Vec<String>,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
}

/// SearchResults, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SearchResults {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `query`.
    pub query: String,
    /// `results`.
    pub results: Vec<LoggedMessage>,
}

/// Credentials and claims of the sender. Token and key are used to authenticate, never stored or forwarded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Security {
    /// `token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// `api_key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// `provider`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// `permissions`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    /// `encryption`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    /// Further members.
    #[serde(flatten)]
    pub extra: serde_json::Map<String, Value>,
}

impl Default for Security {
    fn default() -> Self {
        Self::new()
    }
}

impl Security {
    /// One with what is required of it.
    #[must_use]
    pub fn new() -> Self {
        Self {
            token: None,
            api_key: None,
            provider: None,
            permissions: None,
            encryption: None,
            extra: serde_json::Map::new(),
        }
    }

    /// Set `token`.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Set `api_key`.
    #[must_use]
    pub fn api_key(mut self, api_key: impl Into<String>) -> Self {
        self.api_key = Some(api_key.into());
        self
    }

    /// Set `provider`.
    #[must_use]
    pub fn provider(mut self, provider: impl Into<String>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// Set `permissions`.
    #[must_use]
    pub fn permissions(mut self, permissions: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.permissions = Some(permissions.into_iter().map(Into::into).collect());
        self
    }

    /// Set `encryption`.
    #[must_use]
    pub fn encryption(mut self, encryption: Encryption) -> Self {
        self.encryption = Some(encryption);
        self
    }
}

/// One version of one operation of the marketplace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServiceInfo {
    /// `name`.
    pub name: String,
    /// `version`.
    pub version: String,
    /// `category`.
    pub category: String,
    /// `status`.
    pub status: Lifecycle,
    /// `description`.
    pub description: String,
    /// `kind`.
    pub kind: String,
    /// `scope`.
    pub scope: String,
    /// `routes`.
    #[serde(default)]
    pub routes: Vec<String>,
    /// `deprecation_date`.
    pub deprecation_date: Option<String>,
    /// `sunset_date`.
    pub sunset_date: Option<String>,
    /// `replacement`.
    pub replacement: Option<String>,
    /// `migration_guide`.
    pub migration_guide: Option<String>,
    /// RFC 3339 time with an offset.
    pub last_updated: String,
    /// `schema`.
    pub schema: Option<Value>,
    /// `usage`.
    pub usage: Option<ServiceUsage>,
}

/// ServicePage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServicePage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `services`.
    pub services: Vec<ServiceInfo>,
}

/// Everything needed to call one operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServiceSchema {
    /// `name`.
    pub name: String,
    /// `version`.
    pub version: String,
    /// `category`.
    pub category: String,
    /// `status`.
    pub status: Lifecycle,
    /// `description`.
    pub description: String,
    /// `input_schema`.
    pub input_schema: Value,
    /// `output_schema`.
    pub output_schema: Value,
    /// `routes`.
    pub routes: Vec<String>,
    /// `scope`.
    pub scope: String,
    /// `kind`.
    pub kind: String,
    /// `idempotent`.
    pub idempotent: bool,
    /// `destructive`.
    pub destructive: bool,
    /// `deprecation_date`.
    pub deprecation_date: Option<String>,
    /// `sunset_date`.
    pub sunset_date: Option<String>,
    /// `replacement`.
    pub replacement: Option<String>,
    /// `migration_guide`.
    pub migration_guide: Option<String>,
}

/// Call statistics since the counters started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServiceUsage {
    /// `calls`.
    #[serde(default)]
    pub calls: i64,
    /// `errors`.
    #[serde(default)]
    pub errors: i64,
    /// `p50_ms`.
    pub p50_ms: Option<f64>,
    /// `p99_ms`.
    pub p99_ms: Option<f64>,
}

/// A session of a coding agent: a conversation that can be resumed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Session {
    /// `session_id`.
    pub session_id: String,
    /// `codebase_id`.
    pub codebase_id: String,
    /// `worker_id`.
    pub worker_id: String,
    /// `agent`.
    #[serde(default)]
    pub agent: String,
    /// `title`.
    #[serde(default)]
    pub title: String,
    /// Context id of its tasks; null for a session not started by a job.
    pub context_id: Option<String>,
    /// The last task of this session.
    pub task_id: Option<String>,
    /// `messages`.
    #[serde(default)]
    pub messages: i64,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
}

/// A message of a session. parts: as reported by the agent, of kinds such as text, thought, tool, plan and note.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionMessage {
    /// `message_id`.
    pub message_id: String,
    /// Orders the messages of a session.
    #[serde(default)]
    pub number: i64,
    /// `role`.
    pub role: String,
    /// `parts`.
    #[serde(default)]
    pub parts: Value,
    /// RFC 3339 time with an offset.
    pub created_at: String,
}

/// SessionMessagePage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionMessagePage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `messages`.
    pub messages: Vec<SessionMessage>,
}

/// SessionPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `sessions`.
    pub sessions: Vec<Session>,
}

/// The monitor session has ended on every server; copies of its cookie are rejected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SignedOut {
    /// `signed_out`.
    #[serde(default = "default_bool_true")]
    pub signed_out: bool,
}

/// A bar of a Gantt chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Span {
    /// `step`.
    pub step: String,
    /// `status`.
    pub status: StepStatus,
    /// Time at which it became ready.
    pub start: Option<String>,
    /// Start time; null while it waits for approval.
    pub begun: Option<String>,
    /// `end`.
    pub end: Option<String>,
    /// Reason for waiting.
    pub awaiting: Option<String>,
    /// `duration_seconds`.
    pub duration_seconds: Option<f64>,
    /// `agent`.
    pub agent: Option<String>,
    /// `task_id`.
    pub task_id: Option<String>,
    /// `attempts`.
    #[serde(default)]
    pub attempts: i64,
    /// With for_each: index of the item.
    pub index: Option<i64>,
    /// `depends_on`.
    #[serde(default)]
    pub depends_on: Vec<String>,
}

/// An account's monthly limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SpendingLimit {
    /// `status`.
    #[serde(default = "default_string_ok")]
    pub status: String,
    /// `account_id`.
    pub account_id: String,
    /// `monthly_limit_dollars`.
    pub monthly_limit_dollars: Option<f64>,
}

/// Definition of a step.
///
/// A string is only a name; a pair is a name and an agent. Texts in `payload` and the expression of `for_each` may
/// refer to earlier results and the input: `${steps.extract.result.rows}`, `${input.date}`, and within a
/// `for_each` `${item}` and `${index}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Step {
    /// `name`.
    pub name: String,
    /// Id or name of the agent that executes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Required capability; the least loaded agent that has it gets the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capability: Option<Vec<String>>,
    /// Type of its task; default: the step's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_type: Option<String>,
    /// `payload`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<Value>,
    /// Steps that must complete first; if no step has any, the steps run in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depends_on: Option<Vec<String>>,
    /// CEL condition; if false, the step is skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Maximum retries after a failed attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<i64>,
    /// `retry_backoff`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_backoff: Option<f64>,
    /// Maximum seconds per attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<i64>,
    /// `on_failure`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<String>,
    /// With on_failure 'compensate': the compensating step; it only runs then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compensate: Option<String>,
    /// Run once per item of a list, or of the list that an expression returns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub for_each: Option<Value>,
    /// With for_each: maximum number of concurrent items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_parallel: Option<i64>,
    /// The step waits for a person's approval; it has no task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<bool>,
    /// Text shown to the approver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Steps of a nested workflow, which this step runs with the payload as input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<Vec<Step>>,
    /// `priority`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// `required_model`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required_model: Option<String>,
    /// `metadata`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
}

impl Step {
    /// One with what is required of it.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            agent: None,
            capability: None,
            task_type: None,
            payload: None,
            depends_on: None,
            when: None,
            retries: None,
            retry_backoff: None,
            timeout: None,
            on_failure: None,
            compensate: None,
            for_each: None,
            max_parallel: None,
            approval: None,
            message: None,
            workflow: None,
            priority: None,
            required_model: None,
            metadata: None,
        }
    }

    /// Id or name of the agent that executes it.
    #[must_use]
    pub fn agent(mut self, agent: impl Into<String>) -> Self {
        self.agent = Some(agent.into());
        self
    }

    /// Required capability; the least loaded agent that has it gets the step.
    #[must_use]
    pub fn capability(mut self, capability: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.capability = Some(capability.into_iter().map(Into::into).collect());
        self
    }

    /// Type of its task; default: the step's name.
    #[must_use]
    pub fn task_type(mut self, task_type: impl Into<String>) -> Self {
        self.task_type = Some(task_type.into());
        self
    }

    /// Set `payload`.
    #[must_use]
    pub fn payload(mut self, payload: impl Into<Value>) -> Self {
        self.payload = Some(payload.into());
        self
    }

    /// Steps that must complete first; if no step has any, the steps run in order.
    #[must_use]
    pub fn depends_on(mut self, depends_on: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.depends_on = Some(depends_on.into_iter().map(Into::into).collect());
        self
    }

    /// CEL condition; if false, the step is skipped.
    #[must_use]
    pub fn when(mut self, when: impl Into<String>) -> Self {
        self.when = Some(when.into());
        self
    }

    /// Maximum retries after a failed attempt.
    #[must_use]
    pub fn retries(mut self, retries: i64) -> Self {
        self.retries = Some(retries);
        self
    }

    /// Set `retry_backoff`.
    #[must_use]
    pub fn retry_backoff(mut self, retry_backoff: f64) -> Self {
        self.retry_backoff = Some(retry_backoff);
        self
    }

    /// Maximum seconds per attempt.
    #[must_use]
    pub fn timeout(mut self, timeout: i64) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Set `on_failure`.
    #[must_use]
    pub fn on_failure(mut self, on_failure: impl Into<String>) -> Self {
        self.on_failure = Some(on_failure.into());
        self
    }

    /// With on_failure 'compensate': the compensating step; it only runs then.
    #[must_use]
    pub fn compensate(mut self, compensate: impl Into<String>) -> Self {
        self.compensate = Some(compensate.into());
        self
    }

    /// Run once per item of a list, or of the list that an expression returns.
    #[must_use]
    pub fn for_each(mut self, for_each: impl Into<Value>) -> Self {
        self.for_each = Some(for_each.into());
        self
    }

    /// With for_each: maximum number of concurrent items.
    #[must_use]
    pub fn max_parallel(mut self, max_parallel: i64) -> Self {
        self.max_parallel = Some(max_parallel);
        self
    }

    /// The step waits for a person's approval; it has no task.
    #[must_use]
    pub fn approval(mut self, approval: bool) -> Self {
        self.approval = Some(approval);
        self
    }

    /// Text shown to the approver.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Steps of a nested workflow, which this step runs with the payload as input.
    #[must_use]
    pub fn workflow(mut self, workflow: impl IntoIterator<Item = Step>) -> Self {
        self.workflow = Some(workflow.into_iter().collect());
        self
    }

    /// Set `priority`.
    #[must_use]
    pub fn priority(mut self, priority: impl Into<Priority>) -> Self {
        self.priority = Some(priority.into());
        self
    }

    /// Set `required_model`.
    #[must_use]
    pub fn required_model(mut self, required_model: impl Into<String>) -> Self {
        self.required_model = Some(required_model.into());
        self
    }

    /// Set `metadata`.
    #[must_use]
    pub fn metadata(mut self, metadata: impl Into<Value>) -> Self {
        self.metadata = Some(metadata.into());
        self
    }
}

/// Current state of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepState {
    /// `name`.
    pub name: String,
    /// `position`.
    pub position: i64,
    /// `status`.
    pub status: StepStatus,
    /// `agent`.
    pub agent: Option<String>,
    /// `capability`.
    #[serde(default)]
    pub capability: Vec<String>,
    /// `task_type`.
    pub task_type: Option<String>,
    /// `task_id`.
    pub task_id: Option<String>,
    /// `assigned_agent`.
    pub assigned_agent: Option<String>,
    /// `depends_on`.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// `attempts`.
    #[serde(default)]
    pub attempts: i64,
    /// `progress`.
    #[serde(default)]
    pub progress: f64,
    /// `started_at`.
    pub started_at: Option<String>,
    /// `completed_at`.
    pub completed_at: Option<String>,
    /// `duration_seconds`.
    pub duration_seconds: Option<f64>,
    /// `result`.
    #[serde(default)]
    pub result: Value,
    /// `error`.
    pub error: Option<String>,
    /// `awaiting`.
    pub awaiting: Option<String>,
    /// `message`.
    pub message: Option<String>,
    /// `items`.
    pub items: Option<Items>,
    /// Id of the nested workflow.
    pub workflow_id: Option<String>,
    /// Whether it is only the compensation of a failed step.
    #[serde(default)]
    pub compensation: bool,
}

/// A halt or pause of the whole marketplace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Stop {
    /// `action`.
    pub action: OverrideAction,
    /// Who made it.
    pub by: String,
    /// RFC 3339 time with an offset.
    pub since: String,
    /// `expires_at`.
    pub expires_at: Option<String>,
}

/// A halt or pause of a tenant's whole marketplace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StoppedTenant {
    /// `action`.
    pub action: OverrideAction,
    /// Who made it.
    pub by: String,
    /// RFC 3339 time with an offset.
    pub since: String,
    /// `expires_at`.
    pub expires_at: Option<String>,
    /// `tenant_id`.
    pub tenant_id: String,
}

/// SubscriptionReceipt, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SubscriptionReceipt {
    /// `subscription_id`.
    pub subscription_id: String,
    /// `status`.
    #[serde(default = "default_string_active")]
    pub status: String,
    /// `event_types`.
    #[serde(default)]
    pub event_types: Vec<String>,
    /// Sequence of the last event before the subscription.
    #[serde(default)]
    pub position: i64,
    /// URL for reading it over WebSocket or SSE.
    #[serde(default)]
    pub stream_url: String,
}

/// Synchronisation, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Synchronisation {
    /// `codebase_id`.
    pub codebase_id: String,
    /// Number of stored sessions.
    pub sessions: i64,
}

/// A task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Task {
    /// `task_id`.
    pub task_id: String,
    /// `task_type`.
    pub task_type: String,
    /// `payload`.
    #[serde(default)]
    pub payload: Value,
    /// `status`.
    pub status: TaskStatus,
    /// `priority`.
    #[serde(default)]
    pub priority: Priority,
    /// `progress`.
    #[serde(default)]
    pub progress: f64,
    /// Assignee as given in the assignment.
    pub assignee: Option<String>,
    /// Id of the assignee.
    pub assigned_agent: Option<String>,
    /// `worker`.
    pub worker: Option<String>,
    /// `created_by`.
    pub created_by: String,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
    /// Time of the next attempt after a failure.
    pub available_at: Option<String>,
    /// `started_at`.
    pub started_at: Option<String>,
    /// Time at which it ended.
    pub completed_at: Option<String>,
    /// `deadline`.
    pub deadline: Option<String>,
    /// `estimated_completion`.
    pub estimated_completion: Option<String>,
    /// `timeout`.
    pub timeout: Option<i64>,
    /// `attempts`.
    #[serde(default)]
    pub attempts: i64,
    /// `max_attempts`.
    #[serde(default = "default_i64_3")]
    pub max_attempts: i64,
    /// `retry_backoff`.
    #[serde(default = "default_f64_5")]
    pub retry_backoff: f64,
    /// `required_capabilities`.
    #[serde(default)]
    pub required_capabilities: Vec<String>,
    /// `required_model`.
    pub required_model: Option<String>,
    /// `depends_on`.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// Number of unfinished tasks in 'depends_on' and ahead of it in its context.
    #[serde(default)]
    pub blocked_by: i64,
    /// `parent_id`.
    pub parent_id: Option<String>,
    /// `retry_of`.
    pub retry_of: Option<String>,
    /// `workflow_id`.
    pub workflow_id: Option<String>,
    /// `step`.
    pub step: Option<String>,
    /// `milestone`.
    pub milestone: Option<String>,
    /// `notes`.
    pub notes: Option<String>,
    /// `checkpoint`.
    pub checkpoint: Option<Value>,
    /// `result`.
    #[serde(default)]
    pub result: Value,
    /// `error`.
    pub error: Option<String>,
    /// Characters of output so far.
    #[serde(default)]
    pub output_size: i64,
    /// `lease_expires_at`.
    pub lease_expires_at: Option<String>,
    /// `context_id`.
    pub context_id: Option<String>,
    /// `metadata`.
    #[serde(default)]
    pub metadata: Value,
}

/// One entry of a task's log; `number` orders them without gaps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskEntry {
    /// `type`.
    pub r#type: String,
    /// `task_id`.
    pub task_id: String,
    /// `number`.
    pub number: i64,
    /// RFC 3339 time with an offset.
    pub time: String,
    /// `actor`.
    pub actor: String,
    /// `status`.
    pub status: Option<TaskStatus>,
    /// `progress`.
    pub progress: Option<f64>,
    /// Output, note, comment or reason.
    pub content: Option<String>,
    /// Start offset of output, in characters.
    pub offset: Option<i64>,
    /// `data`.
    #[serde(default)]
    pub data: Value,
}

/// TaskEntryPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskEntryPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `entries`.
    pub entries: Vec<TaskEntry>,
}

/// A page of a task's output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskOutput {
    /// `task_id`.
    pub task_id: String,
    /// `content`.
    pub content: String,
    /// `offset`.
    pub offset: i64,
    /// Offset at which to continue reading.
    pub next_offset: i64,
    /// Size of the output so far, in characters.
    pub size: i64,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// Whether the task has ended and no more output follows.
    #[serde(default)]
    pub done: bool,
}

/// TaskPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `tasks`.
    pub tasks: Vec<Task>,
}

/// Receipt of a task. The task is committed to the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskReceipt {
    /// `task_id`.
    pub task_id: String,
    /// `status`.
    pub status: TaskStatus,
    /// Estimate from earlier tasks of the same type; null without any.
    pub estimated_completion: Option<String>,
    /// `assigned_agent`.
    pub assigned_agent: Option<String>,
    /// Reason for a delay, such as an unregistered name.
    pub warning: Option<String>,
}

/// Task statistics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskStatistics {
    /// `total`.
    pub total: i64,
    /// `by_status`.
    pub by_status: BTreeMap<String, i64>,
    /// Waiting tasks by priority.
    #[serde(default)]
    pub by_priority: BTreeMap<String, i64>,
    /// Tasks that can be claimed now.
    #[serde(default)]
    pub waiting: i64,
    /// RFC 3339 time with an offset.
    pub since: String,
    /// `created`.
    #[serde(default)]
    pub created: i64,
    /// `completed`.
    #[serde(default)]
    pub completed: i64,
    /// `failed`.
    #[serde(default)]
    pub failed: i64,
    /// `throughput_per_minute`.
    #[serde(default)]
    pub throughput_per_minute: f64,
    /// `wait_seconds`.
    #[serde(default)]
    pub wait_seconds: DurationSummary,
    /// `run_seconds`.
    #[serde(default)]
    pub run_seconds: DurationSummary,
    /// Whether the durations cover only the newest 10,000 tasks.
    #[serde(default)]
    pub sampled: bool,
}

/// A credential for the program that works on a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskToken {
    /// `task_id`.
    pub task_id: String,
    /// Granted scopes: those that the task's creator allowed and holds.
    pub scopes: Vec<String>,
    /// Expiry; extended when `renew` extends the lease. The credential also ends with the task.
    pub lease_expires_at: String,
    /// The credential.
    pub token: Option<String>,
}

/// The change is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskUpdate {
    /// `success`.
    #[serde(default = "default_bool_true")]
    pub success: bool,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
    /// `task_id`.
    pub task_id: String,
    /// `status`.
    pub status: TaskStatus,
    /// `progress`.
    #[serde(default)]
    pub progress: f64,
}

/// A tenant and its status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tenant {
    /// `tenant_id`.
    pub tenant_id: String,
    /// `name`.
    pub name: String,
    /// `status`.
    pub status: String,
    /// `reason`.
    #[serde(default)]
    pub reason: String,
    /// `metadata`.
    #[serde(default)]
    pub metadata: Value,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// `created_by`.
    pub created_by: String,
    /// RFC 3339 time with an offset.
    pub status_since: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
}

/// agents: registered agents, excluding built-in ones. instances: unfinished instances. Both are visible only to the
/// operator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TenantDetails {
    /// `tenant_id`.
    pub tenant_id: String,
    /// `name`.
    pub name: String,
    /// `status`.
    pub status: String,
    /// `reason`.
    #[serde(default)]
    pub reason: String,
    /// `metadata`.
    #[serde(default)]
    pub metadata: Value,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// `created_by`.
    pub created_by: String,
    /// RFC 3339 time with an offset.
    pub status_since: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
    /// `agents`.
    pub agents: Option<i64>,
    /// `instances`.
    pub instances: Option<i64>,
}

/// TenantKey, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TenantKey {
    /// `tenant_id`.
    pub tenant_id: String,
    /// `token_id`.
    pub token_id: String,
    /// The key. Shown once: keep it.
    pub token: Option<String>,
}

/// TenantPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TenantPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `tenants`.
    pub tenants: Vec<Tenant>,
}

/// A terminated instance with its final bill.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Termination {
    /// `instance_id`.
    pub instance_id: String,
    /// `agent_id`.
    pub agent_id: String,
    /// `agent_name`.
    pub agent_name: String,
    /// Owner account.
    pub customer_id: String,
    /// `name`.
    pub name: Option<String>,
    /// `status`.
    pub status: InstanceStatus,
    /// `desired_status`.
    pub desired_status: String,
    /// Reason why the status differs from the requested one.
    pub reason: Option<String>,
    /// `host`.
    pub host: Option<String>,
    /// `engine`.
    pub engine: Option<String>,
    /// Number of starts.
    #[serde(default = "default_i64_1")]
    pub generation: i64,
    /// `restarts`.
    #[serde(default)]
    pub restarts: i64,
    /// Whether it is in a crash loop.
    #[serde(default)]
    pub crash_loop: bool,
    /// Time of the next restart.
    pub retry_at: Option<String>,
    /// `task_executions`.
    #[serde(default)]
    pub task_executions: i64,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// Start time of the current process.
    pub started_at: Option<String>,
    /// `stopped_at`.
    pub stopped_at: Option<String>,
    /// `health_status`.
    pub health_status: HealthStatus,
    /// `resource_usage`.
    pub resource_usage: ResourceUsage,
    /// `instance_config`.
    #[serde(default)]
    pub instance_config: Value,
    /// Address at which its host can reach it.
    pub address: Option<String>,
    /// `health_url`.
    pub health_url: Option<String>,
    /// `co_located_with`.
    pub co_located_with: Option<String>,
    /// Limits that are not enforced on its host.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Revision of the agent's manifest.
    #[serde(default = "default_i64_1")]
    pub revision: i64,
    /// Version of the agent's price at creation; 0 without a price.
    #[serde(default)]
    pub price_version: i64,
    /// Current price: the price at creation, or a later one whose notice period has ended.
    pub pricing_info: Option<PricingInfo>,
    /// `billing_info`.
    pub billing_info: Bill,
    /// `message`.
    pub message: String,
}

/// Timeline, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Timeline {
    /// `workflow_id`.
    pub workflow_id: String,
    /// `status`.
    pub status: WorkflowStatus,
    /// RFC 3339 time with an offset.
    pub start: String,
    /// `end`.
    pub end: Option<String>,
    /// `duration_seconds`.
    pub duration_seconds: f64,
    /// `spans`.
    pub spans: Vec<Span>,
    /// Whether items of a for_each were omitted.
    #[serde(default)]
    pub has_more: bool,
}

/// Metadata of a key; never the key itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Token {
    /// `token_id`.
    pub token_id: String,
    /// `kind`.
    pub kind: String,
    /// `label`.
    pub label: String,
    /// `scopes`.
    pub scopes: Vec<String>,
    /// `service_tier`.
    #[serde(default)]
    pub service_tier: ServiceTier,
    /// `authority`.
    #[serde(default)]
    pub authority: i64,
    /// `account`.
    #[serde(default = "default_string_default")]
    pub account: String,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// `expires_at`.
    pub expires_at: Option<String>,
    /// `revoked_at`.
    pub revoked_at: Option<String>,
}

/// An account's credit after some was added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TokenCredits {
    /// `account_id`.
    pub account_id: String,
    /// `currency`.
    pub currency: String,
    /// `new_balance_dollars`.
    pub new_balance_dollars: f64,
}

/// TokenPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TokenPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `tokens`.
    pub tokens: Vec<Token>,
}

/// Model calls in a month, of one account or of all, in one currency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TokenSummary {
    /// `tenant_id`.
    pub tenant_id: String,
    /// `account_id`.
    pub account_id: Option<String>,
    /// `month`.
    pub month: String,
    /// `currency`.
    pub currency: String,
    /// `billing_model`.
    pub billing_model: String,
    /// `balance_dollars`.
    pub balance_dollars: f64,
    /// `monthly_limit_dollars`.
    pub monthly_limit_dollars: Option<f64>,
    /// `totals`.
    pub totals: UsageTotals,
    /// The dearest first.
    pub by_model: Vec<ModelUsage>,
}

/// Tokens used for a task of one model, as totals reported by its worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TokenUsage {
    /// `task_id`.
    pub task_id: String,
    /// Model name as reported by the worker; may be empty.
    #[serde(default)]
    pub model: String,
    /// The agent that worked on it.
    pub agent_id: String,
    /// The account that pays for the task.
    pub account_id: String,
    /// `input_tokens`.
    pub input_tokens: i64,
    /// `output_tokens`.
    pub output_tokens: i64,
    /// Cost charged by the model's provider, if known to the worker.
    pub provider_cost: Option<f64>,
    /// `currency`.
    pub currency: Option<String>,
    /// Whether the numbers are a lower bound, as with most coding agents.
    #[serde(default = "default_bool_true")]
    pub is_estimate: bool,
    /// Whether all of it is recorded in the ledger; false while the model has no price.
    #[serde(default)]
    pub is_charged: bool,
    /// RFC 3339 time with an offset.
    pub reported_at: String,
}

/// TokenUsagePage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TokenUsagePage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `tokens`.
    pub tokens: Vec<TokenUsage>,
}

/// Outcome of a tool call.
///
/// `refused` and `failed` calls had no effect; an `unknown` one may have had an effect. `pending`: still
/// running, repeat the call. `approval_required`: waits for a person's approval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolOutcome {
    /// `status`.
    pub status: String,
    /// `content`.
    #[serde(default)]
    pub content: Value,
    /// `error`.
    pub error: Option<String>,
    /// The task created for another agent; its result follows.
    pub task_id: Option<String>,
}

/// Unchanged result of a tool. `is_error`: the tool reports a failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolResult {
    /// `upstream`.
    pub upstream: String,
    /// `tool`.
    pub tool: String,
    /// Content blocks, as in the MCP specification.
    #[serde(default)]
    pub content: Vec<Value>,
    /// `structured_content`.
    #[serde(default)]
    pub structured_content: Value,
    /// `is_error`.
    #[serde(default)]
    pub is_error: bool,
    /// The result's _meta.
    #[serde(default)]
    pub meta: Value,
}

/// A part of a session as a document, starting at the beginning; next_cursor continues.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TranscriptExport {
    /// `codebase_id`.
    pub codebase_id: String,
    /// `session_id`.
    pub session_id: String,
    /// `format`.
    pub format: String,
    /// `filename`.
    pub filename: String,
    /// Markdown.
    pub content: Option<String>,
    /// JSON.
    #[serde(default)]
    pub messages: Vec<Value>,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
}

/// A message that contains the words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TranscriptMatch {
    /// `codebase_id`.
    pub codebase_id: String,
    /// `session_id`.
    pub session_id: String,
    /// `title`.
    #[serde(default)]
    pub title: String,
    /// `message_id`.
    pub message_id: String,
    /// Number of the message in its session.
    pub number: i64,
    /// `role`.
    pub role: String,
    /// Text around the first match.
    pub excerpt: String,
    /// RFC 3339 time with an offset.
    pub created_at: String,
}

/// TranscriptMatchPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TranscriptMatchPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `matches`.
    pub matches: Vec<TranscriptMatch>,
}

/// A finished turn: a checkpoint of the session and the worktree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Turn {
    /// `job_id`.
    pub job_id: String,
    /// `number`.
    pub number: i64,
    /// `task_id`.
    pub task_id: String,
    /// `codebase_id`.
    pub codebase_id: String,
    /// `session_id`.
    pub session_id: String,
    /// Beginning of the prompt.
    #[serde(default)]
    pub prompt: String,
    /// Commit with the files; empty without git.
    #[serde(default)]
    pub commit: String,
    /// Number of messages in the session.
    #[serde(default)]
    pub messages: i64,
    /// Number of files changed since the job started.
    #[serde(default)]
    pub files: i64,
    /// RFC 3339 time with an offset.
    pub created_at: String,
}

/// TurnPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TurnPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `turns`.
    pub turns: Vec<Turn>,
}

/// Effects of rewinding to a turn. The current files are saved as a checkpoint first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TurnPreview {
    /// `job_id`.
    pub job_id: String,
    /// `number`.
    pub number: i64,
    /// Number of turns to be rewound.
    pub turns: i64,
    /// Number of messages to be removed from the conversation.
    pub messages: i64,
    /// Files that would change, at most 1,000.
    pub files: Vec<FileChange>,
}

/// Unregistration, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Unregistration {
    /// `worker_id`.
    pub worker_id: String,
    /// Number of requeued tasks.
    #[serde(default)]
    pub released: i64,
}

/// An MCP server whose tools the marketplace offers. Credentials are never shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Upstream {
    /// `upstream_id`.
    pub upstream_id: String,
    /// `name`.
    pub name: String,
    /// `description`.
    #[serde(default)]
    pub description: String,
    /// `transport`.
    #[serde(default = "default_string_http")]
    pub transport: String,
    /// `url`.
    pub url: Option<String>,
    /// `command`.
    #[serde(default)]
    pub command: Vec<String>,
    /// `has_credentials`.
    #[serde(default)]
    pub has_credentials: bool,
    /// Kind of access token sent: none, shared, user or machine.
    #[serde(default = "default_string_none")]
    pub oauth: String,
    /// Whether a token exists: the caller's own with user, otherwise the shared one.
    pub authorized: Option<bool>,
    /// `origin`.
    #[serde(default = "default_string_operator")]
    pub origin: String,
    /// `timeout`.
    #[serde(default = "default_f64_30_0")]
    pub timeout: f64,
    /// `tool_timeouts`.
    #[serde(default)]
    pub tool_timeouts: BTreeMap<String, f64>,
    /// `concurrency`.
    #[serde(default = "default_i64_16")]
    pub concurrency: i64,
    /// `server_name`.
    pub server_name: Option<String>,
    /// `server_version`.
    pub server_version: Option<String>,
    /// `protocol_version`.
    pub protocol_version: Option<String>,
    /// `instructions`.
    pub instructions: Option<String>,
    /// `state`.
    #[serde(default)]
    pub state: ConnectionState,
    /// Reason why it cannot be reached.
    pub error: Option<String>,
    /// Time of the next connection attempt.
    pub retry_at: Option<String>,
    /// Tools that can be called.
    #[serde(default)]
    pub tools: i64,
    /// Number of changed items awaiting acceptance.
    #[serde(default)]
    pub quarantined: i64,
    /// Number of unusable items; each has a reason.
    #[serde(default)]
    pub dropped: i64,
    /// `listed_at`.
    pub listed_at: Option<String>,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
}

/// An OAuth authorization at an upstream. If not authorized, a person must visit the URL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UpstreamAuthorization {
    /// `upstream`.
    pub upstream: String,
    /// Whether it is shared by all callers.
    #[serde(default)]
    pub shared: bool,
    /// `authorized`.
    #[serde(default)]
    pub authorized: bool,
    /// URL where a person signed in to the monitor grants access.
    pub url: Option<String>,
    /// Requested or granted scopes.
    #[serde(default)]
    pub scope: String,
    /// Expiry of the URL or of the granted token.
    pub expires_at: Option<String>,
}

/// Completions of an argument value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UpstreamCompletion {
    /// `upstream`.
    pub upstream: String,
    /// `values`.
    #[serde(default)]
    pub values: Vec<String>,
    /// Total number of completions, if the upstream reports it.
    pub total: Option<i64>,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
}

/// A removed authorization. revoked: whether the authorization server revoked the token, too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UpstreamDeauthorization {
    /// `upstream`.
    pub upstream: String,
    /// `shared`.
    #[serde(default)]
    pub shared: bool,
    /// `revoked`.
    #[serde(default)]
    pub revoked: bool,
}

/// An upstream with a page of its items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UpstreamDetail {
    /// `upstream_id`.
    pub upstream_id: String,
    /// `name`.
    pub name: String,
    /// `description`.
    #[serde(default)]
    pub description: String,
    /// `transport`.
    #[serde(default = "default_string_http")]
    pub transport: String,
    /// `url`.
    pub url: Option<String>,
    /// `command`.
    #[serde(default)]
    pub command: Vec<String>,
    /// `has_credentials`.
    #[serde(default)]
    pub has_credentials: bool,
    /// Kind of access token sent: none, shared, user or machine.
    #[serde(default = "default_string_none")]
    pub oauth: String,
    /// Whether a token exists: the caller's own with user, otherwise the shared one.
    pub authorized: Option<bool>,
    /// `origin`.
    #[serde(default = "default_string_operator")]
    pub origin: String,
    /// `timeout`.
    #[serde(default = "default_f64_30_0")]
    pub timeout: f64,
    /// `tool_timeouts`.
    #[serde(default)]
    pub tool_timeouts: BTreeMap<String, f64>,
    /// `concurrency`.
    #[serde(default = "default_i64_16")]
    pub concurrency: i64,
    /// `server_name`.
    pub server_name: Option<String>,
    /// `server_version`.
    pub server_version: Option<String>,
    /// `protocol_version`.
    pub protocol_version: Option<String>,
    /// `instructions`.
    pub instructions: Option<String>,
    /// `state`.
    #[serde(default)]
    pub state: ConnectionState,
    /// Reason why it cannot be reached.
    pub error: Option<String>,
    /// Time of the next connection attempt.
    pub retry_at: Option<String>,
    /// Tools that can be called.
    #[serde(default)]
    pub tools: i64,
    /// Number of changed items awaiting acceptance.
    #[serde(default)]
    pub quarantined: i64,
    /// Number of unusable items; each has a reason.
    #[serde(default)]
    pub dropped: i64,
    /// `listed_at`.
    pub listed_at: Option<String>,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
    /// `items`.
    #[serde(default)]
    pub items: Vec<UpstreamItem>,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// Cursor of the next page of items.
    pub next_cursor: Option<String>,
}

/// A tool, resource, resource template or prompt of an upstream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UpstreamItem {
    /// `kind`.
    pub kind: ItemKind,
    /// Name of a tool or prompt, URI of a resource.
    pub name: String,
    /// Name of the tool in the marketplace.
    pub service: Option<String>,
    /// `description`.
    #[serde(default)]
    pub description: String,
    /// `state`.
    #[serde(default)]
    pub state: ItemState,
    /// Reason why it is quarantined or dropped.
    pub reason: Option<String>,
    /// SHA-256 of the definition.
    pub hash: String,
    /// As offered by the upstream.
    #[serde(default)]
    pub definition: Value,
    /// The previously accepted definition.
    pub accepted: Option<Value>,
    /// RFC 3339 time with an offset.
    pub first_seen: String,
    /// RFC 3339 time with an offset.
    pub changed_at: String,
}

/// UpstreamPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UpstreamPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `upstreams`.
    pub upstreams: Vec<Upstream>,
}

/// UpstreamRemoval, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UpstreamRemoval {
    /// `upstream_id`.
    pub upstream_id: String,
    /// `name`.
    pub name: String,
}

/// Usage as it is in the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UsageRecord {
    /// `entries`.
    pub entries: Vec<Entry>,
    /// `total_cost`.
    pub total_cost: f64,
    /// `currency`.
    pub currency: String,
}

/// Totals of model calls. Amounts are in the currency of the summary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UsageTotals {
    /// `request_count`.
    #[serde(default)]
    pub request_count: i64,
    /// `input_tokens`.
    #[serde(default)]
    pub input_tokens: i64,
    /// `output_tokens`.
    #[serde(default)]
    pub output_tokens: i64,
    /// `reasoning_tokens`.
    #[serde(default)]
    pub reasoning_tokens: i64,
    /// `cache_read_tokens`.
    #[serde(default)]
    pub cache_read_tokens: i64,
    /// `cache_write_tokens`.
    #[serde(default)]
    pub cache_write_tokens: i64,
    /// `cost_dollars`.
    #[serde(default)]
    pub cost_dollars: f64,
    /// Without the markup.
    #[serde(default)]
    pub base_cost_dollars: f64,
}

/// An SSO user. The record is created at the first login.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct User {
    /// `user_id`.
    pub user_id: String,
    /// `username`.
    pub username: String,
    /// `email`.
    pub email: Option<String>,
    /// `name`.
    pub name: Option<String>,
    /// `issuer`.
    pub issuer: String,
    /// `subject`.
    pub subject: String,
    /// Name at the identity provider, as of the last login.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Role in this marketplace: admin, operator, viewer or user.
    pub role: Option<String>,
    /// Whether the role was set here and overrides the identity provider.
    #[serde(default)]
    pub role_given_here: bool,
    /// Maximum number of open tasks; null: the setting user_concurrency.
    pub concurrency_limit: Option<i64>,
    /// Maximum number of coding jobs in a day (UTC); null: the setting user_daily_jobs.
    pub daily_job_limit: Option<i64>,
    /// Number of open tasks; omitted in lists.
    pub open_tasks: Option<i64>,
    /// Number of coding jobs requested since 00:00 UTC; omitted in lists.
    pub jobs_today: Option<i64>,
    /// `disabled`.
    #[serde(default)]
    pub disabled: bool,
    /// RFC 3339 time with an offset.
    pub first_seen: String,
    /// RFC 3339 time with an offset.
    pub last_seen: String,
}

/// The caller's identity, for every kind of credential.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UserInfo {
    /// `id`.
    pub id: String,
    /// User name at the provider for an SSO user; else the id.
    pub sub: String,
    /// `name`.
    pub name: String,
    /// user, agent, key, task, operator or anonymous.
    pub kind: String,
    /// `tenant`.
    pub tenant: String,
    /// `account`.
    pub account: String,
    /// `username`.
    pub username: Option<String>,
    /// `preferred_username`.
    pub preferred_username: Option<String>,
    /// `email`.
    pub email: Option<String>,
    /// `issuer`.
    pub issuer: Option<String>,
    /// `roles`.
    #[serde(default)]
    pub roles: Vec<String>,
    /// `role`.
    pub role: Option<String>,
    /// `scopes`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// `authority`.
    #[serde(default)]
    pub authority: i64,
    /// Maximum number of open tasks; null: no limit.
    pub concurrency_limit: Option<i64>,
    /// Maximum number of coding jobs in a day (UTC); null: no limit.
    pub daily_job_limit: Option<i64>,
    /// `expires_at`.
    pub expires_at: Option<String>,
}

/// UserPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UserPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `users`.
    pub users: Vec<User>,
}

/// Response to a reducer call in v4 format; unset fields are omitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct V4Answer {
    /// `success`.
    #[serde(default = "default_bool_true")]
    pub success: bool,
    /// `message`.
    pub message: Option<String>,
    /// The agent's id in this marketplace.
    pub agent_id: Option<String>,
    /// `message_id`.
    pub message_id: Option<String>,
    /// `task_id`.
    pub task_id: Option<String>,
    /// Id of the task for update_task_progress.
    pub assignment_id: Option<String>,
    /// `workflow_id`.
    pub workflow_id: Option<String>,
    /// `status`.
    pub status: Option<String>,
    /// Percent.
    pub progress: Option<f64>,
    /// `timestamp`.
    pub timestamp: Option<String>,
    /// `recipients`.
    pub recipients: Option<i64>,
    /// `warning`.
    pub warning: Option<String>,
    /// Warning that v4 calls will end, while warnings are enabled.
    pub notice: Option<String>,
}

/// v4 calls of one agent by one reducer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct V4CallCount {
    /// Agent name as given in the call; empty for a call without a sender.
    pub agent: String,
    /// `reducer`.
    pub reducer: String,
    /// `calls`.
    pub calls: i64,
    /// RFC 3339 time with an offset.
    pub last_call: String,
}

/// Rows of a v4 table, computed from stored data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct V4Rows {
    /// `columns`.
    pub columns: Vec<String>,
    /// `rows`.
    pub rows: Vec<Vec<Value>>,
}

/// A named set of tools with its own MCP URL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VirtualServer {
    /// `name`.
    pub name: String,
    /// Path of its MCP endpoint on this server.
    pub url: String,
    /// `description`.
    #[serde(default)]
    pub description: String,
    /// `instructions`.
    #[serde(default)]
    pub instructions: String,
    /// `tools`.
    pub tools: Vec<String>,
    /// `created_by`.
    pub created_by: String,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// RFC 3339 time with an offset.
    pub updated_at: String,
}

/// A key for one virtual server. Revoke it with agora.token.revoke.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VirtualServerKey {
    /// `name`.
    pub name: String,
    /// `token_id`.
    pub token_id: String,
    /// `label`.
    pub label: String,
    /// `expires_at`.
    pub expires_at: Option<String>,
    /// The key. Shown once: keep it.
    pub token: Option<String>,
}

/// VirtualServerPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VirtualServerPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `servers`.
    pub servers: Vec<VirtualServer>,
}

/// VirtualServerRemoval, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VirtualServerRemoval {
    /// `name`.
    pub name: String,
    /// Number of the server's keys, which are revoked with it.
    pub revoked_keys: i64,
}

/// Whether the worker of a codebase takes queued jobs automatically.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Watch {
    /// `codebase_id`.
    pub codebase_id: String,
    /// off: queued jobs are held; triggered and resumed jobs run.
    pub watching: bool,
    /// Maximum seconds between checks for queued jobs; workers are also notified at once.
    pub interval: i64,
    /// Number of queued jobs.
    pub queued: i64,
    /// Queued jobs are held while this many reviews are open; 0: no limit.
    #[serde(default)]
    pub review_limit: i64,
    /// Number of reviews that await a decision.
    #[serde(default)]
    pub open_reviews: i64,
    /// Whether queued jobs are held: the codebase is not watched, or the review limit is reached.
    #[serde(default)]
    pub held: bool,
}

/// Withdrawal, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Withdrawal {
    /// `agent_id`.
    pub agent_id: String,
    /// Running instances, which continue.
    pub instances: i64,
}

/// A worker, owned by the agent or operator that registered it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Worker {
    /// `worker_id`.
    pub worker_id: String,
    /// `worker_name`.
    pub worker_name: String,
    /// `owner`.
    pub owner: String,
    /// `capabilities`.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// `models`.
    #[serde(default)]
    pub models: Vec<String>,
    /// `metadata`.
    #[serde(default)]
    pub metadata: Value,
    /// RFC 3339 time with an offset.
    pub registered_at: String,
    /// RFC 3339 time with an offset.
    pub last_seen: String,
    /// `active_tasks`.
    #[serde(default)]
    pub active_tasks: i64,
    /// online: seen within 90 seconds; draining: online, but takes no more tasks; stale: seen within 10 minutes. Claims and heartbeats count as seen.
    #[serde(default = "default_string_online")]
    pub status: String,
    /// Opaque name of the account at the model provider.
    pub provider_account: Option<String>,
    /// Seconds until limited_until at the time of the response, for clients whose clock differs.
    pub limit_seconds: Option<f64>,
    /// Time at which the account's usage limit is lifted, as reported by one of its workers.
    pub limited_until: Option<String>,
    /// Version of the worker program, as reported.
    pub version: Option<String>,
    /// Version of the server, if it differs from that of `agora worker`: upgrade the worker, then drain it.
    pub upgrade: Option<String>,
}

/// WorkerPage, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WorkerPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `workers`.
    pub workers: Vec<Worker>,
}

/// Current state of a workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Workflow {
    /// `workflow_id`.
    pub workflow_id: String,
    /// `workflow_name`.
    pub workflow_name: String,
    /// `status`.
    pub status: WorkflowStatus,
    /// Number of the first unfinished step, from 1; of the last step if all are finished.
    pub current_step: i64,
    /// Names of the current steps.
    #[serde(default)]
    pub current_steps: Vec<String>,
    /// `total_steps`.
    pub total_steps: i64,
    /// `progress`.
    pub progress: f64,
    /// `steps`.
    pub steps: Vec<StepState>,
    /// `agents`.
    #[serde(default)]
    pub agents: Vec<AgentShare>,
    /// `assigned_agents`.
    #[serde(default)]
    pub assigned_agents: Vec<String>,
    /// `created_by`.
    pub created_by: String,
    /// RFC 3339 time with an offset.
    pub created_at: String,
    /// `started_at`.
    pub started_at: Option<String>,
    /// `completed_at`.
    pub completed_at: Option<String>,
    /// `duration_seconds`.
    pub duration_seconds: Option<f64>,
    /// `error`.
    pub error: Option<String>,
    /// `input`.
    #[serde(default)]
    pub input: Value,
    /// `metadata`.
    #[serde(default)]
    pub metadata: Value,
    /// `parent_workflow`.
    pub parent_workflow: Option<String>,
    /// `parent_step`.
    pub parent_step: Option<String>,
    /// `modifications`.
    #[serde(default)]
    pub modifications: i64,
}

/// WorkflowDiagram, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WorkflowDiagram {
    /// `workflow_id`.
    pub workflow_id: String,
    /// A flowchart as Mermaid text.
    pub mermaid: String,
}

/// Workflows without their steps; `agora.workflow.status` shows those.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WorkflowPage {
    /// `count`.
    pub count: i64,
    /// `total`.
    pub total: Option<i64>,
    /// `total_is_estimate`.
    #[serde(default)]
    pub total_is_estimate: bool,
    /// `has_more`.
    #[serde(default)]
    pub has_more: bool,
    /// `next_cursor`.
    pub next_cursor: Option<String>,
    /// `workflows`.
    pub workflows: Vec<Workflow>,
}

/// WorkflowReceipt, as the contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WorkflowReceipt {
    /// `workflow_id`.
    pub workflow_id: String,
    /// `status`.
    pub status: WorkflowStatus,
    /// RFC 3339 time with an offset.
    pub created_at: String,
}

/// A worktree of a job. bytes: total size of its files, excluding .git.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Worktree {
    /// `job_id`.
    pub job_id: String,
    /// `bytes`.
    pub bytes: i64,
    /// RFC 3339 time with an offset.
    pub last_used_at: String,
    /// removable: can be removed without loss. recent: removable, but below the worker's age and size limits. in_use: a job is running in it. uncommitted: it has uncommitted changes or new files. unmerged: its branch has commits that no other branch has. stashed: it has stashed changes. unknown: git could not tell.
    pub verdict: String,
}

crate::page::page!(A2ACatalogue, agents: A2ACatalogueEntry);
crate::page::page!(AgentPage, agents: Agent);
crate::page::page!(AppPage, apps: App);
crate::page::page!(AttemptGroupPage, groups: AttemptGroup);
crate::page::page!(AuditPage, entries: AuditEntry);
crate::page::page!(AvailableModelPage, models: AvailableModel);
crate::page::page!(BackupPage, backups: Backup);
crate::page::page!(Balances, balances: Balance);
crate::page::page!(BudgetPage, budgets: Budget);
crate::page::page!(CodebasePage, codebases: Codebase);
crate::page::page!(ConversationPage, conversations: Conversation);
crate::page::page!(CouponPage, coupons: Coupon);
crate::page::page!(DeadLetterPage, dead_letters: DeadLetter);
crate::page::page!(DeclaredAgentPage, agents: DeclaredAgent);
crate::page::page!(DeclaredAgentVersionPage, versions: DeclaredAgentVersion);
crate::page::page!(DeployablePage, deployments: DeployableAgent);
crate::page::page!(EntryPage, usage: Entry);
crate::page::page!(EventPage, events: Event);
crate::page::page!(ExecutionPage, executions: Execution);
crate::page::page!(FollowUpPage, follow_ups: FollowUp);
crate::page::page!(FoundAgentPage, agents: Agent);
crate::page::page!(HostPage, hosts: Host);
crate::page::page!(ImportRunPage, runs: ImportRun);
crate::page::page!(InstancePage, instances: InstanceSummary);
crate::page::page!(InvoicePage, invoices: InvoiceSummary);
crate::page::page!(MarketplacePage, agents: MarketplaceAgent);
crate::page::page!(MatchPage, agents: MarketplaceAgent);
crate::page::page!(MediaRoomPage, rooms: MediaRoom);
crate::page::page!(MemoryPage, memories: Memory);
crate::page::page!(MessageLog, messages: LoggedMessage);
crate::page::page!(MessagePage, messages: Message);
crate::page::page!(ModelCallPage, calls: ModelCall);
crate::page::page!(ModelPricePage, pricing: ModelPrice);
crate::page::page!(ModelProviderPage, providers: ModelProvider);
crate::page::page!(MonitoredAgentPage, agents: MonitoredAgent);
crate::page::page!(PendingPage, messages: AgentMessage);
crate::page::page!(PricePage, prices: Price);
crate::page::page!(PushDeadLetters, dead_letters: PushDeadLetter);
crate::page::page!(RemoteAgentPage, agents: RemoteAgent);
crate::page::page!(ReportedUsePage, records: ReportedUse);
crate::page::page!(RevenuePage, revenue: Revenue);
crate::page::page!(ReviewCommentPage, comments: ReviewComment);
crate::page::page!(ReviewFilePage, files: ReviewFile);
crate::page::page!(ReviewPage, reviews: Review);
crate::page::page!(RuntimeMessagePartPage, parts: RuntimeMessagePart);
crate::page::page!(RuntimeProjectPage, projects: RuntimeProject);
crate::page::page!(RuntimeSessionPage, sessions: RuntimeSession);
crate::page::page!(SearchResults, results: LoggedMessage);
crate::page::page!(ServicePage, services: ServiceInfo);
crate::page::page!(SessionMessagePage, messages: SessionMessage);
crate::page::page!(SessionPage, sessions: Session);
crate::page::page!(TaskEntryPage, entries: TaskEntry);
crate::page::page!(TaskPage, tasks: Task);
crate::page::page!(TenantPage, tenants: Tenant);
crate::page::page!(TokenPage, tokens: Token);
crate::page::page!(TokenUsagePage, tokens: TokenUsage);
crate::page::page!(TranscriptMatchPage, matches: TranscriptMatch);
crate::page::page!(TurnPage, turns: Turn);
crate::page::page!(UpstreamPage, upstreams: Upstream);
crate::page::page!(UserPage, users: User);
crate::page::page!(VirtualServerPage, servers: VirtualServer);
crate::page::page!(WorkerPage, workers: Worker);
crate::page::page!(WorkflowPage, workflows: Workflow);

impl From<A2AMessage> for Value {
    fn from(value: A2AMessage) -> Self {
        serde_json::to_value(value).unwrap_or_default()
    }
}

fn default_i64_1() -> i64 {
    1
}

fn default_string_enqueue() -> String {
    String::from("enqueue")
}

fn default_f64_1_0() -> f64 {
    1.0
}

fn default_string_ok() -> String {
    String::from("ok")
}

fn default_i64_3() -> i64 {
    3
}

fn default_f64_5() -> f64 {
    5.0
}

fn default_bool_true() -> bool {
    true
}

fn default_string_ready() -> String {
    String::from("ready")
}

fn default_string_default() -> String {
    String::from("default")
}

fn default_string_deleting() -> String {
    String::from("deleting")
}

fn default_string_1_0() -> String {
    String::from("1.0")
}

fn default_string_application_json() -> String {
    String::from("application/json")
}

fn default_string_json() -> String {
    String::from("json")
}

fn default_string_bearer() -> String {
    String::from("Bearer")
}

fn default_messagetype_info() -> MessageType {
    "info".into()
}

fn default_string_registered() -> String {
    String::from("registered")
}

fn default_f64_60_0() -> f64 {
    60.0
}

fn default_string_active() -> String {
    String::from("active")
}

fn default_string_http() -> String {
    String::from("http")
}

fn default_string_none() -> String {
    String::from("none")
}

fn default_string_operator() -> String {
    String::from("operator")
}

fn default_f64_30_0() -> f64 {
    30.0
}

fn default_i64_16() -> i64 {
    16
}

fn default_string_online() -> String {
    String::from("online")
}
