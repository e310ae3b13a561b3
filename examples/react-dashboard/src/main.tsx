import { setDefaultOptions, WebStorageTokens } from "@agora/sdk";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import AgoraAgentDashboard from "./AgoraAgentDashboard";

// The agent stays the same when the page is loaded again. Every script of this origin can read its token.
setDefaultOptions({ url: import.meta.env.VITE_AGORA_URL, tokens: new WebStorageTokens(localStorage) });

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <AgoraAgentDashboard />
  </StrictMode>,
);
