// Where the GraphQL API is.

export interface Endpoints {
  http: string;
  ws: string;
}

/**
 * Asks the server that served the page for config.json, {"http": ..., "ws": ...}:
 * on AWS the HTTP and the WebSocket API have hosts of their own. Without the
 * file, both are at graphql beside the page. An entry that is missing takes its
 * default; one that is relative is resolved against the page.
 */
export async function loadEndpoints(page = document.baseURI): Promise<Endpoints> {
  const given = await fetchConfig(new URL("config.json", page));
  const http = new URL(given.http ?? "graphql", page);
  http.hash = "";
  const ws = new URL(given.ws ?? http, page);
  ws.protocol = ws.protocol.replace(/^http/, "ws");
  return { http: http.href, ws: ws.href };
}

async function fetchConfig(address: URL): Promise<Partial<Endpoints>> {
  const response = await fetch(address, { cache: "no-store" });
  // Only "there is none" means the default; anything else would hide a fault
  // behind a socket that never opens.
  if (response.status === 404) return {};
  if (!response.ok) throw new Error(`config.json: ${response.status} ${response.statusText}`);
  return (await response.json()) as Partial<Endpoints>;
}
