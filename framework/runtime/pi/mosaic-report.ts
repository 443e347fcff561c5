// Tells the fleet what pi is doing. Load it with `pi --extension <this file>`.
import { spawn } from "node:child_process";

// One report after the other: two that overtake each other would leave the older word.
let last: Promise<void> = Promise.resolve();

function report(event: object) {
  const told = () =>
    new Promise<void>((done) => {
      // Never in pi's way: a report that fails is the fleet's concern, not the agent's.
      const child = spawn("mosaic-tui", ["session", "report", "--hook", "pi"], { stdio: ["pipe", "ignore", "ignore"] });
      child.on("error", () => done());
      child.on("close", () => done());
      child.stdin.on("error", () => {});
      child.stdin.end(JSON.stringify(event));
    });
  last = last.then(told);
}

export default function (pi: any) {
  if (!process.env.MOSAIC_AGENT_NAME) return;
  pi.on("session_start", () => report({ type: "session_start" }));
  let works = false;
  // The prompt begins with the frame of its message, which holds the message's id.
  pi.on("before_agent_start", (event: any) => report({ type: "before_agent_start", text: String(event?.prompt ?? "") }));
  // While it works, what is submitted waits for its turn; at rest it may be a command, which begins no work.
  pi.on("input", (event: any) => {
    if (works) report({ type: "input", text: String(event?.text ?? "") });
  });
  pi.on("agent_start", () => {
    works = true;
    report({ type: "agent_start" });
  });
  pi.on("agent_end", () => {
    works = false;
    report({ type: "agent_end" });
  });
}
