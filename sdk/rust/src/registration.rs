//! Registration of an agent: choice of credentials, and storage of the result.

use std::time::Duration;

use serde_json::{Value, json};

use crate::error::{AgoraError, ErrorKind};
use crate::generated::operations::AdminManageOperation;
use crate::operation::{Operation, Spec};
use crate::session::{Arguments, CallOptions, Session, decode};
use crate::token_store::server_key;

/// Pauses between checks for a token that another program may be storing for the same agent.
const STORED_TOKEN_PAUSES: [Duration; 4] = [
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
];

type Token = Option<String>;

/// Register an agent, or update it if its token is known. The answer has the agent's token.
pub(crate) async fn register_agent(
    session: &Session,
    spec: Spec,
    arguments: Arguments,
    options: CallOptions,
) -> Result<Vec<u8>, AgoraError> {
    let _guard = session.identity.registering.lock().await;
    let registration = Registration {
        session,
        spec,
        arguments: &arguments,
        options: &options,
    };
    let (mut answer, token) = registration.register().await?;
    if answer["token"].is_null() {
        answer["token"] = token.into();
    }
    let text = |name: &str| answer[name].as_str().unwrap_or_default();
    session
        .identity
        .adopt(text("agent_name"), text("agent_id"), answer["token"].as_str())
        .await;
    Ok(answer.to_string().into_bytes())
}

struct Registration<'a> {
    session: &'a Session,
    spec: Spec,
    arguments: &'a Arguments,
    options: &'a CallOptions,
}

impl Registration<'_> {
    /// Register, and return the answer with the credential that was used.
    async fn register(&self) -> Result<(Value, Token), AgoraError> {
        let name = self
            .arguments
            .get("agent_name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let candidates = self.session.identity.candidates(name)?;
        let (last, better) = candidates.split_last().expect("there is always one, be it none");
        let (mut answer, used) = self.register_with(name, last, better).await?;
        let tier = self.arguments.get("service_tier").unwrap_or(&Value::Null);
        if !tier.is_null()
            && answer["service_tier"] != *tier
            && used != *last
            && self.raise_tier(&answer, tier, last).await?
        {
            answer["service_tier"] = tier.clone();
        }
        Ok((answer, used))
    }

    /// Try the agent's own token first: it updates the registration. The server refuses a token of an earlier database,
    /// so each further credential is tried only after the previous one was refused.
    async fn register_with(&self, name: &str, last: &Token, better: &[Token]) -> Result<(Value, Token), AgoraError> {
        for token in better {
            match self.send(token).await {
                Ok(answer) => return Ok((answer, token.clone())),
                Err(AgoraError::Unauthenticated(_)) => {}
                Err(error) => return Err(error),
            }
        }
        match self.send(last).await {
            Ok(answer) => Ok((answer, last.clone())),
            Err(error @ AgoraError::NameTaken(_)) => {
                let tried = [better, std::slice::from_ref(last)].concat();
                let token = self.wait_for_stored_token(name, &tried).await?.ok_or(error)?;
                Ok((self.send(&token).await?, token))
            }
            Err(error) => Err(error),
        }
    }

    async fn send(&self, token: &Token) -> Result<Value, AgoraError> {
        let body = self
            .session
            .send(self.spec, self.arguments, self.options, token.as_deref())
            .await?;
        decode(self.spec, &body)
    }

    /// Wait for the token that another program stores while it registers the same agent.
    async fn wait_for_stored_token(&self, name: &str, tried: &[Token]) -> Result<Option<Token>, AgoraError> {
        for pause in STORED_TOKEN_PAUSES {
            let fresh = self
                .session
                .identity
                .candidates(name)?
                .into_iter()
                .find(|token| !tried.contains(token));
            if fresh.is_some() {
                return Ok(fresh);
            }
            tokio::time::sleep(pause).await;
        }
        Ok(None)
    }

    /// Grant the requested tier as the operator, if the client is one without the agent's own token.
    async fn raise_tier(&self, answer: &Value, tier: &Value, token: &Token) -> Result<bool, AgoraError> {
        if token.is_none() && !server_key(&self.session.server.url).contains("://127.0.0.1:") {
            return Ok(false);
        }
        let arguments = json!({"resource": "agent", "target": answer["agent_id"], "action": "set_tier", "value": tier});
        let Value::Object(arguments) = arguments else {
            return Ok(false);
        };
        let options = CallOptions {
            idempotency_key: None,
            ..self.options.clone()
        };
        match self
            .session
            .send(AdminManageOperation::SPEC, &arguments, &options, token.as_deref())
            .await
        {
            Ok(_) => Ok(true),
            // The tier in the answer is the granted one.
            Err(error) if error.is(ErrorKind::PermissionDenied) || error.is(ErrorKind::Unauthenticated) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
