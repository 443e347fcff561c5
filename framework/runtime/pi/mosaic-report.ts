// Tells the fleet what pi is doing. Load it with `pi --extension <this file>`.
import { spawn } from "node:child_process";

function report(status: string, detail?: string) {
  const args = ["session", "report", "--status", status];
  if (detail) args.push("--detail", detail);
  // Never in pi's way: a report that fails is the fleet's concern, not the agent's.
  const child = spawn("mosaic-tui", args, { stdio: "ignore" });
  child.on("error", () => {});
}

export default function (pi: any) {
  if (!process.env.MOSAIC_AGENT_NAME) return;
  pi.on("session_start", () => report("ok"));
  pi.on("agent_start", () => report("busy"));
  pi.on("agent_end", () => report("ok"));
}
