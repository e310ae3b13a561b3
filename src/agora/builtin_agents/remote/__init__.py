"""Remote A2A agents as agents of this marketplace: tasks are forwarded over A2A, results are relayed back.

:mod:`.wire` encodes requests and decodes answers; :mod:`.client` is the connection to one agent; :mod:`.cards` reads
and verifies agent cards; :mod:`.task_run` forwards one task; :mod:`.agent` implements the agent; :mod:`.client_factory`
creates the clients. Callers only see ids of this marketplace: remote ids are kept in the task's checkpoint. Stored
credentials are decrypted here and sent to the remote agent only; credentials of callers are never forwarded.
"""
