// The GraphQL explorer: GraphiQL over HTTP, its subscriptions over graphql-ws.

import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import { createClient } from "graphql-ws/client";
import { createRoot } from "react-dom/client";
import { loadEndpoints, type Endpoints } from "../endpoints";
import { storedName } from "../name";
import mark from "../style/mark.svg";
import "../style/tokens.css";
import "../style/explorer.css";
import { tabs } from "./tabs";

function explorer(endpoints: Endpoints) {
  const wsClient = createClient({
    url: endpoints.ws,
    connectionParams: { name: storedName() || "Explorer" },
  });
  const fetcher = createGraphiQLFetcher({ url: endpoints.http, wsClient });
  return (
    <GraphiQL fetcher={fetcher} defaultTabs={tabs} defaultEditorToolsVisibility="variables" shouldPersistHeaders={false}>
      <GraphiQL.Logo>
        <a className="explorer-logo" href="./">
          <img src={mark} alt="" width="20" height="20" />
          <span>
            <strong>FanQL</strong> explorer
          </span>
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
