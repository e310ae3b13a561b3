"""Rules of conversations: legal answers to each type, final answers, and resulting states. Pure functions.

Based on FIPA's interaction protocols: Request (SC00026: refuse or agree, then failure or inform), Propose (SC00036: accept or
reject), Iterated Contract Net (SC00030: proposals answered by proposals). ``agree`` to a proposal is its acceptance,
``refuse`` its rejection; ``confirm``, ``failure`` and ``done`` report the outcome of the agreement.
"""

from __future__ import annotations

from collections.abc import Mapping

from agora_sdk.contract.envelopes import AgentMessage, Performative

__all__ = [
    "ANSWERS_BY_PERFORMATIVE",
    "ASKING_PERFORMATIVES",
    "REPLY_ONLY_PERFORMATIVES",
    "STATE_BY_PERFORMATIVE",
    "is_final_answer",
    "is_legal_answer",
]

P = Performative

_OUTCOME_PERFORMATIVES = {P.INFORM, P.CONFIRM, P.FAILURE, P.DONE}
_DEPLOYMENT_OUTCOMES = {P.DEPLOY_CONFIRM, P.DEPLOY_FAILURE}

#: legal answers to each type
ANSWERS_BY_PERFORMATIVE: Mapping[Performative, frozenset[Performative]] = {
    kind: frozenset(answers)
    for kind, answers in {
        P.REQUEST: {P.AGREE, P.REFUSE, P.PROPOSE, *_OUTCOME_PERFORMATIVES},
        P.PROPOSE: {P.AGREE, P.REFUSE, P.PROPOSE, P.FAILURE},
        P.AGREE: _OUTCOME_PERFORMATIVES,
        P.INFORM: {P.CONFIRM, P.REFUSE, P.FAILURE, P.INFORM, P.REQUEST},
        P.CONFIRM: {P.INFORM, P.FAILURE, P.DONE},
        P.DONE: {P.CONFIRM, P.FAILURE},
        P.DISCOVER: {P.OFFER, P.INFORM, P.REFUSE, P.FAILURE},
        P.OFFER: {P.AGREE, P.REFUSE, P.PROPOSE, P.REQUEST, P.ASSIGN, P.FAILURE},
        P.ASSIGN: {P.AGREE, P.REFUSE, *_OUTCOME_PERFORMATIVES},
        P.DEPLOY: {P.AGREE, P.REFUSE, P.INFORM, P.FAILURE, *_DEPLOYMENT_OUTCOMES},
        P.DEPLOY_CONFIRM: {P.CONFIRM, P.FAILURE},
        P.CO_LOCATE: {P.AGREE, P.REFUSE, *_OUTCOME_PERFORMATIVES, *_DEPLOYMENT_OUTCOMES},
        P.SCALE: {P.AGREE, P.REFUSE, *_OUTCOME_PERFORMATIVES, *_DEPLOYMENT_OUTCOMES},
        P.REFUSE: set(),
        P.FAILURE: {P.REQUEST},
        P.DEPLOY_FAILURE: {P.DEPLOY},
    }.items()
}
#: types that expect an answer
ASKING_PERFORMATIVES = frozenset({P.REQUEST, P.PROPOSE, P.DISCOVER, P.OFFER, P.ASSIGN, P.DEPLOY, P.CO_LOCATE, P.SCALE})
#: types that must answer a message
REPLY_ONLY_PERFORMATIVES = frozenset({P.AGREE, P.REFUSE, P.CONFIRM, P.DEPLOY_CONFIRM, P.DEPLOY_FAILURE})
#: types that reject a request
NEGATIVE_ANSWERS = frozenset({P.REFUSE, P.FAILURE, P.DEPLOY_FAILURE})
#: state of a conversation after a message of each type
STATE_BY_PERFORMATIVE: Mapping[Performative, str] = {
    P.PROPOSE: "proposed",
    P.OFFER: "proposed",
    P.AGREE: "agreed",
    P.INFORM: "informed",
    P.CONFIRM: "confirmed",
    P.DEPLOY_CONFIRM: "confirmed",
    P.REFUSE: "refused",
    P.FAILURE: "failed",
    P.DEPLOY_FAILURE: "failed",
    P.DONE: "done",
}
# States are free text in the protocol; these are the usual words for work that has not ended.
_ONGOING_STATUSES = frozenset({"pending", "queued", "accepted", "started", "running", "working", "in_progress"})


def is_legal_answer(question: Performative, answer: Performative, *, own: bool) -> bool:
    """Whether a message of one type may be answered by one of another.

    own: by its own sender, who may follow up on a statement, but not answer its own question except with a failure.
    """
    if own and question in ASKING_PERFORMATIVES:
        return answer is P.FAILURE
    return answer in ANSWERS_BY_PERFORMATIVE[question]


def is_final_answer(question: Performative, message: AgentMessage, expected: Performative | None = None) -> bool:
    """Whether an answer is final: neither an agreement to try, nor a progress report.

    expected: the type that the question requires; then only that type and negative ones are final.
    """
    # Otherwise an asker that waits for ``done`` would be told after a mere ``confirm`` that it is answered.
    if expected is not None and message.type is not expected:
        return message.type in NEGATIVE_ANSWERS
    if message.type is P.AGREE:
        return expected is P.AGREE or question in (P.PROPOSE, P.OFFER)
    state = (message.status.state or "") if message.status else ""
    return not (message.type is P.INFORM and state.lower() in _ONGOING_STATUSES)
