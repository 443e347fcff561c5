// Tells the fleet what opencode is doing. It belongs into opencode's `plugin` folder, or its path into
// the list `plugin` of its config.
import { spawn } from "node:child_process"

function report(status, detail) {
  const args = ["session", "report", "--status", status]
  if (detail) args.push("--detail", detail)
  // Never in opencode's way: a report that fails is the fleet's concern, not the agent's.
  const child = spawn("mosaic-tui", args, { stdio: "ignore" })
  child.on("error", () => {})
}

export const MosaicReport = async () => {
  if (!process.env.MOSAIC_AGENT_NAME) return {}
  return {
    event: async ({ event }) => {
      const properties = event.properties ?? {}
      switch (event.type) {
        case "session.status":
          return report(properties.status?.type === "idle" ? "ok" : "busy")
        case "session.idle":
          return report("ok")
        case "permission.asked":
        case "permission.updated":
          return report("waiting", "asks for permission")
        case "permission.replied":
          return report("busy")
        case "session.error":
          return report("error", String(properties.error?.data?.message ?? properties.error?.name ?? "error"))
      }
    },
  }
}
