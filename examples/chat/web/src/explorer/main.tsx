// The GraphQL explorer: GraphiQL over HTTP, its subscriptions over graphql-ws.

import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import { createClient } from "graphql-ws/client";
import { createRoot } from "react-dom/client";
import { explainStop, hasCode } from "../chat/problems";
import { loadEndpoints, type Endpoints } from "../endpoints";
import { storedName } from "../name";
import mark from "../style/mark.svg";
import "../style/tokens.css";
import "../style/explorer.css";
import { Sign } from "./sign";
import { tabs } from "./tabs";

function explorer(endpoints: Endpoints) {
  // Its socket is open before there is a subscription, so that its end tells of the
  // server's.
  const sign = new Sign(root);
  const wsClient = createClient({
    url: endpoints.ws,
    connectionParams: { name: storedName() || "Explorer" },
    lazy: false,
    retryAttempts: Infinity,
    retryWait: (retries) => new Promise((go) => setTimeout(go, Math.min(1_000 * 2 ** retries, 10_000) * (0.5 + Math.random() / 2))),
    shouldRetry: (problem) => !hasCode(problem) || problem.code !== 4403, // the server's considered no
    onNonLazyError: (problem) => sign.ended(explainStop(problem)),
    on: { connected: () => sign.found(), closed: () => sign.lost() },
  });
  const fetcher = createGraphiQLFetcher({ url: endpoints.http, wsClient });
  return (
    <GraphiQL fetcher={fetcher} defaultTabs={tabs} defaultEditorToolsVisibility="variables" shouldPersistHeaders={false}>
      <GraphiQL.Logo>
        <a className="explorer-logo" href="./">
          <img src={mark} alt="" width="20" height="20" />
          <h1>
            <strong>FanQL</strong> explorer
          </h1>
          <span className="explorer-back">Back to the chat</span>
        </a>
      </GraphiQL.Logo>
    </GraphiQL>
  );
}

const root = document.getElementById("explorer")!;
loadEndpoints().then(
  (endpoints) => createRoot(root).render(explorer(endpoints)),
  (problem: unknown) => {
    root.textContent = `The explorer can’t find its API (${String(problem)}). Reload the page to try again.`;
  },
);
