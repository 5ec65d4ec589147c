// Starts the chat, and starts it afresh under another name.

import { loadEndpoints, type Endpoints } from "../endpoints";
import { storedName, storeName } from "../name";
import { App } from "./app";
import { el } from "./view/dom";
import { welcome } from "./view/welcome";

const root = document.getElementById("chat")!;

function chat(endpoints: Endpoints, name: string): void {
  const app = new App(endpoints, name, () => {
    const back = () => root.replaceChildren(app.element);
    askName(name, (changed) => {
      if (changed === name) return back();
      // The server keeps the name with the connection, so it takes a new one.
      app.end();
      chat(endpoints, changed);
    }, back);
  });
  root.replaceChildren(app.element);
  app.start();
}

function askName(current: string, onName: (name: string) => void, onCancel?: () => void): void {
  const given = (name: string) => {
    storeName(name);
    onName(name);
  };
  root.replaceChildren(welcome(current, given, onCancel));
  root.querySelector<HTMLInputElement>("input")?.select();
}

async function start(): Promise<void> {
  try {
    const endpoints = await loadEndpoints();
    const name = storedName();
    if (name) chat(endpoints, name);
    else askName("", (given) => chat(endpoints, given));
  } catch (problem) {
    const again = el("button", { class: "button", type: "button", click: () => location.reload() }, "Try again");
    const reason = problem instanceof Error ? problem.message : String(problem);
    root.replaceChildren(el("main", { class: "welcome" }, el("p", { role: "alert" }, `The chat can’t find its server (${reason}).`), again));
  }
}

void start();
