// Tells the fleet what pi is doing. Load it with `pi --extension <this file>`.
import { spawn } from "node:child_process";

// One report after the other: two that overtake each other would leave the older word.
let last: Promise<void> = Promise.resolve();

function tell(what: "report" | "usage", event: object) {
  const told = () =>
    new Promise<void>((done) => {
      // Never in pi's way: a report that fails is the fleet's concern, not the agent's.
      const child = spawn("mosaic-tui", ["session", what, "--hook", "pi"], { stdio: ["pipe", "ignore", "ignore"] });
      child.on("error", () => done());
      child.on("close", () => done());
      child.stdin.on("error", () => {});
      child.stdin.end(JSON.stringify(event));
    });
  last = last.then(told);
}

const report = (event: object) => tell("report", event);

// What the session used: the sum over its answers, and how full the context of the last one was.
function figures(ctx: any) {
  let [sent, answered, cost] = [0, 0, 0];
  for (const entry of ctx.sessionManager.getEntries()) {
    const used = entry?.type === "message" && entry.message?.role === "assistant" ? entry.message.usage : undefined;
    if (!used) continue;
    sent += (used.input ?? 0) + (used.cacheRead ?? 0) + (used.cacheWrite ?? 0);
    answered += used.output ?? 0;
    cost += used.cost?.total ?? 0;
  }
  return {
    model: ctx.model?.id,
    session_id: ctx.sessionManager.getSessionId?.(),
    input_tokens: sent,
    output_tokens: answered,
    cost_usd: cost,
    context_used_percent: ctx.getContextUsage()?.percent ?? undefined,
  };
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
  pi.on("turn_end", (_event: any, ctx: any) => tell("usage", figures(ctx)));
  pi.on("agent_end", () => {
    works = false;
    report({ type: "agent_end" });
  });
}
