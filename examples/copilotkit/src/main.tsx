// A CopilotKit page that connects directly to agents of a marketplace, without its own backend: each agent is an AG-UI
// HttpAgent at <server>/ag-ui/<agent>. Server, token and agents are in the page's URL fragment, which browsers do not send:
// http://localhost:8000/#server=https://agora.example&token=...&agent=Planner&agent=Echo+Agent

import { HttpAgent } from "@ag-ui/client";
import { CopilotChat, CopilotKitProvider, useDefaultRenderTool, useInterrupt } from "@copilotkit/react-core/v2";
import "@copilotkit/react-core/v2/styles.css";
import { useMemo, useState } from "react";
import { createRoot } from "react-dom/client";

const fragment = new URLSearchParams(location.hash.slice(1));
const server = fragment.get("server") ?? "http://127.0.0.1:8080";
const names = fragment.getAll("agent").length ? fragment.getAll("agent") : ["Echo Agent"];

function openAgent(name: string): HttpAgent {
  const headers = { Authorization: `Bearer ${fragment.get("token") ?? ""}` };
  return new HttpAgent({ url: `${server}/ag-ui/${encodeURIComponent(name)}`, headers, agentId: name });
}

function Question({ text, onAnswer }: { text: string; onAnswer: (answer: string) => void }) {
  const [answer, setAnswer] = useState("");
  return (
    <form aria-label="Question" onSubmit={(event) => (event.preventDefault(), onAnswer(answer))}>
      <label>
        {text} <input name="answer" value={answer} onChange={(event) => setAnswer(event.target.value)} />
      </label>
      <button>Answer</button>
    </form>
  );
}

function Approval({ text, onDecision }: { text: string; onDecision: (approved: boolean) => void }) {
  return (
    <p role="group" aria-label="Approval">
      {text} <button onClick={() => onDecision(true)}>Approve</button>{" "}
      <button onClick={() => onDecision(false)}>Refuse</button>
    </p>
  );
}

function Chat({ name }: { name: string }) {
  useDefaultRenderTool({
    render: ({ name: tool, status, result }) => (
      <p data-tool={tool}>
        {tool}: {status} {status === "complete" ? String(result) : ""}
      </p>
    ),
  });
  useInterrupt({
    agentId: name,
    render: ({ interrupt, resolve }) =>
      interrupt?.reason === "tool_call" ? (
        <Approval text={interrupt.message ?? "May it?"} onDecision={(approved) => void resolve({ approved })} />
      ) : (
        <Question text={interrupt?.message ?? "What now?"} onAnswer={(answer) => void resolve(answer)} />
      ),
  });
  return <CopilotChat agentId={name} />;
}

function Page() {
  const agents = useMemo(() => Object.fromEntries(names.map((name) => [name, openAgent(name)])), []);
  const [name, setName] = useState(names[0]!);
  return (
    <CopilotKitProvider selfManagedAgents={agents} enableInspector={false}>
      <nav>
        {names.map((each) => (
          <button key={each} aria-pressed={each === name} onClick={() => setName(each)}>
            {each}
          </button>
        ))}
      </nav>
      <main style={{ height: "85vh" }}>
        <Chat key={name} name={name} />
      </main>
    </CopilotKitProvider>
  );
}

createRoot(document.getElementById("root")!).render(<Page />);
